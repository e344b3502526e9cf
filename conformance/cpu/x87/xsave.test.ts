import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { FP_SCRATCH } from '../../../src/main/vmm/cpu/core/layout.js';
import { FP, loadFpCore, type FpCore } from '../fp/core-module.js';

const X87 = 1;
const SSE = 2;
const HEADER = 512;

describe('floating-point state: XSAVE and XRSTOR (SDM vol. 1, 13.7 and 13.8), reset', () => {
  let core: FpCore;
  let view: DataView;
  const area = FP_SCRATCH;
  const xmm = (i: number): number => core.fpState.value + FP.xmm + i * 16;

  beforeAll(async () => {
    core = await loadFpCore();
    view = new DataView(core.memory.buffer);
  }, 120_000);

  beforeEach(() => {
    new Uint8Array(core.memory.buffer, area, 576).fill(0);
    view.setUint32(area + 24, 0x1f80, true);
    expect(core.xrstor(area, X87 | SSE, 3n, 1, 16)).toBe(1);
  });

  it('reports components in their initial state as not in use', () => {
    core.xsave(area, X87 | SSE, 1, 16, 0);
    expect(view.getBigUint64(area + HEADER, true)).toBe(0n);
    view.setUint32(xmm(3), 7, true);
    core.xsave(area, X87 | SSE, 1, 16, 0);
    expect(view.getBigUint64(area + HEADER, true)).toBe(BigInt(SSE));
  });

  it('keeps XSTATE_BV bits and contents of components not requested', () => {
    view.setBigUint64(area + HEADER, BigInt(SSE), true);
    view.setUint32(area + 160, 0x1234, true);
    core.xsave(area, X87, 1, 16, 0);
    expect(view.getBigUint64(area + HEADER, true)).toBe(BigInt(SSE));
    expect(view.getUint32(area + 160, true)).toBe(0x1234);
  });

  it('initializes what the area says is initial, but takes MXCSR from it all the same', () => {
    view.setUint32(xmm(0), 99, true);
    view.setUint32(area + 24, 0x1fa0, true);
    expect(core.xrstor(area, SSE, 3n, 1, 16)).toBe(1);
    expect(view.getUint32(xmm(0), true)).toBe(0);
    expect(view.getUint32(core.fpState.value + FP.mxcsr, true)).toBe(0x1fa0);
  });

  it('leaves XMM8 to XMM15 alone outside 64-bit mode', () => {
    view.setUint32(xmm(7), 1, true);
    view.setUint32(xmm(8), 2, true);
    expect(core.xrstor(area, SSE, 3n, 0, 8)).toBe(1);
    expect(view.getUint32(xmm(7), true)).toBe(0);
    expect(view.getUint32(xmm(8), true)).toBe(2);
    core.xsave(area, SSE, 0, 8, 0);
    expect(view.getUint32(area + 160 + 8 * 16, true)).toBe(0);
  });

  it.each([
    ['a component outside XCR0', HEADER, 4],
    ['the compacted format', HEADER + 15, 0x80],
    ['a reserved byte of the header', HEADER + 16, 1],
    ['a reserved MXCSR bit', 26, 1],
  ])('refuses %s and loads nothing', (_, offset, value) => {
    view.setUint32(xmm(0), 99, true);
    view.setUint8(area + offset, value);
    expect(core.xrstor(area, X87 | SSE, 3n, 1, 16)).toBe(0);
    expect(view.getUint32(xmm(0), true)).toBe(99);
  });

  it('skips initial components when optimizing', () => {
    view.setUint32(area + 160, 0x1234, true);
    core.xsave(area, X87 | SSE, 1, 16, 1);
    expect(view.getUint32(area + 160, true)).toBe(0x1234);
    expect(view.getUint32(area + 24, true)).toBe(0x1f80);
  });

  it('resets to FCW 0040h, all registers +0 and valid, MXCSR 1F80h (SDM vol. 3, table 9-1)', () => {
    core.resetFloatingPoint();
    const state = core.fpState.value;
    expect([
      view.getUint16(state + FP.fcw, true),
      view.getUint16(state + FP.fsw, true),
      view.getUint8(state + FP.valid),
    ]).toEqual([0x40, 0, 0xff]);
    expect(view.getUint32(state + FP.mxcsr, true)).toBe(0x1f80);
  });
});
