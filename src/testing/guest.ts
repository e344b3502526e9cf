import { readFileSync } from 'node:fs';
import type { KeyCode } from '../shared/contract/input.js';
import { CompletionQueue } from '../main/vmm/block/completion-queue.js';
import { MediumSlot } from '../main/vmm/block/medium-slot.js';
import { MemoryDisk } from '../main/vmm/block/memory-disk.js';
import type { Frame } from '../main/vmm/devices/display/scanout/frame.js';
import { ScanOut } from '../main/vmm/devices/display/scanout/scan-out.js';
import { BuiltinBios } from '../main/vmm/firmware/builtin-bios.js';
import type { Firmware, FirmwareDrive } from '../main/vmm/firmware/firmware.js';
import { machineMemory } from '../main/vmm/machine/machine-memory.js';
import { Machine, type MachineCondition, type MachineState } from '../main/vmm/machine/machine.js';
import type { VcpuFactory } from '../main/vmm/machine/machine-ports.js';
import type { MachineSpec } from '../main/vmm/machine/machine-spec.js';
import type { GuestMemory } from '../main/vmm/memory/guest-memory.js';
import { RAM_OFFSET } from '../main/vmm/memory/layout.js';
import type { Clock } from '../main/vmm/time/clock.js';
import { SteadyClock } from '../main/vmm/time/steady-clock.js';
import { TEST_SPEC } from './bare-board.js';
import { displayKernel } from './display.js';
import { createSoftwareVcpu } from './interpreter.js';

/** The host's time, in which an idle guest's time passes at once: tests do not wait for timeouts. */
class IdleSkippingClock implements Clock {
  private readonly start = performance.now();
  private skipped = 0;

  private heldAtNs: number | undefined;

  nowNs(): number {
    return this.heldAtNs ?? (performance.now() - this.start) * 1e6 + this.skipped;
  }

  hold(): void {
    this.heldAtNs ??= this.nowNs();
  }

  release(): void {
    const held = this.heldAtNs ?? this.nowNs();
    this.heldAtNs = undefined;
    this.skipped += held - this.nowNs();
  }

  skipTo(ns: number): void {
    if (this.heldAtNs !== undefined) this.heldAtNs = ns;
    else this.skipped += Math.max(0, ns - this.nowNs());
  }
}

export interface GuestOptions {
  readonly memoryMiB?: number;
  /** Files of a direct kernel start. */
  readonly kernel?: string;
  readonly initrd?: string;
  readonly commandLine?: string;
  /** Image files; a disk is used as a copy in memory. */
  readonly cdrom?: string;
  readonly disk?: string;
  readonly floppy?: string;
  /** Instead of the built-in BIOS. */
  readonly firmware?: Firmware;
  readonly spec?: Partial<MachineSpec>;
  /** The processor; the interpreter unless told otherwise. */
  readonly createVcpu?: VcpuFactory;
  /** A guest saved before, to go on from where it was. */
  readonly from?: SavedGuest;
}

/** A guest's state and memory, as {@link Guest.save} leaves them. */
export interface SavedGuest {
  readonly state: MachineState;
  readonly ram: Uint8Array;
  readonly videoMemory: Uint8Array;
}

/** How a guest's run ended: the machine's own end, or halted with nothing that could ever wake it. */
export type GuestEnd = Exclude<MachineCondition, { kind: 'running' }>;

/** A whole machine in this process, stepped synchronously: boots real guests for tests and for finding faults. */
export class Guest {
  readonly machine: Machine;
  readonly memory: GuestMemory;
  readonly log: string[] = [];
  /** What the guest sent over COM1. */
  serial = '';
  /** What it wrote to the debug ports. */
  debug = '';
  end: GuestEnd | undefined;
  private readonly hostClock = new IdleSkippingClock();
  private readonly clock = new SteadyClock(this.hostClock);
  private readonly completions = new CompletionQueue();
  private toSend: number[] = [];
  private readonly scanOut: ScanOut;

  constructor(options: GuestOptions) {
    if (options.from) this.startClockAt(options.from.state.clockNs);
    const spec = { ...TEST_SPEC, memoryBytes: (options.memoryMiB ?? 128) << 20, ...options.spec };
    this.memory = machineMemory(spec);
    this.machine = new Machine(spec, {
      memory: this.memory,
      clock: this.clock,
      wallClock: { nowMs: () => 1_709_164_798_000 + this.clock.nowNs() / 1e6, localOffsetMinutes: () => 0 },
      createVcpu: options.createVcpu ?? createSoftwareVcpu,
      firmware: options.firmware ?? builtinBios(options),
      drives: this.drives(options),
      serial: { 1: { transmit: (byte) => void (this.serial += String.fromCharCode(byte)) } },
      log: (line) => void this.log.push(line),
      debugConsole: (byte) => void (this.debug += String.fromCharCode(byte)),
    });
    this.machine.serial(1)?.onRoom(() => this.feedSerial());
    this.scanOut = new ScanOut(this.memory.wasm, displayKernel, this.machine.display);
    if (options.from) this.load(options.from);
  }

