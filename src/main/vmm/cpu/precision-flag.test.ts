import { describe, expect, it } from 'vitest';
import { BareCpu } from '../../../testing/bare-cpu.js';

/** MXCSR lies here in the XSAVE area (SDM vol. 1, 13.4.1). */
const MXCSR = 24;
const PE = 1 << 5;

const dword = (value: number) => [value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, value >>> 24];
/** XMM7 := a / b, of single or double precision, given by the bits of a's and b's upper dword. */
const divide = {
  divss: (a: number, b: number) => [
    ...[0xb8, ...dword(a), 0x66, 0x0f, 0x6e, 0xf8],
    ...[0xb8, ...dword(b), 0x66, 0x0f, 0x6e, 0xf0],
    ...[0xf3, 0x0f, 0x5e, 0xfe],
  ],
  divsd: (a: number, b: number) => [
    ...[0x48, 0xb8, 0, 0, 0, 0, ...dword(a), 0x66, 0x48, 0x0f, 0x6e, 0xf8],
    ...[0x48, 0xb8, 0, 0, 0, 0, ...dword(b), 0x66, 0x48, 0x0f, 0x6e, 0xf0],
    ...[0xf2, 0x0f, 0x5e, 0xfe],
  ],
};

function precisionFlag(code: readonly number[]): boolean {
  const { xsave } = new BareCpu('long').execute(code);
  return (new DataView(xsave.buffer, xsave.byteOffset).getUint32(MXCSR, true) & PE) !== 0;
}

describe('the precision exception of a division', () => {
  it.each([
    ['divss', '0 / ∞', 0, 0x7f80_0000, false],
    ['divss', '1 / 2', 0x3f80_0000, 0x4000_0000, false],
    ['divss', '1 / 3', 0x3f80_0000, 0x4040_0000, true],
    ['divsd', '0 / ∞', 0, 0x7ff0_0000, false],
    ['divsd', '1 / 2', 0x3ff0_0000, 0x4000_0000, false],
    ['divsd', '1 / 3', 0x3ff0_0000, 0x4008_0000, true],
  ] as const)('%s %s', (instruction, _text, a, b, inexact) => {
    expect(precisionFlag(divide[instruction](a, b))).toBe(inexact);
  });
});
