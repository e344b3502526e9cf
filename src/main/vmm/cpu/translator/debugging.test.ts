import { describe, expect, it } from 'vitest';
import { BareCpu, CODE_BASE, IDT } from '../../../../testing/bare-cpu.js';

/** Samples so often that everything that loops is translated. */
const EAGER = { kind: 'translator', sampleInstructions: 50, hotSamples: 2 } as const;
const SLICE = 1000;
const HLT = 0xf4;
const CODE64 = 0x18;
const HANDLER = CODE_BASE + 0x200;
const DATA = 0x20000;
const DEBUG_VECTOR = 1;
const ROUNDS = 6000;
/** The loop counts down: debugging begins at the end of one round and ends at the end of a later one. */
const BEGIN = 4000;
const END = 3000;
const DEBUGGED = BEGIN - END;

const little = (value: number): number[] => [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff);

/** MOV ECX, rounds. */
const START = [0xb9, ...little(ROUNDS)];
/** ADD EAX, ECX; MOV [RSI], EAX. */
const ROUND = [0x01, 0xc8, 0x89, 0x06];
/** INC EBX, where the breakpoint is. */
const TARGET = [0xff, 0xc3];
const TARGET_AT = CODE_BASE + START.length + ROUND.length;
/** INC R8D; OR dword [RSP+16], RF, so that an instruction breakpoint is passed; IRETQ. */
const COUNT_HIT = [0x41, 0xff, 0xc0, 0x81, 0x4c, 0x24, 0x10, ...little(0x1_0000), 0x48, 0xcf];

/** CMP ECX, round; JNE over; what is to be done. */
const inRound = (round: number, does: readonly number[]): number[] => [0x81, 0xf9, ...little(round), 0x75, does.length, ...does]; // prettier-ignore
/** MOV EDX, value; MOV DRn, RDX. */
const setDebug = (register: number, value: number): number[] => [0xba, ...little(value), 0x0f, 0x23, 0xc2 | (register << 3)]; // prettier-ignore
/** PUSHFQ; OR or AND dword [RSP], mask; POPFQ. */
const changeFlags = (operation: 'or' | 'and', mask: number): number[] => [0x9c, 0x81, operation === 'or' ? 0x0c : 0x24, 0x24, ...little(mask), 0x9d]; // prettier-ignore

function program(begin: readonly number[], end: readonly number[]): number[] {
  const body = [...ROUND, ...TARGET, ...inRound(BEGIN, begin), ...inRound(END, end), 0xff, 0xc9];
  // JNZ to the round's start.
  return [...START, ...body, 0x0f, 0x85, ...little(-(body.length + 6)), HLT];
}

function finish(cpu: BareCpu, code: readonly number[]): BareCpu {
  const { segments, general } = cpu.state;
  cpu.set({
    segments: { ...segments, cs: { ...segments.cs, selector: CODE64 } },
    general: { ...general, rsi: BigInt(DATA) },
  });
  const gate = (0x8e00n << 32n) | (BigInt(CODE64) << 16n) | BigInt(HANDLER & 0xffff) | (BigInt(HANDLER >>> 16) << 48n);
  cpu.write64(IDT + DEBUG_VECTOR * 16, gate);
  cpu.load(COUNT_HIT, HANDLER).load(code);
  let exit = cpu.engine.run(SLICE);
  while (exit.reason === 'budget' || exit.reason === 'interrupted') exit = cpu.engine.run(SLICE);
  expect(exit.reason).toBe('halt');
  return cpu;
}

/** Runs a program on both software engines, which must agree; the translator's processor. */
function runBoth(code: readonly number[]): BareCpu {
  const interpreted = finish(new BareCpu('long'), code);
  const translated = finish(new BareCpu('long', EAGER), code);
  expect(translated.state).toEqual(interpreted.state);
  // Rounds that nobody debugs run in regions, before and after.
  const { counters } = translated.engine.stats;
  expect(counters['regionInstructions']).toBeGreaterThan((ROUNDS - DEBUGGED) * 7);
  return translated;
}

const disarm = setDebug(7, 0x400);

describe('a loop that runs in a region', () => {
  it('stops at an instruction breakpoint in its middle, each time, as long as it is armed', () => {
    const cpu = runBoth(program([...setDebug(0, TARGET_AT), ...setDebug(7, 0x402)], disarm));
    expect(cpu.register('r8')).toBe(BigInt(DEBUGGED));
    expect(cpu.register('rbx')).toBe(BigInt(ROUNDS));
  });

  it('stops at a breakpoint on data it writes', () => {
    const cpu = runBoth(program([...setDebug(0, DATA), ...setDebug(7, 0xd_0402)], disarm));
    expect(cpu.register('r8')).toBe(BigInt(DEBUGGED));
  });

  it('is stepped through instruction by instruction while TF is set', () => {
    const cpu = runBoth(program(changeFlags('or', 0x100), changeFlags('and', ~0x100)));
    // Four behind the POPFQ that sets TF, nine in each round after that, and ten up to the POPFQ that clears it.
    expect(cpu.register('r8')).toBe(BigInt(4 + (DEBUGGED - 1) * 9 + 10));
  });
});
