import { openBus, type AccessSize } from '../../src/main/vmm/bus/access.js';
import type { VcpuBus, VcpuEngine, VcpuExit } from '../../src/main/vmm/cpu/engine.js';
import type { CpuState, GeneralRegister, SegmentState } from '../../src/main/vmm/cpu/registers.js';
import type { VcpuFactory } from '../../src/main/vmm/machine/machine-ports.js';
import { GuestMemory } from '../../src/main/vmm/memory/guest-memory.js';
import { RAM_OFFSET } from '../../src/main/vmm/memory/layout.js';
import { ATTRIBUTES, descriptor, DPL3, gate, GATE, GDT_BYTES, MAP, SELECTOR, TSS_BYTES } from './lab-map.js';

/** `compat` modes are 32- and 16-bit code under long mode; `v86` runs at CPL 3 with EFLAGS.VM. */
export type LabMode = 'real' | 'prot16' | 'prot32' | 'long' | 'compat32' | 'compat16' | 'v86';

export interface LabOptions {
  readonly mode: LabMode;
  readonly cpl?: 0 | 3;
  /** Added to what the mode needs. */
  readonly rflags?: bigint;
  readonly cr0?: bigint;
  readonly cr4?: bigint;
  readonly efer?: bigint;
  /** 4 KiB pages below 2 MiB in legacy modes; long mode always has them. */
  readonly paging?: 'none' | 'legacy';
}

/** How a run ended: the vector whose stub it halted in, or the HLT of its own code, or without either. */
export interface Outcome {
  /** Number of the vector, or `end` for the code's own HLT, or the exit's reason. */
  readonly event: number | 'end' | VcpuExit['reason'];
  /** Pushed for the vectors that have one. */
  readonly error: number | undefined;
  /** CS and instruction pointer in the handler's frame, as an offset from the code's start. */
  readonly at: number | undefined;
  readonly state: CpuState;
}

const RAM_BYTES = 4 << 20;
const ERROR_CODE_VECTORS = new Set([8, 10, 11, 12, 13, 14, 17]);
const STUB_BYTES = 16;
const HLT = 0xf4;
const LME_LMA = 0x500n;
const PE = 1n;
const PG = 1n << 31n;
const PAE = 1n << 5n;
const FXSR_XMM = 0x600n;
const VM = 1n << 17n;

/** A processor on 4 MiB of memory, put into any mode and ring, with a handler that halts behind every vector. */
export class Lab {
  readonly memory = new GuestMemory(RAM_BYTES, 1 << 20);
  readonly engine: VcpuEngine;
  readonly portWrites: { port: number; value: number; size: AccessSize }[] = [];
  /** What the interrupt controller answers with. */
  vector = -1;
  taskPriority = 0;
  /** Called on each port write: where a device acts at a known instruction. */
  onPortWrite: (port: number, value: number) => void = () => undefined;

  constructor(
    create: VcpuFactory,
    private readonly options: LabOptions,
  ) {
    this.memory.mapRam(0, RAM_OFFSET, RAM_BYTES);
    this.engine = create(this.memory, this.bus());
    this.writeStubs();
    this.writeTables();
    this.engine.loadState(this.initialState());
  }

  get long(): boolean {
    return ['long', 'compat32', 'compat16'].includes(this.options.mode);
  }

  get state(): CpuState {
    return this.engine.saveState();
  }

  set(changes: Partial<CpuState>): this {
    this.engine.loadState({ ...this.state, ...changes });
    return this;
  }

  registers(values: Partial<Record<GeneralRegister, bigint>>): this {
    return this.set({ general: { ...this.state.general, ...values } });
  }

  /** Overwrites hidden parts of a segment register. */
  segment(name: keyof CpuState['segments'], changes: Partial<SegmentState>): this {
    const { segments } = this.state;
    return this.set({ segments: { ...segments, [name]: { ...segments[name], ...changes } } });
  }

  msr(index: number, value: bigint): this {
    return this.set({ msrs: { ...this.state.msrs, [index]: value } });
  }

