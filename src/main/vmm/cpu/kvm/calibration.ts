import { openBus } from '../../bus/access.js';
import { GuestMemory } from '../../memory/guest-memory.js';
import { RAM_OFFSET } from '../../memory/layout.js';
import { knownFeatures, type CpuFeature } from '../cpu-features.js';
import type { VcpuBus } from '../engine.js';
import type { CpuState, SegmentState } from '../registers.js';
import { powerOnState } from '../reset-state.js';
import { ArgumentMemory } from './argument-memory.js';
import { KvmEngine } from './kvm-engine.js';
import type { KvmSystem } from './kvm-system.js';

/** Million instructions a second in each mode an operating system uses. */
export interface Nativeness {
  readonly real: number;
  readonly protected: number;
  /** 64-bit mode, ring 0 and ring 3. */
  readonly kernel: number;
  readonly user: number;
}

/** Below this a mode is emulated: any processor with virtualization runs a loop of two instructions ten times faster. */
const NATIVE_MIPS = 200;

const RAM_BYTES = 1 << 20;
const CODE = 0x1000;
const TABLES = 0x2000;
const STACK = 0x8000;
const DONE_PORT = 0x99;

/** A first taste, which an emulator takes a millisecond for, then a run long enough to measure a processor by. */
const TASTE = 500;
const FULL = 1_000_000;
const INSTRUCTIONS_A_ROUND = 2;
/** Slower than this the first taste says all: instruction emulators reach one or two. */
const EMULATED_MIPS = 4;
const ATTEMPTS = 3;
/** Runs of the kernel's a loop may take before it is given up. */
const PATIENCE = 200;

// dec ecx; jnz; out 99h, al; jmp $
const LOOP16 = [0x66, 0xff, 0xc9, 0x75, 0xfb, 0xe6, DONE_PORT, 0xeb, 0xfe];
const LOOP32 = [0xff, 0xc9, 0x75, 0xfc, 0xe6, DONE_PORT, 0xeb, 0xfe];

const PE = 1n;
const PG = 1n << 31n;
const PAE = 1n << 5n;
const LONG_MODE = 0x500n;
const IOPL3 = 0x3002n;

export interface HostKvm {
  readonly mips: Nativeness;
  /** Features of the machines' processor that guests cannot be given here. */
  readonly lacks: readonly CpuFeature[];
  /** Those that guests can be given but would not find as they were on the way from or to another engine. */
  readonly unsteady: readonly CpuFeature[];
}

/** Whether a guest runs on the processor in every mode, and not in the kernel's instruction emulator. */
export function isNative(mips: Nativeness): boolean {
  return Math.min(mips.real, mips.protected, mips.kernel, mips.user) >= NATIVE_MIPS;
}

/**
 * Measures what a guest's code is run by, and asks what it cannot be given. KVM may stand on hardware, or, nested without its help, on an instruction
 * emulator for all but 64-bit user code; nothing but time tells.
 * @param nowMs a clock of microsecond resolution
 * @throws KvmError
 */
export function examineKvm(system: KvmSystem, nowMs: () => number): HostKvm {
  const bench = new Bench(system, nowMs);
  try {
    const mips = {
      real: bench.mips(LOOP16, realState()),
      protected: bench.mips(LOOP32, flatState(0, false)),
      kernel: bench.mips(LOOP32, flatState(0, true)),
      user: bench.mips(LOOP32, flatState(3, true)),
    };
    return { mips, lacks: bench.lacks, unsteady: unsteadyFeatures(mips, bench.keepsTscRate) };
  } finally {
    bench.close();
  }
}

/** The kernel's instruction emulator has no CMPXCHG16B; without TSC scaling the counter changes its rate. */
function unsteadyFeatures(mips: Nativeness, keepsTscRate: boolean): CpuFeature[] {
  return [...(isNative(mips) ? [] : (['cx16'] as const)), ...(keepsTscRate ? [] : (['tsc', 'tscDeadline'] as const))];
}

class Bench {
  private readonly memory = new GuestMemory(RAM_BYTES, 1 << 20);
  private readonly engine: KvmEngine;
  private done = false;

