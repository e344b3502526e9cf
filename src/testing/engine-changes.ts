import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { InterpreterEngine } from '../main/vmm/cpu/interpreter.js';
import { TranslatorEngine } from '../main/vmm/cpu/translator/translator-engine.js';
import type { MachineState } from '../main/vmm/machine/machine.js';
import type { VmPlan } from '../shared/vm-process/protocol.js';
import { checksumFloppy, checksumLines } from './checksum-guest.js';
import { Guest } from './guest.js';
import { createLackingVcpu } from './interpreter.js';
import { createKvmVcpu, kvmLacks } from './kvm.js';
import { LiveMachine } from './live-machine.js';
import { Random } from './random.js';

type Engine = VmPlan['engine']['engine'];

/** Milliseconds a machine is let run for, at most, before it is suspended. */
const RUN_MS = 100;
const MEMORY_MIB = 16;

/** Two states of one moment, for a comparison. */
export interface Change {
  readonly before: unknown;
  readonly after: unknown;
}

/** All that is common to the engines, less the counter that is a clock and what they tell of themselves. */
function comparable({ cpu, devices }: MachineState): unknown {
  return { devices, cpu: { ...cpu, withheldFeatures: [], msrs: { ...cpu.msrs, 0x10: 0n } } };
}

/** The guest of checksum-guest.ts, going from engine to engine at random moments. */
export class EngineChanges {
  /** What the guest prints if nobody disturbs it. */
  readonly alone: readonly string[];
  private readonly folder = mkdtempSync(path.join(tmpdir(), 'annex-change-'));
  private readonly floppy = path.join(this.folder, 'sum.img');
  private live: LiveMachine | undefined;

  /** @param rounds the guest is to be followed for @param seed of the moments */
  constructor(
    private readonly rounds: number,
    private readonly seed: number,
  ) {
    writeFileSync(this.floppy, checksumFloppy());
    const guest = new Guest({ floppy: this.floppy, memoryMiB: MEMORY_MIB });
    guest.runUntil(() => checksumLines(guest.serial).length >= rounds, 50);
    this.alone = checksumLines(guest.serial).slice(0, rounds);
    guest.machine.close();
  }

  /** Between KVM and software in this process. @returns states around each change, and what was printed */
  inOneProcess(changes: number): { states: Change[]; printed: string[] } {
    const random = new Random(this.seed);
    const withheld = kvmLacks();
    const software = [InterpreterEngine, TranslatorEngine].map((engine) => createLackingVcpu(engine, withheld));
    const guest = new Guest({ floppy: this.floppy, memoryMiB: MEMORY_MIB, createVcpu: software[0]! });
    const lines = (): string[] => checksumLines(guest.serial);
    guest.runUntil(() => lines().length > 0, 20);
    const states: Change[] = [];
    for (let change = 0; change < changes; change++) {
      const until = lines().length + random.below(3);
      const slices = random.below(40);
      guest.runUntil(() => lines().length >= until, 20);
      for (let i = 0; i < slices; i++) guest.machine.runSlice();
      const before = comparable(guest.save().state);
      guest.machine.useEngine(change % 2 === 0 ? createKvmVcpu : software[(change >>> 1) % 2]!);
      states.push({ before, after: comparable(guest.save().state) });
    }
    guest.runUntil(() => lines().length >= this.rounds, 20);
    const printed = lines().slice(0, this.rounds);
    guest.machine.close();
    return { states, printed };
  }

  /** Suspended and resumed in a VM process for each engine. @returns what was printed, as far as it is compared */
  async throughProcesses([first, ...others]: readonly [Engine, ...Engine[]]): Promise<string[]> {
    const { folder } = this;
    const random = new Random(this.seed);
    const drives = [{ id: 'a', kind: 'floppy' as const, unit: 0, path: this.floppy, readonly: true }];
    const options = { folder, config: { memoryMiB: MEMORY_MIB, drives }, withheldFeatures: kvmLacks() };
    let live = (this.live = await LiveMachine.start({ ...options, engine: first }));
    let output = '';
    const bases: string[] = [];
    for (const engine of others) {
      await live.waitFor(/\n/, 60);
      await new Promise((resolve) => setTimeout(resolve, random.below(RUN_MS)));
      const state = path.join(folder, `${bases.length}.state`);
      await live.call({ name: 'suspend', path: state, incremental: true, thumbnailWidth: 320 });
      await live.whenEnded();
      output += live.output;
      this.live = live = await LiveMachine.start({
        ...options,
        engine,
        restoreFrom: { path: state, bases: [...bases] },
      });
      bases.push(state);
    }
    await live.waitFor(/\n[^\n]*\n/, 60);
    return checksumLines(output + live.output).slice(0, this.rounds);
  }

  /** Ends what a failed test has left running. */
  killMachine(): void {
    this.live?.kill();
  }

  close(): void {
    rmSync(this.folder, { recursive: true });
  }
}