  /** Writes code, followed by a HLT, and points the processor at it. */
  load(code: Uint8Array, at: number = MAP.code): this {
    this.memory.write(at, Uint8Array.from([...code, HLT]));
    return this.set({ rip: BigInt(at) - this.state.segments.cs.base });
  }

  /** Runs what was loaded to its end. */
  run(budget = 100_000): Outcome {
    this.set({ halted: false });
    return this.finish(budget);
  }

  /** Goes on without touching the processor's state. */
  finish(budget = 100_000): Outcome {
    let exit = this.engine.run(budget);
    for (let i = 0; i < 50 && (exit.reason === 'budget' || exit.reason === 'interrupted'); i++)
      exit = this.engine.run(budget);
    return this.outcome(exit);
  }

  /** Loads and runs. */
  execute(code: Uint8Array): Outcome {
    return this.load(code).run();
  }

  read32(address: number): number {
    return this.memory.read32(address);
  }

  write32(address: number, value: number): this {
    this.memory.write32(address, value >>> 0);
    return this;
  }

  write64(address: number, value: bigint): this {
    return this.write32(address, Number(value & 0xffff_ffffn)).write32(
      address + 4,
      Number((value >> 32n) & 0xffff_ffffn),
    );
  }

  read64(address: number): bigint {
    return BigInt(this.read32(address)) | (BigInt(this.read32(address + 4)) << 32n);
  }

  /** A descriptor at `SELECTOR.free` plus 8 × `index`. @returns its selector */
  describe(index: number, value: bigint, upper?: bigint): number {
    const selector = SELECTOR.free + index * 8;
    this.write64(MAP.gdt + selector, value);
    if (upper !== undefined) this.write64(MAP.gdt + selector + 8, upper);
    return selector;
  }

  /** Replaces the handler of a vector. */
  handler(vector: number, low: bigint, high = 0n): this {
    const size = this.long ? 16 : 8;
    this.write64(MAP.idt + vector * size, low);
    if (this.long) this.write64(MAP.idt + vector * size + 8, high);
    return this;
  }

  /** Lets user code call a vector. */
  openGate(vector: number): this {
    const selector = this.long ? SELECTOR.code64 : SELECTOR.code32;
    return this.handler(vector, gate(selector, MAP.stubs + vector * STUB_BYTES, GATE.interrupt32, 3));
  }

  /** Address of the entry that maps a page below 2 MiB. */
  pageEntry(address: number): number {
    return MAP.pageTables + (this.long ? 0x3000 : 0x5000) + (address >>> 12) * (this.long ? 8 : 4);
  }

  /** The value at `index` on the handler's stack. */
  stack(state: CpuState, index: number): number {
    const { ss } = state.segments;
    const width = this.options.mode === 'real' ? 2 : this.long ? 8 : 4;
    const mask = ss.attributes & 0x4000 || this.long ? 0xffff_ffffn : 0xffffn;
    const at = Number((this.long ? 0n : ss.base) + (state.general.rsp & mask)) + index * width;
    return width === 2 ? this.memory.read16(at) : this.read32(at);
  }

  private outcome(exit: VcpuExit): Outcome {
    const { state } = this;
    const linear = Number((state.segments.cs.base + state.rip) & 0xffff_ffffn);
    const vector = Math.floor((linear - 1 - MAP.stubs) / STUB_BYTES);
    const none = { error: undefined, at: undefined, state };
    if (exit.reason !== 'halt') return { event: exit.reason, ...none };
    if (vector < 0 || vector > 255) return { event: 'end', ...none };
    const hasError = this.options.mode !== 'real' && ERROR_CODE_VECTORS.has(vector);
    const ip = this.stack(state, hasError ? 1 : 0);
    const base = ['real', 'v86', 'prot16', 'compat16'].includes(this.options.mode) ? 0 : MAP.code;
    return { event: vector, error: hasError ? this.stack(state, 0) : undefined, at: ip - base, state };
  }

