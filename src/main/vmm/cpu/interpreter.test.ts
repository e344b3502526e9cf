import { describe, expect, it } from 'vitest';
import { BareCpu } from '../../../testing/bare-cpu.js';

describe('32-bit results', () => {
  it('zero the upper half of a register', () => {
    const cpu = new BareCpu('long');
    cpu.setRegisters({ rax: -1n & 0xffff_ffff_ffff_ffffn });
    expect(cpu.execute([0xb8, 0x33, 0x00, 0x05, 0x80]).general.rax).toBe(0x8005_0033n);
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