  constructor(
    system: KvmSystem,
    private readonly nowMs: () => number,
  ) {
    this.memory.mapRam(0, RAM_OFFSET, RAM_BYTES);
    // One large page for everything, the user's as well.
    this.memory.write32(TABLES, (TABLES + 0x1000) | 7);
    this.memory.write32(TABLES + 0x1000, (TABLES + 0x2000) | 7);
    this.memory.write32(TABLES + 0x2000, 0x87);
    const address = system.kernel.addressOf(this.memory.wasm.buffer);
    const argumentMemory = new ArgumentMemory(this.memory, address);
    this.engine = new KvmEngine({ system, memory: this.memory, bus: this.bus(), arguments: argumentMemory });
  }

  /** Million instructions a second of a loop, what entering and leaving cost taken off. */
  mips(code: readonly number[], state: CpuState): number {
    this.memory.write(CODE, Uint8Array.from(code));
    const empty = this.best(state, 1);
    const tasted = rate(TASTE, Math.max(1e-6, this.best(state, TASTE) - empty));
    if (tasted < EMULATED_MIPS) return tasted;
    return rate(FULL, Math.max(1e-6, this.best(state, FULL) - empty));
  }

  /** What the engine withholds because the host lacks it. */
  get lacks(): readonly CpuFeature[] {
    return knownFeatures(this.engine.saveState().withheldFeatures ?? []);
  }

  get keepsTscRate(): boolean {
    return this.engine.keepsTscRate;
  }

  close(): void {
    this.engine.close();
  }

  /** Least of a few runs: a host has other things to do as well. */
  private best(state: CpuState, rounds: number): number {
    return Math.min(...Array.from({ length: ATTEMPTS }, () => this.milliseconds(state, rounds)));
  }

  private milliseconds(state: CpuState, rounds: number): number {
    this.engine.loadState({ ...state, general: { ...state.general, rcx: BigInt(rounds) } });
    this.done = false;
    const start = this.nowMs();
    for (let i = 0; i < PATIENCE && !this.done; i++) this.engine.run();
    return this.done ? this.nowMs() - start : Infinity;
  }

  private bus(): VcpuBus {
    return {
      portRead: (_port, size) => openBus(size),
      portWrite: () => {
        this.done = true;
        this.engine.requestExit();
      },
      mmioRead: (_address, size) => openBus(size),
      mmioWrite: () => undefined,
      acknowledgeInterrupt: () => -1,
      readTaskPriority: () => 0,
      writeTaskPriority: () => undefined,
      readMsr: () => undefined,
      writeMsr: () => false,
      setFloatingPointError: () => false,
      nowNs: () => this.nowMs() * 1e6,
      deadlineNs: () => Infinity,
    };
  }
}

function rate(rounds: number, milliseconds: number): number {
  return (rounds * INSTRUCTIONS_A_ROUND) / milliseconds / 1000;
}

function realState(): CpuState {
  const state = powerOnState();
  const data: SegmentState = { selector: 0, base: 0n, limit: 0xffff, attributes: 0x93 };
  return { ...state, rip: BigInt(CODE), segments: { ...state.segments, cs: { ...data, attributes: 0x9b } } };
}

function flatState(cpl: 0 | 3, long: boolean): CpuState {
  const state = powerOnState();
  const flat = (selector: number, attributes: number): SegmentState => ({
    selector: selector | cpl,
    base: 0n,
    limit: 0xffff_ffff,
    attributes: attributes | (cpl << 5),
  });
  const data = flat(16, 0xc093);
  return {
    ...state,
    rip: BigInt(CODE),
    rflags: cpl === 3 ? IOPL3 : 2n,
    general: { ...state.general, rsp: BigInt(STACK) },
    cr0: 0x10n | PE | (long ? PG : 0n),
    cr3: BigInt(TABLES),
    cr4: long ? PAE : 0n,
    msrs: { ...state.msrs, 0xc000_0080: long ? LONG_MODE : 0n },
    segments: { cs: flat(8, long ? 0xa09b : 0xc09b), ds: data, es: data, ss: data, fs: data, gs: data },
  };
}