  private writeStubs(): void {
    for (let vector = 0; vector < 256; vector++) this.memory.write8(MAP.stubs + vector * STUB_BYTES, HLT);
  }

  private writeTables(): void {
    const { mode } = this.options;
    const flat = 0xfffff;
    const entries: readonly (readonly [selector: number, value: bigint])[] = [
      [SELECTOR.code32, descriptor(0, flat, ATTRIBUTES.code32)],
      [SELECTOR.data, descriptor(0, flat, ATTRIBUTES.data)],
      [SELECTOR.code64, descriptor(0, flat, ATTRIBUTES.code64)],
      [SELECTOR.userCode32, descriptor(0, flat, ATTRIBUTES.code32 | DPL3)],
      [SELECTOR.userData, descriptor(0, flat, ATTRIBUTES.data | DPL3)],
      [SELECTOR.userCode64, descriptor(0, flat, ATTRIBUTES.code64 | DPL3)],
      [SELECTOR.code16, descriptor(MAP.code, 0xffff, ATTRIBUTES.code16)],
      [SELECTOR.data16, descriptor(0, 0xffff, ATTRIBUTES.data16)],
      [SELECTOR.userCode16, descriptor(MAP.code, 0xffff, ATTRIBUTES.code16 | DPL3)],
      [SELECTOR.userData16, descriptor(0, 0xffff, ATTRIBUTES.data16 | DPL3)],
      [SELECTOR.tss, descriptor(MAP.tss, TSS_BYTES - 1, ATTRIBUTES.tss)],
      [SELECTOR.ldt, descriptor(MAP.ldt, 0x7f, ATTRIBUTES.ldt)],
      [SELECTOR.conforming, descriptor(0, flat, ATTRIBUTES.conforming)],
      [SELECTOR.conforming64, descriptor(0, flat, ATTRIBUTES.conforming64)],
    ];
    for (const [selector, value] of entries) this.write64(MAP.gdt + selector, value);
    const code = this.long ? SELECTOR.code64 : SELECTOR.code32;
    for (let vector = 0; vector < 256; vector++) {
      const stub = MAP.stubs + vector * STUB_BYTES;
      if (mode === 'real') this.write32(vector * 4, ((MAP.stubs >>> 4) << 16) | (vector * STUB_BYTES));
      else this.handler(vector, gate(code, stub, GATE.interrupt32));
    }
    if (this.long) this.write64(MAP.tss + 4, BigInt(MAP.ring0Stack)).write64(MAP.tss + 36, BigInt(MAP.interruptStack));
    else this.write32(MAP.tss + 4, MAP.ring0Stack).write32(MAP.tss + 8, SELECTOR.data);
    this.memory.write16(MAP.tss + 0x66, TSS_BYTES); // no I/O permission bitmap
    this.writePageTables();
  }

  /** The user's stack, code and data are the user's; all is writable, the first 2 MiB in 4 KiB pages. */
  private writePageTables(): void {
    const tables = MAP.pageTables;
    this.write64(tables, BigInt(tables + 0x1000) | 7n);
    this.write64(tables + 0x1000, BigInt(tables + 0x2000) | 7n);
    this.write64(tables + 0x2000, BigInt(tables + 0x3000) | 7n).write64(tables + 0x2008, 0x20_0087n);
    this.write32(tables + 0x4000, (tables + 0x5000) | 7);
    for (let page = 0; page < 512; page++) {
      const address = page * 4096;
      const user = address === MAP.userStack - 4096 || (address >= MAP.code && address < MAP.pageTables);
      this.write64(tables + 0x3000 + page * 8, BigInt(address | (user ? 7 : 3)));
      this.write32(tables + 0x5000 + page * 4, address | (user ? 7 : 3));
    }
  }

