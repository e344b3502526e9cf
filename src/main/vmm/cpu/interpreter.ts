import type { GuestMemory } from '../memory/guest-memory.js';
import { PAGE_MAP_OFFSET } from '../memory/layout.js';
import type { AccessSize } from '../bus/access.js';
import { TSC_HZ } from '../time/frequencies.js';
import * as L from './core/layout.js';
import type { CoreExports } from './core/exports.js';
import { OP_CLASSES } from './core/opcodes/op-class.js';
import { checkState, readState, writeState } from './core/state-view.js';
import { cpuidLeaves, writeCpuidTable } from './cpuid.js';
import { knownFeatures, withoutFeatures, type CpuFeature } from './cpu-features.js';
import type { EngineKind, RegisterAccess, VcpuBus, VcpuEngine, VcpuExit, VcpuStats } from './engine.js';
import {
  GENERAL_REGISTERS,
  SEGMENT_NAMES,
  type CpuState,
  type GeneralRegister,
  type SegmentName,
} from './registers.js';

const XSAVE_BYTES = 576;

/** Names of the core's counters, in its order (COUNT_* in layout.ts). */
const COUNTERS = [
  'tlbMisses', 'pageFaults', 'exceptions', 'externalInterrupts', 'softwareInterrupts', 'portAccesses', 'mmioAccesses',
  'decodedInstructions', 'codeInvalidations', 'cacheFlushes', 'tlbFlushes', 'singleSteps', 'halts', 'taskSwitches', 'regionsEntered', 'regionInstructions', 'regionSteps',
  'regionExit.region', 'regionExit.code', 'regionExit.pause', 'regionExit.miss', 'regionExit.behind', ...OP_CLASSES.map((name) => `regionExit.${name}` as const),
] as const; // prettier-ignore

const EXITS: Readonly<Record<number, VcpuExit>> = {
  [L.EXIT_BUDGET]: { reason: 'budget' },
  [L.EXIT_HALT]: { reason: 'halt' },
  [L.EXIT_INTERRUPTED]: { reason: 'interrupted' },
  [L.EXIT_SHUTDOWN]: { reason: 'shutdown' },
};

export interface InterpreterOptions {
  readonly memory: GuestMemory;
  readonly bus: VcpuBus;
  /** `core.wasm`, compiled. */
  readonly module: WebAssembly.Module;
  /** 32 random bits for RDRAND and RDSEED. */
  readonly random?: () => number;
  /** Features the guest is not to know of, all known unless given. A state that is loaded brings its own. */
  readonly withheldFeatures?: readonly CpuFeature[];
}

/** Who is told where the core spends its time, and what it has forgotten (translator/translator.ts). */
export interface RegionHost {
  /** @param crossings 0 in the interpreter; on the way between two regions, how many were entered since the last call */
  hotSpot: (codePage: number, offset: number, crossings: number) => void;
  /** @param region its index in the core's table, which an instruction's accesses make be left again and again */
  regionMisses: (region: number, codePage: number, offset: number) => void;
  regionsForgotten: (codePage: number) => void;
}

/** The software engine: instructions fetched, decoded and executed by the AssemblyScript core. */
export class InterpreterEngine implements VcpuEngine {
  readonly kind: EngineKind = 'interpreter';
  readonly registers: RegisterAccess;
  protected readonly core: CoreExports;
  protected readonly regionHost: RegionHost = {
    hotSpot: () => undefined,
    regionMisses: () => undefined,
    regionsForgotten: () => undefined,
  };
  private readonly view: DataView;
  private readonly words: Int32Array;
  private readonly bytes: Uint8Array;
  private readonly bus: VcpuBus;
  private withheldFeatures: readonly CpuFeature[] = [];

  constructor({ memory, bus, module, random = weakRandom(), withheldFeatures = [] }: InterpreterOptions) {
    this.bus = bus;
    this.view = memory.view;
    this.bytes = memory.bytes;
    this.words = new Int32Array(memory.wasm.buffer, 0, PAGE_MAP_OFFSET / 4);
    const host = this.regionHost;
    const imports = {
      env: { memory: memory.wasm, abort: () => undefined },
      bus: {
        ...busImports({ bus, memory, random }),
        hotSpot: (page: number, offset: number, crossings: number) => host.hotSpot(page, offset, crossings >>> 0),
        regionMisses: (region: number, page: number, offset: number) => host.regionMisses(region, page, offset),
        regionsForgotten: (codePage: number) => host.regionsForgotten(codePage),
      },
    };
    this.core = new WebAssembly.Instance(module, imports).exports as unknown as CoreExports;
    this.core.initialize();
    this.core.setA20(1);
    this.view.setBigUint64(L.TSC_HZ, BigInt(TSC_HZ), true);
    this.withhold(withheldFeatures);
    memory.observe({
      mappingChanged: () => this.core.flushTranslations(),
      codeWritten: (page) => this.core.invalidateCode(page),
    });
    this.registers = new CoreRegisters(this.core, this.view);
    this.reset();
  }

  run(maxInstructions: number): VcpuExit {
    try {
      const reason = this.core.run(Math.min(maxInstructions, L.MAX_BUDGET));
      return EXITS[reason] ?? { reason: 'internal-error', message: `the core left for an unknown reason (${reason})` };
    } catch (error) {
      // A trap of the core: a defect of ours. Errors of devices go on to whoever owns them.
      if (!(error instanceof WebAssembly.RuntimeError)) throw error;
      return { reason: 'internal-error', message: `the CPU core failed: ${error.message}` };
    }
  }

  setInterruptRequest(asserted: boolean): void {
    this.setEvent(L.EVENT_INTERRUPT, asserted);
  }

