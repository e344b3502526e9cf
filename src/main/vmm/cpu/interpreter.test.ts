import { describe, expect, it } from 'vitest';
import { BareCpu, CODE_BASE, IDT } from '../../../testing/bare-cpu.js';

describe('32-bit results', () => {
  it('zero the upper half of a register', () => {
    const cpu = new BareCpu('long');
    cpu.setRegisters({ rax: -1n & 0xffff_ffff_ffff_ffffn });
    expect(cpu.execute([0xb8, 0x33, 0x00, 0x05, 0x80]).general.rax).toBe(0x8005_0033n);
  });
});

describe('an interrupt that comes between two slices', () => {
  // Slices of one instruction: sti; mov ss, ax; nop; nop, and nop; sti; nop; nop.
  it.each([
    { name: 'MOV SS', code: [0xfb, 0x8e, 0xd0, 0x90, 0x90], shadowed: 3n },
    { name: 'STI', code: [0x90, 0xfb, 0x90, 0x90], shadowed: 2n },
  ])('waits for the instruction behind $name', ({ code, shadowed }) => {
    const cpu = new BareCpu('protected');
    cpu.vector = 0x40;
    cpu.write64(IDT + 0x40 * 8, 0x0000_8e00_0008_7000n);
    cpu.memory.write8(0x7000, 0xf4);
    cpu.load([...code, 0xf4]).setRegisters({ rax: 0x10n });
    const at = BigInt(CODE_BASE) + shadowed;
    for (let i = 0; i < 10 && cpu.state.rip !== at; i++) cpu.engine.run(1);
    expect(cpu.state.rip).toBe(at);
    cpu.engine.setInterruptRequest(true);
    cpu.engine.run(100);
    expect(cpu.memory.read32(Number(cpu.state.general.rsp))).toBe(Number(at) + 1);
  });
});

describe('CRC32', () => {
  // SDM vol. 2, CRC32: the value of a register after one accumulation, with 1, 4 and 8 bytes.
  const accumulate = (start: number, bytes: readonly number[]): number =>
    bytes.reduce((sum, byte) => {
      let crc = sum ^ byte;
      for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f6_3b78 : 0);
      return crc;
    }, start) >>> 0;
  const bytes = [0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11];

  it.each([
    { name: 'r8', code: [0xf2, 0x0f, 0x38, 0xf0, 0xc3], width: 1 },
    { name: 'r32', code: [0xf2, 0x0f, 0x38, 0xf1, 0xc3], width: 4 },
    { name: 'r64', code: [0xf2, 0x48, 0x0f, 0x38, 0xf1, 0xc3], width: 8 },
    { name: 'm32', code: [0xf2, 0x0f, 0x38, 0xf1, 0x06], width: 4 },
  ])('accumulates $name', ({ code, width }) => {
    const cpu = new BareCpu('long');
    cpu.write64(0x20000, 0x1122_3344_5566_7788n);
    cpu.setRegisters({ rax: 0x1234_5678n, rbx: 0x1122_3344_5566_7788n, rsi: 0x20000n });
    expect(cpu.execute(code).general.rax).toBe(BigInt(accumulate(0x1234_5678, bytes.slice(0, width))));
  });
});
