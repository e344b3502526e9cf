import type { VcpuBus, VcpuEngine } from '../../../../src/main/vmm/cpu/engine.js';
import type { SegmentState } from '../../../../src/main/vmm/cpu/registers.js';
import { GuestMemory } from '../../../../src/main/vmm/memory/guest-memory.js';
import { RAM_OFFSET } from '../../../../src/main/vmm/memory/layout.js';
import { DATA_RUNS, EDGE_PAGES, type CaseMemory } from '../case-memory.js';
import { CODE_BYTES, DATA_BYTES, EDGE_PAIRS, FRAMES_BYTES, PAGE, RECORDS, DRIVER } from '../layout.js';
import { AFTER, RECORD, RECORDS_BYTES, SIGALRM } from '../record.js';
import type { Target } from '../target.js';
import {
  GDT_LIMIT,
  KERNEL_CODE,
  KERNEL_DATA,
  LDT_LIMIT,
  LOCAL_TABLE,
  TASK,
  TSS_LIMIT,
  writeGuestImage,
} from './guest-image.js';
import { CONTROL, GDT, IDT, LDT, PASSING_VECTOR, PHYSICAL, RAM_BYTES, STACK_TOP, TSS } from './guest-layout.js';
import { guestProgram } from './guest-program.js';

/** Makes the engine under test on a guest's memory. */
export type EngineFactory = (memory: GuestMemory, bus: VcpuBus) => VcpuEngine;

/** PE, MP, ET, NE, WP, AM, PG; and PAE, OSFXSR, OSXMMEXCPT, FSGSBASE, OSXSAVE: as Linux runs programs. */
const CR0 = 0x8005_0033n;
const CR4 = 0x5_0620n;
/** SCE, LME, LMA, NXE. */
const EFER = 0xd01n;
const IA32_EFER = 0xc000_0080;
const SLICE = 1_000_000;
/** Bytes of code that are compared and written at once. */
const CODE_LINE = 64;
/** A batch executes far fewer, string instructions counted by element. */
const MAX_INSTRUCTIONS = 100 * SLICE;

/** A virtual processor on a guest whose ring-0 driver takes it through the records. */
export class EngineTarget implements Target {
  readonly name: string;
  readonly memory: CaseMemory;
  private readonly guest = new GuestMemory(RAM_BYTES, 0);
  private readonly engine: VcpuEngine;
  private readonly start: number;

  /** @param mostInstructions after which a case is given up */
  constructor(
    factory: EngineFactory,
    private readonly mostInstructions = MAX_INSTRUCTIONS,
  ) {
    this.guest.mapRam(0, RAM_OFFSET, RAM_BYTES);
    const program = guestProgram();
    writeGuestImage(this.guest, program);
    this.start = program.addressOf('next');
    this.engine = factory(this.guest, { ...NO_DEVICES, acknowledgeInterrupt: () => this.takeInterrupt() });
    this.name = this.engine.kind;
    const part = (physical: number, bytes: number): Uint8Array =>
      this.guest.bytes.subarray(RAM_OFFSET + physical, RAM_OFFSET + physical + bytes);
    this.memory = {
      records: part(PHYSICAL.records, RECORDS_BYTES),
      code: part(PHYSICAL.code, CODE_BYTES),
      edge: part(PHYSICAL.edge, EDGE_PAIRS * 2 * PAGE),
      data: part(PHYSICAL.data, DATA_BYTES),
      frames: part(PHYSICAL.frames, FRAMES_BYTES),
    };
  }

  /** What the engine counts. */
  get counters(): Readonly<Record<string, number>> {
    return this.engine.stats.counters;
  }

  /**
   * From now on the engine runs slices of so many instructions, and an interrupt whose handler goes straight back is
   * pending at the end of each. Undefined: long slices without.
   */
  interruptEvery: (() => number) | undefined;

  private takeInterrupt(): number {
    this.engine.setInterruptRequest(false);
    return PASSING_VECTOR;
  }

  /** Puts back what cases changed; of code only what is another now, so that engines keep what they made of the rest. */
  restart(source: CaseMemory): void {
    this.memory.records.set(source.records);
    for (const { start, end } of DATA_RUNS) this.memory.data.set(source.data.subarray(start, end), start);
    this.memory.frames.set(source.frames);
    for (let line = 0; line < CODE_BYTES; line += CODE_LINE) {
      const code = source.code.subarray(line, line + CODE_LINE);
      if (Buffer.compare(code, this.memory.code.subarray(line, line + CODE_LINE)) !== 0)
        this.guest.write(PHYSICAL.code + line, code);
    }
  }

