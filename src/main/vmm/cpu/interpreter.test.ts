import { describe, expect, it } from 'vitest';
import { BareCpu } from '../../../testing/bare-cpu.js';

describe('32-bit results', () => {
  it('zero the upper half of a register', () => {
    const cpu = new BareCpu('long');
    cpu.setRegisters({ rax: -1n & 0xffff_ffff_ffff_ffffn });
    expect(cpu.execute([0xb8, 0x33, 0x00, 0x05, 0x80]).general.rax).toBe(0x8005_0033n);
  });
});