  /** Everything of the guest but its media. Its time stands still until it runs again. */
  save(): SavedGuest {
    this.hostClock.hold();
    const { offset, length } = this.machine.display.videoMemory;
    return {
      state: this.machine.saveState(),
      ram: this.memory.bytes.slice(RAM_OFFSET, RAM_OFFSET + this.memory.ramBytes),
      videoMemory: this.memory.bytes.slice(offset, offset + length),
    };
  }

  private load({ state, ram, videoMemory }: SavedGuest): void {
    this.memory.bytes.set(ram, RAM_OFFSET);
    this.memory.bytes.set(videoMemory, this.machine.display.videoMemory.offset);
    this.machine.loadState(state);
  }

  private startClockAt(ns: number): void {
    this.hostClock.hold();
    this.hostClock.skipTo(ns);
    this.clock.slept();
  }

  /** Runs until `done`, the guest's end, or so much host time. @returns whether `done` came true */
  runUntil(done: () => boolean, seconds: number): boolean {
    const limit = performance.now() + seconds * 1000;
    this.hostClock.release();
    while (!this.end && performance.now() < limit) {
      for (let slices = 0; slices < 50 && !this.end; slices++) this.step();
      if (done()) return true;
    }
    return done();
  }

  /** Runs until the guest has printed `text` on COM1 after position `from`. @throws with what it printed instead */
  waitForSerial(text: string | RegExp, seconds: number, from = 0): void {
    const seen = (): boolean => {
      const output = this.serial.slice(from);
      return typeof text === 'string' ? output.includes(text) : text.test(output);
    };
    if (!this.runUntil(seen, seconds)) throw new Error(this.describe(`did not print ${String(text)} in ${seconds} s`));
  }

  /** Runs until the text screen shows `text`. @throws with the screen it showed instead */
  waitForScreen(text: string | RegExp, seconds: number): void {
    const seen = (): boolean => (typeof text === 'string' ? this.screen.includes(text) : text.test(this.screen));
    if (!this.runUntil(seen, seconds)) throw new Error(this.describe(`did not show ${String(text)} in ${seconds} s`));
  }

  /** Runs until the guest ends. @throws if it does not */
  waitForEnd(seconds: number): GuestEnd {
    this.runUntil(() => false, seconds);
    if (!this.end) throw new Error(this.describe(`did not end in ${seconds} s`));
    return this.end;
  }

  /** Types on the serial line. */
  type(text: string): void {
    this.toSend.push(...new TextEncoder().encode(text));
    this.feedSerial();
  }

  /** Presses keys one after the other, each released before the next. */
  press(...codes: readonly KeyCode[]): void {
    for (const code of codes) {
      this.machine.keyboard.key(code, true);
      this.runUntil(() => true, 1);
      this.machine.keyboard.key(code, false);
      this.runUntil(() => true, 1);
    }
  }

  /** The text screen, or an empty string in graphics modes. */
  get screen(): string {
    return this.scanOut.text() ?? '';
  }

  /** What a monitor would show now. */
  picture(): Frame {
    this.scanOut.update(0);
    return this.scanOut.frame;
  }

  private describe(problem: string): string {
    const end = this.end ? ` (ended: ${JSON.stringify(this.end)})` : '';
    return `the guest ${problem}${end}\n--- serial\n${this.serial.slice(-4000)}\n--- screen\n${this.screen}\n--- log\n${this.log.slice(-20).join('\n')}`;
  }

  private step(): void {
    const condition = this.machine.runSlice();
    this.completions.drain();
    if (condition.kind === 'running') return;
    if (condition.kind !== 'halted' || condition.forGood) this.end = condition;
    else if (this.completions.pending === 0 && this.machine.nextDeadlineNs < Infinity) {
      this.hostClock.skipTo(this.machine.nextDeadlineNs);
      this.clock.slept();
    }
  }

  private feedSerial(): void {
    const port = this.machine.serial(1);
    if (port && this.toSend.length > 0) this.toSend.splice(0, port.receive(Uint8Array.from(this.toSend)));
  }

  private drives(options: GuestOptions): FirmwareDrive[] {
    const drives: FirmwareDrive[] = [];
    const image = (file: string): MemoryDisk =>
      new MemoryDisk(this.memory.bytes, padToSector(readFileSync(file)), this.completions);
    const slot = (file: string): MediumSlot => {
      const made = new MediumSlot();
      made.insert(image(file));
      return made;
    };
    if (options.disk !== undefined) {
      drives.push({ kind: 'disk', name: 'disk', slot: { channel: 0, unit: 0 }, device: image(options.disk) });
    }
    if (options.cdrom !== undefined) {
      drives.push({ kind: 'cdrom', name: 'cd', slot: { channel: 1, unit: 0 }, drive: slot(options.cdrom) });
    }
    if (options.floppy !== undefined) {
      drives.push({ kind: 'floppy', name: 'floppy', unit: 0, drive: slot(options.floppy) });
    }
    return drives;
  }
}

function builtinBios({ kernel, initrd, commandLine = '' }: GuestOptions): BuiltinBios {
  if (kernel === undefined) return new BuiltinBios();
  return new BuiltinBios({
    kernel: readFileSync(kernel),
    initrd: initrd === undefined ? undefined : readFileSync(initrd),
    commandLine,
  });
}

function padToSector(content: Uint8Array): Uint8Array {
  const padded = new Uint8Array(Math.ceil(content.length / 512) * 512);
  padded.set(content);
  return padded;
}
