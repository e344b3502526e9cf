import { describe, expect, it } from 'vitest';
import { BareCpu, CODE_BASE } from '../../../../testing/bare-cpu.js';

/**
 * A guest that writes code for ever, as a compiler inside it would: it fills in a function's immediate at one of 32 places
 * in turn, calls it in a loop, goes on to the next, and comes back to each. So few regions may live that some are always
 * given up.
 */
const PLACES = 32;
const PLACE_BYTES = 256;
const CALLS = 40;
const ROUNDS = 4;
const BOUNDS = { regions: 8, bytes: 64 * 1024 };
const EAGER = { kind: 'translator', sampleInstructions: 20, hotSamples: 1, regionBounds: BOUNDS } as const;
const SLICE = 5000;
const FUNCTIONS = CODE_BASE + 0x2000;

const le32 = (value: number): number[] => [value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, value >>> 24];

/** mov ecx, CALLS; l: add rax, imm32; dec ecx; jnz l; ret */
const FUNCTION = [0xb9, ...le32(CALLS), 0x48, 0x05, 0, 0, 0, 0, 0xff, 0xc9, 0x75, 0xf6, 0xc3];
const IMMEDIATE = 7;

/**
 * mov r8d, ROUNDS; round: mov ebx, FUNCTIONS; mov edx, PLACES; next: [inc dword [rbx+7]]; call rbx; add rbx, 256; dec edx;
 * jnz next; dec r8d; jnz round; hlt
 */
function program(writes: boolean): number[] {
  const write = writes ? [0xff, 0x43, IMMEDIATE] : [0x0f, 0x1f, 0x00];
  const next = [...write, 0xff, 0xd3, 0x48, 0x81, 0xc3, ...le32(PLACE_BYTES), 0xff, 0xca];
  const inner = [...next, 0x75, 0x100 - next.length - 2];
  const round = [0xbb, ...le32(FUNCTIONS), 0xba, ...le32(PLACES), ...inner, 0x41, 0xff, 0xc8];
  return [0x31, 0xc0, 0x41, 0xb8, ...le32(ROUNDS), ...round, 0x75, 0x100 - round.length - 2, 0xf4];
}

/** What the functions add up to, each being called once a round. */
function sum(writes: boolean): bigint {
  let total = 0;
  for (let round = 1; round <= ROUNDS; round++) {
    for (let place = 0; place < PLACES; place++) total += CALLS * (place + 1 + (writes ? round : 0));
  }
  return BigInt(total);
}

function guest(writes: boolean): BareCpu {
  const cpu = new BareCpu('long', EAGER);
  for (let place = 0; place < PLACES; place++) {
    const code = [...FUNCTION];
    code[IMMEDIATE] = place + 1;
    cpu.memory.write(FUNCTIONS + place * PLACE_BYTES, Uint8Array.from(code));
  }
  return cpu.load(program(writes));
}

describe.each([
  ['that stays as it is', false],
  ['that is written anew every round', true],
] as const)('more code %s than there may be regions', (_, writes) => {
  it('stays within the bounds, and right', () => {
    const cpu = guest(writes);
    let most = 0;
    let mostBytes = 0;
    let exit = cpu.engine.run(SLICE);
    while (exit.reason === 'budget' || exit.reason === 'interrupted') {
      const { regions, bytes } = cpu.engine.stats.translator!;
      most = Math.max(most, regions);
      mostBytes = Math.max(mostBytes, bytes);
      exit = cpu.engine.run(SLICE);
    }
    expect(exit.reason).toBe('halt');
    expect(cpu.register('rax')).toBe(sum(writes));
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThanOrEqual(BOUNDS.regions);
    expect(mostBytes).toBeLessThanOrEqual(BOUNDS.bytes);
    const { counters } = cpu.engine.stats;
    expect(counters['regions']).toBeGreaterThan(2 * BOUNDS.regions);
    expect(counters['regionsEvicted']).toBeGreaterThan(writes ? 0 : BOUNDS.regions);
  });
});