  private initialState(): CpuState {
    const { mode, cpl = mode === 'v86' ? 3 : 0, rflags = 0n, cr0 = 0n, cr4 = 0n, efer = 0n, paging } = this.options;
    const state = this.state;
    const real = mode === 'real';
    const paged = this.long || paging === 'legacy';
    const system = (selector: number, base: number, limit: number, attributes: number): SegmentState => ({
      selector, base: BigInt(base), limit, attributes,
    }); // prettier-ignore
    return {
      ...state,
      general: {
        ...Object.fromEntries(Object.keys(state.general).map((name) => [name, 0n])),
        rsp: BigInt(cpl === 3 ? MAP.userStack : MAP.ring0Stack),
      } as CpuState['general'],
      rflags: 2n | rflags | (mode === 'v86' ? VM : 0n),
      cr0: 0x10n | cr0 | (real ? 0n : PE) | (paged ? PG : 0n),
      cr3: BigInt(MAP.pageTables + (this.long ? 0 : 0x4000)),
      cr4: FXSR_XMM | cr4 | (this.long ? PAE : 0n),
      msrs: { ...state.msrs, 0xc000_0080: efer | (this.long ? LME_LMA : 0n) },
      segments: this.segments(cpl),
      tr: real ? state.tr : system(SELECTOR.tss, MAP.tss, TSS_BYTES - 1, ATTRIBUTES.tss),
      gdtr: { base: BigInt(MAP.gdt), limit: GDT_BYTES - 1 },
      idtr: real ? { base: 0n, limit: 0x3ff } : { base: BigInt(MAP.idt), limit: 0xfff },
    };
  }

  private segments(cpl: 0 | 3): CpuState['segments'] {
    const { mode } = this.options;
    const user = cpl === 3;
    const dpl = user ? DPL3 : 0;
    const flat = (selector: number, attributes: number): SegmentState => ({
      selector: selector | cpl, base: 0n, limit: 0xffff_ffff, attributes: attributes | dpl,
    }); // prettier-ignore
    const small = (selector: number, base: number, attributes: number): SegmentState => ({
      selector, base: BigInt(base), limit: 0xffff, attributes,
    }); // prettier-ignore
    let code: SegmentState;
    let data: SegmentState;
    if (mode === 'real' || mode === 'v86') {
      const attributes = mode === 'v86' ? 0xf3 : 0x93;
      code = small(MAP.code >>> 4, MAP.code, mode === 'v86' ? 0xf3 : 0x9b);
      data = small(0, 0, attributes);
    } else if (mode === 'prot16' || mode === 'compat16') {
      code = small((user ? SELECTOR.userCode16 : SELECTOR.code16) | cpl, MAP.code, ATTRIBUTES.code16 | dpl);
      data = small((user ? SELECTOR.userData16 : SELECTOR.data16) | cpl, 0, ATTRIBUTES.data16 | dpl);
    } else {
      const wide = mode === 'long';
      const codeSelector = user
        ? wide ? SELECTOR.userCode64 : SELECTOR.userCode32
        : wide ? SELECTOR.code64 : SELECTOR.code32; // prettier-ignore
      code = flat(codeSelector, wide ? ATTRIBUTES.code64 : ATTRIBUTES.code32);
      data = flat(user ? SELECTOR.userData : SELECTOR.data, ATTRIBUTES.data);
    }
    return { cs: code, ds: data, es: data, ss: data, fs: data, gs: data };
  }

  private bus(): VcpuBus {
    return {
      portRead: (_port, size) => openBus(size),
      portWrite: (port, value, size) => {
        this.portWrites.push({ port, value, size });
        this.onPortWrite(port, value);
      },
      mmioRead: (_address, size) => openBus(size),
      mmioWrite: () => undefined,
      acknowledgeInterrupt: () => this.takeInterrupt(),
      readTaskPriority: () => this.taskPriority,
      writeTaskPriority: (priority) => void (this.taskPriority = priority),
      readMsr: () => undefined,
      writeMsr: () => false,
      setFloatingPointError: () => false,
      nowNs: () => 0,
      deadlineNs: () => Infinity,
    };
  }

  /** One interrupt for each request. */
  private takeInterrupt(): number {
    this.engine.setInterruptRequest(false);
    return this.vector;
  }
}
