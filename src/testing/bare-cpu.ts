import { readFileSync } from 'node:fs';
import path from 'node:path';
import { openBus, type AccessSize } from '../main/vmm/bus/access.js';
import type { VcpuBus, VcpuExit } from '../main/vmm/cpu/engine.js';
import { InterpreterEngine } from '../main/vmm/cpu/interpreter.js';
import { TranslatorEngine, type TranslatorOptions } from '../main/vmm/cpu/translator/translator-engine.js';
import type { CpuState, GeneralRegister, SegmentState } from '../main/vmm/cpu/registers.js';
import { GuestMemory } from '../main/vmm/memory/guest-memory.js';
import { RAM_OFFSET } from '../main/vmm/memory/layout.js';

export type CodeMode = 'real' | 'protected' | 'long';

/** The compiled core; made by scripts/build-core.mjs before any test runs. */
let compiled: WebAssembly.Module | undefined;
export function testCore(): WebAssembly.Module {
  return (compiled ??= new WebAssembly.Module(readFileSync(path.resolve('out/core/core.wasm'))));
}

const RAM_BYTES = 16 << 20;
/** Where {@link BareCpu.load} puts code unless told otherwise. */
export const CODE_BASE = 0x10000;
const STACK_TOP = 0x9000;
export const PAGE_TABLES = 0x1000;
const GDT = 0x800;
export const IDT = 0x4000;

const CODE64 = 0xa09b;
const CODE32 = 0xc09b;
const DATA32 = 0xc093;

/** Which engine a {@link BareCpu} has; the translator's figures are those of TranslatorOptions. */
export type BareEngine =
  | { readonly kind: 'interpreter' }
  | ({ readonly kind: 'translator' } & Pick<
      TranslatorOptions,
      'sampleInstructions' | 'hotSamples' | 'tellingMisses' | 'regionBounds'
    >);

/** A processor on 16 MiB of memory with no devices, for tests that run a few instructions. */
export class BareCpu {
  readonly memory = new GuestMemory(RAM_BYTES, 1 << 20);
  readonly engine: InterpreterEngine;
  readonly portWrites: { port: number; value: number; size: AccessSize }[] = [];
  /** Answers port reads; open bus otherwise. */
  portRead: (port: number, size: AccessSize) => number = (_port, size) => openBus(size);
  onPortWrite: (port: number, value: number, size: AccessSize) => void = () => undefined;
  /** FERR#, answered with IGNNE#. */
  onFloatingPointError: (asserted: boolean) => boolean = () => false;
  /** Vector the interrupt controller gives next. */
  vector = -1;
  nowNs = 0;

  constructor(mode: CodeMode = 'real', choice: BareEngine = { kind: 'interpreter' }) {
    this.memory.mapRam(0, RAM_OFFSET, RAM_BYTES);
    const parts = { memory: this.memory, bus: this.bus(), module: testCore(), random: () => 4 };
    this.engine =
      choice.kind === 'interpreter' ? new InterpreterEngine(parts) : new TranslatorEngine({ ...parts, ...choice });
    this.enter(mode);
  }

  /** Writes code and points RIP at it. */
  load(code: readonly number[] | Uint8Array, at = CODE_BASE): this {
    this.memory.write(at, Uint8Array.from(code));
    this.set({ rip: BigInt(at) - this.state.segments.cs.base });
    return this;
  }

  /** Loads `code`, runs it up to the HLT this adds, and answers with the state then. */
  execute(code: readonly number[], budget = 100_000): CpuState {
    this.load([...code, 0xf4]);
    const exit = this.run(budget);
    if (exit.reason !== 'halt') throw new Error(`ended with ${exit.reason} at ${this.state.rip.toString(16)}`);
    return this.state;
  }

  run(budget = 100_000): VcpuExit {
    this.set({ halted: false });
    return this.engine.run(budget);
  }

  get state(): CpuState {
    return this.engine.saveState();
  }

  set(changes: Partial<CpuState>): void {
    this.engine.loadState({ ...this.state, ...changes });
  }

  setRegisters(values: Partial<Record<GeneralRegister, bigint>>): void {
    this.set({ general: { ...this.state.general, ...values } });
  }

  register(name: GeneralRegister): bigint {
    return this.state.general[name];
  }

  /** Flat segments, identity-mapped pages in long mode, a GDT that holds them, every vector unusable. */
  private enter(mode: CodeMode): void {
    const { state } = this;
    const flat = (selector: number, attributes: number): SegmentState => ({
      selector,
      base: 0n,
      limit: mode === 'real' ? 0xffff : 0xffff_ffff,
      attributes,
    });
    const real: SegmentState = { selector: CODE_BASE >>> 4, base: BigInt(CODE_BASE), limit: 0xffff, attributes: 0x93 };
    const code = mode === 'real' ? real : flat(8, mode === 'long' ? CODE64 : CODE32);
    const data = mode === 'real' ? flat(0, 0x93) : flat(16, DATA32);
    if (mode !== 'real') this.writeTables();
    const general = { ...state.general, rsp: BigInt(STACK_TOP) };
    const cr0 = mode === 'real' ? 0x10n : mode === 'protected' ? 0x11n : 0x8000_0011n;
    this.engine.loadState({
      ...state,
      general,
      cr0,
      cr3: BigInt(PAGE_TABLES),
      cr4: mode === 'long' ? 0x620n : 0x600n,
      msrs: { ...state.msrs, [0xc000_0080]: mode === 'long' ? 0xd01n : 0n },
      segments: { cs: code, ds: data, es: data, ss: data, fs: data, gs: data },
      gdtr: { base: BigInt(GDT), limit: 0x7f },
      idtr: { base: mode === 'real' ? 0n : BigInt(IDT), limit: mode === 'real' ? 0x3ff : 0xfff },
      rflags: 2n,
    });
  }

  private writeTables(): void {
    const descriptors = [0n, 0x00cf9b000000ffffn, 0x00cf93000000ffffn, 0x00af9b000000ffffn];
    descriptors.forEach((descriptor, i) => this.write64(GDT + i * 8, descriptor));
    // One 1 GiB page is not enough to test page faults with: 2 MiB pages below 16 MiB.
    this.write64(PAGE_TABLES, BigInt(PAGE_TABLES + 0x1000) | 7n);
    this.write64(PAGE_TABLES + 0x1000, BigInt(PAGE_TABLES + 0x2000) | 7n);
    for (let i = 0; i < 8; i++) this.write64(PAGE_TABLES + 0x2000 + i * 8, BigInt(i << 21) | 0x87n);
  }

  write64(address: number, value: bigint): void {
    this.memory.write32(address, Number(value & 0xffff_ffffn));
    this.memory.write32(address + 4, Number(value >> 32n));
  }

  private bus(): VcpuBus {
    return {
      portRead: (port, size) => this.portRead(port, size),
      portWrite: (port, value, size) => {
        this.portWrites.push({ port, value, size });
        this.onPortWrite(port, value, size);
      },
      mmioRead: (_address, size) => openBus(size),
      mmioWrite: () => undefined,
      acknowledgeInterrupt: () => this.vector,
      readTaskPriority: () => 0,
      writeTaskPriority: () => undefined,
      readMsr: () => undefined,
      writeMsr: () => false,
      setFloatingPointError: (asserted) => this.onFloatingPointError(asserted),
      nowNs: () => this.nowNs,
      deadlineNs: () => Infinity,
    };
  }
}
