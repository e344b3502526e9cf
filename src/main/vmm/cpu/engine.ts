import type { TranslatorReport } from './translator-figures.js';
import type { AccessSize } from '../bus/access.js';
import type { CpuState, GeneralRegister, SegmentName } from './registers.js';

export type EngineKind = 'interpreter' | 'translator' | 'kvm';

/**
 * Why {@link VcpuEngine.run} came back. Port and memory-mapped I/O do not appear here: an engine hands them to its
 * {@link VcpuBus} by a direct call, since devices live on the same thread (design, section 2).
 */
export type VcpuExit =
  /** The instruction budget of the slice is used up. */
  | { readonly reason: 'budget' }
  /** HLT with nothing deliverable: sleep until an interrupt. The engine stays halted until one is. */
  | { readonly reason: 'halt' }
  /** {@link VcpuEngine.requestExit} or a kick took effect. */
  | { readonly reason: 'interrupted' }
  /** Triple fault. */
  | { readonly reason: 'shutdown' }
  /** Breakpoint or single step asked for by the host. */
  | { readonly reason: 'debug'; readonly rip: bigint }
  /** A defect of the engine, not of the guest; the machine stops with this message. */
  | { readonly reason: 'internal-error'; readonly message: string };

/** What a vCPU is wired to. Called synchronously from inside {@link VcpuEngine.run}. */
export interface VcpuBus {
  portRead(port: number, size: AccessSize): number;
  portWrite(port: number, value: number, size: AccessSize): void;
  /** Physical address below 4 GiB; wider accesses arrive as several of 4 bytes, low half first. */
  mmioRead(address: number, size: AccessSize): number;
  mmioWrite(address: number, value: number, size: AccessSize): void;
  /** Interrupt acknowledge cycle: the vector to deliver, or -1 if the request vanished (spurious without vector). */
  acknowledgeInterrupt(): number;
  /** CR8 / TPR bits 7:4 of the local APIC. */
  readTaskPriority(): number;
  writeTaskPriority(priority: number): void;
  /** MSRs the engine does not keep itself (APIC base, TSC deadline, x2APIC, para-virtual clocks). `undefined`/`false` → #GP. */
  readMsr(index: number): { readonly low: number; readonly high: number } | undefined;
  writeMsr(index: number, low: number, high: number): boolean;
  /**
   * The FERR# pin: an x87 instruction has an unmasked error before it, with CR0.NE clear, or has none any more.
   * @returns the IGNNE# pin: whether the error is to be ignored
   */
  setFloatingPointError(asserted: boolean): boolean;
  /** Virtual time in ns; RDTSC is this times the TSC frequency. */
  nowNs(): number;
  /** Virtual time at which the machine wants its thread back at the latest, in ns. */
  deadlineNs(): number;
}

/** The handful of registers firmware services and the debugger touch often; 32-bit views, cheap on every engine. */
export interface RegisterAccess {
  get32(register: GeneralRegister): number;
  /** Zero-extends, as a 32-bit move does. */
  set32(register: GeneralRegister, value: number): void;
  readonly eip: number;
  setEip(value: number): void;
  readonly eflags: number;
  setEflags(value: number): void;
  selector(segment: SegmentName): number;
  /** Linear base of a segment, low 32 bits. */
  base(segment: SegmentName): number;
  /** Loads a segment as real mode does: base = selector × 16, limit and attributes as after reset where real mode leaves them. */
  setRealModeSegment(segment: SegmentName, selector: number): void;
}

export interface VcpuStats {
  /** Guest instructions retired since power-on. */
  readonly instructions: number;
  /** Named counters: exits by reason, port and MMIO accesses, interrupts by kind, TLB misses, page walks, … */
  readonly counters: Readonly<Record<string, number>>;
  /** Of an engine that translates. */
  readonly translator?: TranslatorReport;
}

/** One virtual processor, whatever executes it. Not thread-safe but for {@link VcpuEngine.requestExit} as documented. */
export interface VcpuEngine {
  readonly kind: EngineKind;
  /** Valid between runs and inside bus calls: state is exact at instruction boundaries, RIP being the next instruction. */
  readonly registers: RegisterAccess;
  /** Runs about `maxInstructions` guest instructions (may overshoot by one basic block). */
  run(maxInstructions: number): VcpuExit;
  /** Level of the INTR pin (from the local APIC or the 8259A pair). */
  setInterruptRequest(asserted: boolean): void;
  raiseNmi(): void;
  /** Leaves {@link run} at the next instruction boundary; legal from inside bus calls and between runs. */
  requestExit(): void;
  /** Power-on reset (`init` false) or INIT (`init` true), SDM vol. 3, table 9-1. */
  reset(init?: boolean): void;
  setA20(enabled: boolean): void;
  saveState(): CpuState;
  /** @throws RangeError if the state holds something this engine cannot run */
  loadState(state: CpuState): void;
  readonly stats: VcpuStats;
  /** Gives back what the engine holds of the host. It is of no use afterwards. */
  close(): void;
}