  raiseNmi(): void {
    this.setEvent(L.EVENT_NMI, true);
  }

  requestExit(): void {
    this.setEvent(L.EVENT_EXIT, true);
  }

  reset(init = false): void {
    this.core.reset(init ? 1 : 0);
  }

  setA20(enabled: boolean): void {
    this.core.setA20(enabled ? 1 : 0);
  }

  /** Drops all it knows of memory's content: somebody else has run the guest meanwhile. */
  forgetMemory(): void {
    this.core.forgetCode();
    this.core.flushTranslations();
  }

  saveState(): CpuState {
    this.core.saveExtendedImage();
    const image = this.core.extendedImage();
    const xsave = this.bytes.slice(image, image + XSAVE_BYTES);
    const state = readState(this.view, this.core.getFlags(), this.bus.readTaskPriority(), xsave);
    return { ...state, withheldFeatures: this.withheldFeatures };
  }

  loadState(state: CpuState): void {
    checkState(state);
    if (state.withheldFeatures) this.withhold(knownFeatures(state.withheldFeatures));
    writeState(this.view, state);
    this.bytes.set(state.xsave.subarray(0, XSAVE_BYTES), this.core.extendedImage());
    this.core.loadExtendedImage();
    this.core.setFlags(Number(state.rflags));
    this.core.stateLoaded();
    this.bus.writeTaskPriority(Number(state.cr8));
  }

  private withhold(features: readonly CpuFeature[]): void {
    this.withheldFeatures = features;
    writeCpuidTable(this.view, L.CPUID_TABLE, withoutFeatures(cpuidLeaves({ tscHz: TSC_HZ }), features));
  }

  get stats(): VcpuStats {
    const u64 = (at: number): number => this.view.getUint32(at, true) + this.view.getUint32(at + 4, true) * 2 ** 32;
    const counters = Object.fromEntries(COUNTERS.map((name, i) => [name, u64(L.COUNTERS + i * 8)]));
    return { instructions: u64(L.INSTRUCTIONS), counters };
  }

  /** The engine is memory alone: nothing to give back. */
  close(): void {}

  private setEvent(bit: number, on: boolean): void {
    const word = L.EVENTS / 4;
    if (on) Atomics.or(this.words, word, bit);
    else Atomics.and(this.words, word, ~bit);
  }
}

/** The core's registers through its memory: nothing is cached outside it. */
class CoreRegisters implements RegisterAccess {
  constructor(
    private readonly core: CoreExports,
    private readonly view: DataView,
  ) {}

  get32(register: GeneralRegister): number {
    return this.view.getUint32(L.REGS + GENERAL_REGISTERS.indexOf(register) * 8, true);
  }

  set32(register: GeneralRegister, value: number): void {
    const at = L.REGS + GENERAL_REGISTERS.indexOf(register) * 8;
    this.view.setUint32(at, value, true);
    this.view.setUint32(at + 4, 0, true);
  }

  get eip(): number {
    return this.view.getUint32(L.RIP, true);
  }

  setEip(value: number): void {
    this.view.setUint32(L.RIP, value, true);
    this.view.setUint32(L.RIP + 4, 0, true);
  }

  get eflags(): number {
    return this.core.getFlags() >>> 0;
  }

  setEflags(value: number): void {
    this.core.setFlags(value);
  }

  selector(segment: SegmentName): number {
    return this.view.getUint16(segmentAddress(segment) + L.SEG_SELECTOR, true);
  }

  base(segment: SegmentName): number {
    return this.view.getUint32(segmentAddress(segment) + L.SEG_BASE, true);
  }

  setRealModeSegment(segment: SegmentName, selector: number): void {
    this.core.loadRealSegment(SEGMENT_NAMES.indexOf(segment), selector);
  }
}

function segmentAddress(segment: SegmentName): number {
  return L.SEGMENTS + SEGMENT_NAMES.indexOf(segment) * L.SEGMENT_SIZE;
}

function busImports({
  bus,
  memory,
  random,
}: Required<Pick<InterpreterOptions, 'bus' | 'memory' | 'random'>>): Record<string, unknown> {
  const { view, pages } = memory;
  return {
    portRead: (port: number, size: AccessSize) => bus.portRead(port, size),
    portWrite: (port: number, value: number, size: AccessSize) => bus.portWrite(port, value >>> 0, size),
    mmioRead: (address: number, size: AccessSize) => bus.mmioRead(address >>> 0, size),
    mmioWrite: (address: number, value: number, size: AccessSize) => bus.mmioWrite(address >>> 0, value >>> 0, size),
    acknowledgeInterrupt: () => bus.acknowledgeInterrupt(),
    readTaskPriority: () => bus.readTaskPriority(),
    writeTaskPriority: (priority: number) => bus.writeTaskPriority(priority),
    readMsr(index: number): number {
      const value = bus.readMsr(index >>> 0);
      if (!value) return 0;
      view.setUint32(L.MSR_VALUE, value.low, true);
      view.setUint32(L.MSR_VALUE + 4, value.high, true);
      return 1;
    },
    writeMsr: (index: number, low: number, high: number) => (bus.writeMsr(index >>> 0, low >>> 0, high >>> 0) ? 1 : 0),
    setFloatingPointError: (asserted: number) => (bus.setFloatingPointError(asserted !== 0) ? 1 : 0),
    nowNs: () => bus.nowNs(),
    pageTouched: (page: number) => pages.beforeWrite(page),
    pageAbsent: (page: number) => memory.bringIn(page),
    random,
  };
}

/** Not for secrets: a guest that needs more is given a source by the machine. */
function weakRandom(): () => number {
  return () => Math.floor(Math.random() * 2 ** 32);
}
