import { beforeEach, describe, expect, it } from 'vitest';
import { PromptCalls, TurnBudget } from './prompt-calls.js';

let now: number;
let turn: (() => void)[];
let budget: TurnBudget;
let calls: PromptCalls;
beforeEach(() => {
  now = 0;
  turn = [];
  budget = new TurnBudget({ nowMs: () => now, next: (begin) => void turn.push(begin) });
  calls = new PromptCalls(budget);
});

const nextTurn = (): void => turn.splice(0).forEach((begin) => begin());

/** Tries a call that takes so many ms; whether it was made. */
function attempt(ms: number, { bytes = 4096, by = calls } = {}): boolean {
  let made = false;
  const said = by.attempt(bytes, () => {
    now += ms;
    made = true;
  });
  expect(said).toBe(made);
  return made;
}

/** How many calls are left to other threads before one is made. */
function passedOver(): number {
  for (let n = 0; ; n++) {
    nextTurn();
    if (attempt(0)) return n;
  }
}

describe('PromptCalls', () => {
  it('makes small calls, and leaves large ones to other threads', () => {
    expect(attempt(0.01, { bytes: 1 << 20 })).toBe(true);
    expect(attempt(0.01, { bytes: (1 << 20) + 1 })).toBe(false);
  });

  it('gives the event loop its turn when calls of all files together have taken long', () => {
    const other = new PromptCalls(budget);
    expect(attempt(1.9)).toBe(true);
    expect(attempt(1.9, { by: other })).toBe(true);
    expect(attempt(0.3)).toBe(true);
    expect(attempt(0.3)).toBe(false);
    expect(attempt(0.3, { by: other })).toBe(false);
    nextTurn();
    expect(attempt(0.3)).toBe(true);
  });

  it('leaves a slow medium to other threads, for longer each time it proves slow again', () => {
    expect(attempt(10)).toBe(true);
    expect(passedOver()).toBe(64);
    expect(attempt(10)).toBe(true);
    const again = passedOver();
    expect(again).toBeGreaterThan(100);
    for (let i = 0; i < 1000; i++) {
      nextTurn();
      expect(attempt(0.01)).toBe(true);
    }
    attempt(10);
    expect(passedOver()).toBe(64);
  });

  it('counts a call that fails', () => {
    const fail = (): void => {
      now += 5;
      throw new Error('EIO');
    };
    expect(() => calls.attempt(1, fail)).toThrow('EIO');
    expect(attempt(0)).toBe(false);
    nextTurn();
    expect(attempt(0)).toBe(true);
  });
});
