import { expect, it } from 'vitest';
import { checkMemory } from './preflight.js';

const GIB = 2 ** 30;

it('admits what fits beside what runs', () => {
  checkMemory(1024, 0, 4 * GIB);
  checkMemory(1024, 2048, 4 * GIB);
});

it('refuses more than the computer has, and says how much would do', () => {
  expect(() => checkMemory(3072, 0, 2 * GIB)).toThrow(expect.objectContaining({ code: 'memory-too-large' }));
  expect(() => checkMemory(2048, 2048, 4 * GIB)).toThrow(/at most 1792 MiB/);
});
