import { expect, test } from 'vitest';
import type { BlockEnd } from './blocks.js';
import { guessReturns } from './returns.js';

const back = { kind: 'indirect', transfer: 'return', back: undefined, guesses: [] } as const;
const guesses = (ends: readonly BlockEnd[]): (readonly number[])[] =>
  guessReturns(
    ends.map((end) => ({ end })),
    new Map(ends.map((_, index) => [index * 16, index])),
  ).map((end) => (end.kind === 'indirect' ? end.guesses : []));

test('a return goes where the calls of its function come back to', () => {
  expect(
    guesses([
      { kind: 'call', to: 0x30, back: 0x10 },
      { kind: 'call', to: 0x30, back: 0x20 },
      { kind: 'jump', to: 0x00 },
      { kind: 'condition', taken: 0x40, next: 0x50 },
      back,
      back,
    ]).slice(4),
  ).toEqual([
    [0x10, 0x20],
    [0x10, 0x20],
  ]);
});

test('a call inside a function is stepped over', () => {
  // 0 calls 20, which calls 40 and returns at 30.
  const found = guesses([
    { kind: 'call', to: 0x20, back: 0x10 },
    { kind: 'leave', at: 0x10, back: undefined },
    { kind: 'call', to: 0x40, back: 0x30 },
    back,
    back,
  ]);
  expect([found[3], found[4]]).toEqual([[0x10], [0x30]]);
});

test('a call through a pointer counts where the pointer is known', () => {
  const through = { kind: 'indirect', transfer: 'call', back: 0x10, guesses: [0x20] } as const;
  expect(guesses([through, { kind: 'leave', at: 0x10, back: undefined }, back])[2]).toEqual([0x10]);
});
