import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { checksumFloppy, checksumLines } from '../../src/testing/checksum-guest.js';
import { Guest } from '../../src/testing/guest.js';
import { kvmLacks, kvmMissing } from '../../src/testing/kvm.js';
import { LiveMachine } from '../../src/testing/live-machine.js';

const missing = kvmMissing();
/** Rounds an undisturbed guest is asked for, and rounds to wait for between two events. */
const LINES = 40;
const ROUNDS = 3;
const MEMORY_MIB = 16;

let folder: string;
let floppy: string;
/** What the guest prints if nobody disturbs it. */
let alone: readonly string[];
let machines: LiveMachine[] = [];

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'annex-snapshot-kvm-'));
  floppy = path.join(folder, 'sum.img');
  writeFileSync(floppy, checksumFloppy());
  const guest = new Guest({ floppy, memoryMiB: MEMORY_MIB });
  guest.runUntil(() => checksumLines(guest.serial).length >= LINES, 50);
  alone = checksumLines(guest.serial).slice(0, LINES);
  guest.machine.close();
});
afterEach(() => {
  machines.forEach((machine) => machine.kill());
  machines = [];
});
afterAll(() => rmSync(folder, { recursive: true }));

const file = (name: string): string => path.join(folder, `${name}.state`);

async function start(options: Pick<Parameters<typeof LiveMachine.start>[0], 'engine' | 'restoreFrom'>) {
  const drives = [{ id: 'a', kind: 'floppy' as const, unit: 0, path: floppy, readonly: true }];
  const withheldFeatures = kvmLacks();
  const machine = await LiveMachine.start({ folder, config: { memoryMiB: MEMORY_MIB, drives }, withheldFeatures, ...options });
  machines.push(machine);
  return machine;
} // prettier-ignore

const rounds = (machine: LiveMachine, more: number): Promise<void> =>
  machine.waitFor(new RegExp(`(?:[^\\n]*\\n){${more}}`), 60, machine.output.length);

/** The sums a guest has printed whole, by round: one after the other, without a gap. */
function printed(machine: LiveMachine): ReadonlyMap<number, string> {
  // The line is joined when the guest runs already, and a restored one may go on within a round's text.
  const [, ...whole] = checksumLines(machine.output);
  const sums = whole.map((line) => [parseInt(line.slice(0, 8), 16), line] as const);
  expect(sums.map(([round]) => round)).toEqual(sums.map((_, i) => sums[0]![0] + i));
  return new Map(sums);
}

const next = (machine: LiveMachine): number => Math.max(...printed(machine).keys()) + 1;

/** How many rounds both have; they have to have the same sums. */
function agreed(some: ReadonlyMap<number, string>, others: ReadonlyMap<number, string>): number {
  const common = [...some.keys()].filter((round) => others.has(round));
  expect(common.map((round) => some.get(round))).toEqual(common.map((round) => others.get(round)));
  return common.length;
}

describe.skipIf(missing)(`a guest running on KVM${missing ? ` (skipped: ${missing})` : ''}`, () => {
  test('is saved while it runs on, and is taken back to what it was, on KVM and in software', async () => {
    const running = await start({ engine: 'kvm' });
    await rounds(running, ROUNDS);
    const earliest = next(running);
    const { point, saved } = await running.snapshot(file('one'));
    expect(point.base).toBeNull();
    expect(saved.baseBytes).toBe(0);
    await rounds(running, ROUNDS);
    const between = next(running);
    const { point: second, saved: changes } = await running.snapshot(file('two'));
    expect(second.base).toBe(file('one'));
    // What the dirty log has of the rounds between the two.
    expect(changes.baseBytes).toBeGreaterThan(15 << 20);
    await rounds(running, ROUNDS);
    const latest = next(running);
    await rounds(running, 10 * ROUNDS);
    const undisturbed = new Map(alone.map((line, i) => [i + 1, line]));
    expect(agreed(printed(running), undisturbed)).toBeGreaterThan(0);
    running.kill();

    const one = { path: file('one'), bases: [] };
    const two = { path: file('two'), bases: [file('one')] };
    for (const [restoreFrom, engine, from, to] of [
      [one, 'kvm', earliest, between],
      [two, 'kvm', between, latest],
      [two, 'translator', between, latest],
    ] as const) {
      const back = await start({ engine, restoreFrom });
      await rounds(back, ROUNDS + 1);
      const first = Math.min(...printed(back).keys());
      expect(agreed(printed(back), printed(running))).toBeGreaterThanOrEqual(ROUNDS);
      expect(first).toBeGreaterThanOrEqual(from);
      expect(first).toBeLessThanOrEqual(to + 1);
      back.kill();
    }
  });
});
