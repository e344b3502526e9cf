import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { InterpreterEngine } from '../../src/main/vmm/cpu/interpreter.js';
import { TranslatorEngine } from '../../src/main/vmm/cpu/translator/translator-engine.js';
import type { MachineState } from '../../src/main/vmm/machine/machine.js';
import type { VcpuFactory } from '../../src/main/vmm/machine/machine-ports.js';
import { CHECKSUM_LINE, checksumFloppy, checksumLines } from '../../src/testing/checksum-guest.js';
import { Guest } from '../../src/testing/guest.js';
import { createLackingVcpu } from '../../src/testing/interpreter.js';
import { createKvmVcpu, kvmLacks, kvmMissing } from '../../src/testing/kvm.js';
import { LiveMachine } from '../../src/testing/live-machine.js';
import { Random } from '../../src/testing/random.js';

const missing = kvmMissing();
const SEED = Number(process.env.ANNEX_SEED ?? Math.floor(Math.random() * 2 ** 31));
const CHANGES = 12;
const LINES = 30;

let folder: string;
let floppy: string;
/** What the guest prints if nobody disturbs it. */
let alone: readonly string[];
let live: LiveMachine | undefined;

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'annex-change-'));
  floppy = path.join(folder, 'sum.img');
  writeFileSync(floppy, checksumFloppy());
  const guest = new Guest({ floppy, memoryMiB: 16 });
  guest.runUntil(() => checksumLines(guest.serial).length >= LINES, 50);
  alone = checksumLines(guest.serial).slice(0, LINES);
  guest.machine.close();
}, 60_000);
afterEach(() => live?.kill());
afterAll(() => rmSync(folder, { recursive: true }));

/** All that is common to the engines, less the counter that is a clock and what they tell of themselves. */
function comparable({ cpu, devices }: MachineState): unknown {
  return { devices, cpu: { ...cpu, withheldFeatures: [], msrs: { ...cpu.msrs, 0x10: 0n } } };
}

const title = `a 64-bit guest with a ring 3 checksum, seed ${SEED}${missing ? ` (skipped: ${missing})` : ''}`;

describe.skipIf(missing)(title, () => {
  test('prints rounds and sums', () => {
    expect(alone).toHaveLength(LINES);
    expect(alone.every((line) => CHECKSUM_LINE.test(line))).toBe(true);
  });

  test('goes from software to KVM and back at any moment, with every register and every chip as it was', () => {
    const random = new Random(SEED);
    const withheld = kvmLacks();
    const software = [InterpreterEngine, TranslatorEngine].map((engine) => createLackingVcpu(engine, withheld));
    const guest = new Guest({ floppy, memoryMiB: 16, createVcpu: software[0]! });
    guest.runUntil(() => checksumLines(guest.serial).length > 0, 20);
    for (let change = 0; change < CHANGES; change++) {
      const lines = checksumLines(guest.serial).length + random.below(3);
      const slices = random.below(40);
      guest.runUntil(() => checksumLines(guest.serial).length >= lines, 20);
      for (let i = 0; i < slices; i++) guest.machine.runSlice();
      const next: VcpuFactory = change % 2 === 0 ? createKvmVcpu : software[(change >>> 1) % 2]!;
      const before = guest.save().state;
      guest.machine.useEngine(next);
      expect(comparable(guest.save().state)).toEqual(comparable(before));
    }
    guest.runUntil(() => checksumLines(guest.serial).length >= LINES, 20);
    expect(checksumLines(guest.serial).slice(0, LINES)).toEqual(alone);
    guest.machine.close();
  }, 60_000);

  test('is suspended and resumed in a VM process of another engine', async () => {
    const random = new Random(SEED);
    const options = {
      folder,
      config: { memoryMiB: 16, drives: [{ id: 'a', kind: 'floppy' as const, unit: 0, path: floppy, readonly: true }] },
      withheldFeatures: kvmLacks(),
    };
    live = await LiveMachine.start({ ...options, engine: 'interpreter' });
    let output = '';
    const bases: string[] = [];
    for (const engine of ['kvm', 'translator', 'kvm', 'interpreter', 'kvm'] as const) {
      await live.waitFor(/\n/, 60);
      await new Promise((resolve) => setTimeout(resolve, random.below(100)));
      const state = path.join(folder, `${bases.length}.state`);
      await live.call({ name: 'suspend', path: state, incremental: true, thumbnailWidth: 320 });
      await live.whenEnded();
      output += live.output;
      live = await LiveMachine.start({ ...options, engine, restoreFrom: { path: state, bases: [...bases] } });
      bases.push(state);
    }
    await live.waitFor(/\n[^\n]*\n/, 60);
    const lines = checksumLines(output + live.output).slice(0, LINES);
    expect(lines).toEqual(alone.slice(0, lines.length));
    expect(lines.length).toBeGreaterThan(5);
  }, 120_000);
});
