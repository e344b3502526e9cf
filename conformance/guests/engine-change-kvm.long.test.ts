import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { CHECKSUM_LINE } from '../../src/testing/checksum-guest.js';
import { EngineChanges } from '../../src/testing/engine-changes.js';
import { kvmMissing } from '../../src/testing/kvm.js';

const missing = kvmMissing();
const SEED = Number(process.env.ANNEX_SEED ?? Math.floor(Math.random() * 2 ** 31));
const ROUNDS = 30;
const CHANGES = 12;

let guest: EngineChanges;
beforeAll(() => {
  guest = new EngineChanges(ROUNDS, SEED);
});
afterEach(() => guest.killMachine());
afterAll(() => guest.close());

const title = `a 64-bit guest with a ring 3 checksum, for longer, seed ${SEED}${missing ? ` (skipped: ${missing})` : ''}`;

describe.skipIf(missing)(title, () => {
  test('goes from software to KVM and back at any moment, with every register and every chip as it was', () => {
    const { states, printed } = guest.inOneProcess(CHANGES);
    expect(states).toHaveLength(CHANGES);
    for (const { before, after } of states) expect(after).toEqual(before);
    expect(printed).toHaveLength(ROUNDS);
    expect(printed.every((line) => CHECKSUM_LINE.test(line))).toBe(true);
    expect(printed).toEqual(guest.alone);
  });

  test('is suspended and resumed in a VM process of another engine', async () => {
    const printed = await guest.throughProcesses(['interpreter', 'kvm', 'translator', 'kvm', 'interpreter', 'kvm']);
    expect(printed).toEqual(guest.alone.slice(0, printed.length));
    expect(printed.length).toBeGreaterThanOrEqual(5);
  });
});