  /** Takes over what another target is about to execute. */
  copyFrom(source: CaseMemory): void {
    this.memory.records.set(source.records);
    this.copyMemory(source);
  }

  /** The same without the records. */
  copyMemory(source: CaseMemory): void {
    for (const { start, end } of DATA_RUNS) this.memory.data.set(source.data.subarray(start, end), start);
    this.memory.frames.set(source.frames);
    // Through the page map: engines keep decoded code.
    this.guest.write(PHYSICAL.code, source.code);
    for (const page of EDGE_PAGES) this.guest.write(PHYSICAL.edge + page, source.edge.subarray(page, page + PAGE));
  }

  /** A case that comes to no end is given up, marked as the processor's are, and the next one begun. */
  run(first: number, count: number): void {
    const end = first + count;
    for (let index = first; index < end; index++) this.memory.records[index * RECORD.bytes + AFTER.signal] = 0;
    for (let next = first; next < end;) {
      if (this.finish(next, end)) return;
      const { current } = this;
      this.memory.records[current * RECORD.bytes + AFTER.signal] = SIGALRM;
      next = current + 1;
    }
  }

  /** Executes records up to `end`. @returns false if one of them, the current one, comes to no end */
  private finish(next: number, end: number): boolean {
    const control = Buffer.alloc(16);
    control.writeBigUInt64LE(BigInt(RECORDS + next * RECORD.bytes));
    control.writeBigUInt64LE(BigInt(RECORDS + end * RECORD.bytes), 8);
    this.guest.write(CONTROL.current - DRIVER + PHYSICAL.driver, control);
    this.enter();
    for (let executed = 0; executed < this.mostInstructions;) {
      const slice = this.interruptEvery?.() ?? SLICE;
      const exit = this.engine.run(slice);
      executed += slice;
      if (exit.reason === 'halt') return true;
      if (this.interruptEvery) this.engine.setInterruptRequest(true);
      if (exit.reason !== 'budget' && exit.reason !== 'interrupted')
        throw new Error(`the ${this.name} left with ${JSON.stringify(exit.reason)} in ${this.where()}`);
    }
    return false;
  }

  /** Number of the case the driver is at. */
  get current(): number {
    const at = this.guest.read32(CONTROL.current - DRIVER + PHYSICAL.driver);
    return (at - RECORDS) / RECORD.bytes;
  }

  private where(): string {
    return `case ${this.current} at ${this.engine.saveState().rip.toString(16)}`;
  }

  private enter(): void {
    const state = this.engine.saveState();
    const data: SegmentState = { selector: KERNEL_DATA, base: 0n, limit: 0xffff_ffff, attributes: 0xc093 };
    this.engine.loadState({
      ...state,
      rip: BigInt(this.start),
      rflags: 2n,
      general: { ...state.general, rsp: BigInt(STACK_TOP) },
      segments: {
        es: data,
        cs: { ...data, selector: KERNEL_CODE, attributes: 0xa09b },
        ss: data,
        ds: data,
        fs: data,
        gs: data,
      },
      ldtr: { selector: LOCAL_TABLE, base: BigInt(LDT), limit: LDT_LIMIT, attributes: 0x82 },
      tr: { selector: TASK, base: BigInt(TSS), limit: TSS_LIMIT, attributes: 0x8b },
      gdtr: { base: BigInt(GDT), limit: GDT_LIMIT },
      idtr: { base: BigInt(IDT), limit: 0xfff },
      cr0: CR0,
      cr3: BigInt(PHYSICAL.pageTables),
      cr4: CR4,
      xcr0: 3n,
      msrs: { ...state.msrs, [IA32_EFER]: EFER },
      halted: false,
    });
  }
}

const NO_DEVICES: VcpuBus = {
  portRead: () => 0xff,
  portWrite: () => undefined,
  mmioRead: () => 0xffff_ffff,
  mmioWrite: () => undefined,
  acknowledgeInterrupt: () => -1,
  readTaskPriority: () => 0,
  writeTaskPriority: () => undefined,
  readMsr: () => undefined,
  writeMsr: () => false,
  setFloatingPointError: () => false,
  nowNs: () => 0,
  deadlineNs: () => Infinity,
};
