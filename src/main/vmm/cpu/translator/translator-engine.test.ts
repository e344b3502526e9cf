import { describe, expect, it } from 'vitest';
import { BareCpu } from '../../../../testing/bare-cpu.js';

/** Samples so often that everything that loops is translated. */
const EAGER = { sampleInstructions: 50, hotSamples: 2 };

describe('the translator', () => {
  it('runs a loop in a region', () => {
    const cpu = new BareCpu('long', { kind: 'translator', ...EAGER });
    // xor eax, eax; mov ecx, 100000; l: add rax, rcx; dec ecx; jnz l
    const code = [0x31, 0xc0, 0xb9, 0xa0, 0x86, 0x01, 0x00, 0x48, 0x01, 0xc8, 0xff, 0xc9, 0x75, 0xf9, 0xf4];
    cpu.load(code);
    while (cpu.engine.run(1000).reason !== 'halt');
    expect(cpu.register('rax')).toBe(5000050000n);
    expect(cpu.engine.stats.counters['regions']).toBeGreaterThan(0);
  });
});
