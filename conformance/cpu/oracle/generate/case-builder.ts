import type { Random } from '../../fp/random.js';
import type { CaseMemory } from '../case-memory.js';
import {
  CODE,
  DATA,
  DATA_BYTES,
  DATA_PAGES,
  EDGE,
  EDGE_PAIRS,
  FRAME_BYTES,
  FRAMES,
  FRAMES_BYTES,
  HOLE,
  HOLE_BYTES,
  PAGE,
  SLOT_BYTES,
  SLOT_ENTRY,
} from '../layout.js';
import { RECORD, START_OF_REGISTER } from '../record.js';
import { FLAT_DATA, localSegment, USER_CODE_32, USER_CODE_64, type LocalName, type Segment } from '../segments.js';
import { integerInto } from './values.js';

/** Which code runs: 64-bit; 32-bit with flat segments; 32- and 16-bit with segments that are confined to the cases' memory. */
export const MODES = ['long', 'flat32', 'segmented32', 'segmented16'] as const;
export type Mode = (typeof MODES)[number];

export const RAX = 0;
export const RCX = 1;
export const RDX = 2;
export const RBX = 3;
export const RSP = 4;
export const RBP = 5;
export const RSI = 6;
export const RDI = 7;

export type SegmentIndex = 0 | 1 | 2 | 3 | 4 | 5;
export const ES = 0;
export const CS = 1;
export const SS = 2;
export const DS = 3;
export const FS = 4;
export const GS = 5;

const NULL_SEGMENT: Segment = { selector: 0, base: 0, limit: -1, expandDown: false, wide: true };
const FLAT_64: Segment = { ...FLAT_DATA, selector: 0 };

/** IF is always set: programs run with interrupts enabled and cannot change that. */
const INTERRUPTS = 0x202;
/** CF, PF, AF, ZF, SF, DF, OF. */
const RANDOM_FLAGS = 0xcd5;
const TRAP = 0x100;
const ALIGNMENT = 0x4_0000;
const RARE_FLAGS = 0x20_4000;

/** The start of one case while it is being made up. */
export class CaseBuilder {
  readonly gpr = new BigUint64Array(16);
  readonly gpr32 = new Uint32Array(this.gpr.buffer);
  /** Registers something depends on already, as bits. */
  locked = 0;
  mode: Mode = 'long';
  flags = INTERRUPTS;
  /** Linear address of the instruction. */
  rip = 0;
  index = 0;
  readonly segments: Segment[] = [];
  fsBase = 0n;
  gsBase = 0n;
  /** What the memory of the batch still has room for. */
  private edgesUsed = 0;
  /** A locked access: one that crosses a cache line may stop the host for long, or for ever if it faults. */
  locks = false;
  /** Prefixes come as often as not, so that rare combinations of them are met. */
  eager = false;
  /** Where memory operands lie, if it must be a certain place. */
  fixedLinear: number | undefined;

  constructor(
    readonly random: Random,
    readonly memory: CaseMemory,
    private readonly records: DataView,
  ) {}

  startBatch(): void {
    this.edgesUsed = 0;
  }

  begin(index: number, mode: Mode): void {
    this.index = index;
    this.mode = mode;
    this.locked = 0;
    this.fixedLinear = undefined;
    this.locks = false;
    this.rip = CODE + index * SLOT_BYTES + SLOT_ENTRY;
    this.chooseSegments();
    const { random } = this;
    for (let i = 0; i < 16; i++) integerInto(random, this.gpr32, i * 2);
    if (mode !== 'long') for (let i = 0; i < 8; i++) this.gpr32[i * 2 + 1] = 0;
    const rare = random.below(32);
    this.flags =
      INTERRUPTS |
      (random.u32() & RANDOM_FLAGS) |
      (rare === 0 ? TRAP : 0) |
      (rare === 1 || rare === 2 ? ALIGNMENT : 0) |
      (rare === 3 ? RARE_FLAGS : 0);
  }

  /** Whether the instruction lies in its slot, with room behind it. */
  get inSlot(): boolean {
    return this.rip < EDGE;
  }

  get registersLeft(): number {
    const all = this.long ? 16 : 8;
    return Array.from({ length: all }, (_, register) => register).filter((register) => this.isFree(register)).length;
  }

  get long(): boolean {
    return this.mode === 'long';
  }

  /** Bytes of the default operand size outside 64-bit mode and of legacy addresses. */
  get width(): 2 | 4 {
    return this.mode === 'segmented16' ? 2 : 4;
  }

  /** Bytes of the stack pointer. */
  get stackWidth(): 2 | 4 | 8 {
    if (this.long) return 8;
    return this.segments[SS]!.wide ? 4 : 2;
  }

  /** Whether something optional is done this time: once in so many. */
  chance(of: number): boolean {
    return this.random.below(this.eager ? 2 : of) === 0;
  }

  set(register: number, value: bigint): void {
    this.gpr[register] = value;
    this.locked |= 1 << register;
  }

  /** Sets the low `bytes` of a register, the others stay random in 64-bit code. */
  setLow(register: number, value: bigint, bytes: number): void {
    const bits = bytes * 8;
    const keep = this.long || bytes < 4 ? (this.gpr[register]! >> BigInt(bits)) << BigInt(bits) : 0n;
    this.set(register, keep | BigInt.asUintN(bits, value));
  }

  /** @returns what puts registers back, for an instruction that is not to be one of the case after all */
  keepRegisters(): () => void {
    const values = this.gpr.slice();
    const { locked } = this;
    return () => {
      this.gpr.set(values);
      this.locked = locked;
    };
  }

  isFree(register: number): boolean {
    return (this.locked & (1 << register)) === 0;
  }

  /** Puts bytes where the case will find them, as far as that is writable memory. */
  poke(linear: number, bytes: ArrayLike<number>): void {
    for (let i = 0; i < bytes.length; i++) {
      const at = linear + i - DATA;
      if (at >= 0 && at < DATA_BYTES && DATA_PAGES[at >>> 12] === 'write') this.memory.data[at] = bytes[i]!;
      const frame = linear + i - FRAMES;
      if (frame >= 0 && frame < FRAMES_BYTES) this.memory.frames[frame] = bytes[i]!;
    }
  }

  pokeInteger(linear: number, value: bigint, bytes: number): void {
    for (let i = 0; i < bytes; i++) this.poke(linear + i, [Number((value >> BigInt(8 * i)) & 0xffn)]);
  }

  /** Moves the instruction so that it ends with a page, or crosses into one that is not there. */
  moveToPageEnd(length: number): void {
    if (this.edgesUsed === EDGE_PAIRS || this.mode.startsWith('segmented')) return;
    const end = EDGE + this.edgesUsed++ * 2 * PAGE + PAGE;
    this.rip = end - (this.random.below(2) === 0 ? length : 1 + this.random.below(length));
  }

  /** A code address that holds only filler, or nothing. */
  branchTarget(): number {
    const { random } = this;
    const slot = this.slot;
    switch (random.below(10)) {
      case 0:
        return HOLE + random.below(HOLE_BYTES);
      case 1:
        return DATA + random.below(DATA_BYTES);
      default:
        return this.fillerNear(slot);
    }
  }

  /** In flat code: makes memory operands lie where nothing else writes. They hold addresses to jump to. */
  useFrame(bytes: number): void {
    if (this.mode.startsWith('segmented')) return;
    this.fixedLinear = FRAMES + this.index * FRAME_BYTES + this.random.below(FRAME_BYTES + 1 - bytes);
  }

  get slot(): number {
    return CODE + this.index * SLOT_BYTES;
  }

  fillerNear(slot: number): number {
    const { random } = this;
    return random.below(2) === 0 ? slot + random.below(SLOT_ENTRY) : slot + 96 + random.below(SLOT_BYTES - 96);
  }

  get codeBase(): number {
    return this.segments[CS]!.base;
  }

  /** Writes instruction and state into the batch. */
  finish(code: readonly number[]): void {
    const at = this.index * RECORD.bytes;
    const { records, memory } = this;
    if (this.rip >= EDGE) {
      const offset = this.rip - EDGE;
      const room = PAGE - (offset % PAGE);
      for (let i = 0; i < Math.min(room, code.length); i++) memory.edge[offset + i] = code[i]!;
    } else {
      for (let i = 0; i < code.length; i++) memory.code[this.rip - CODE + i] = code[i]!;
    }
    for (let i = 0; i < 16; i++) records.setBigUint64(at + START_OF_REGISTER[i]!, this.gpr[i]!, true);
    records.setBigUint64(at + RECORD.rip, BigInt((this.rip - this.codeBase) >>> 0), true);
    records.setBigUint64(at + RECORD.cs, BigInt(this.segments[CS]!.selector), true);
    records.setBigUint64(at + RECORD.ss, BigInt(this.segments[SS]!.selector), true);
    records.setBigUint64(at + RECORD.rflags, BigInt(this.flags), true);
    [DS, ES, FS, GS].forEach((segment, i) =>
      records.setUint16(at + RECORD.selectors + i * 2, this.segments[segment]!.selector, true),
    );
    records.setBigUint64(at + RECORD.fsBase, this.fsBase, true);
    records.setBigUint64(at + RECORD.gsBase, this.gsBase, true);
  }

  private chooseSegments(): void {
    const { random, segments } = this;
    this.fsBase = this.gsBase = 0n;
    switch (this.mode) {
      case 'long':
        segments[CS] = { ...FLAT_64, selector: USER_CODE_64 };
        segments[SS] = FLAT_DATA;
        for (const segment of [ES, DS, FS, GS]) segments[segment] = random.below(4) === 0 ? FLAT_DATA : FLAT_64;
        this.fsBase = longBase(random);
        this.gsBase = longBase(random);
        return;
      case 'flat32':
        segments[CS] = { ...FLAT_DATA, selector: USER_CODE_32 };
        for (const segment of [ES, SS, DS])
          segments[segment] = random.below(8) === 0 ? localSegment('flatData') : FLAT_DATA;
        for (const segment of [FS, GS]) segments[segment] = this.dataSegment();
        break;
      default: {
        const wide = this.mode === 'segmented32';
        segments[CS] = localSegment(!wide ? 'code16' : random.below(8) === 0 ? 'unreadableCode32' : 'code32');
        segments[SS] = localSegment(this.usual(wide, ['data32', 'data16', 'small', 'odd', 'expandDown16']));
        for (const segment of [ES, DS, FS, GS]) segments[segment] = this.dataSegment();
      }
    }
    this.fsBase = BigInt(segments[FS]!.base);
    this.gsBase = BigInt(segments[GS]!.base);
  }

  private usual(wide: boolean, others: readonly LocalName[]): LocalName {
    if (this.random.below(4) > 0) return wide ? 'data32' : 'data16';
    return this.random.pick(others);
  }

  private dataSegment(): Segment {
    const { random } = this;
    const odd = random.below(24);
    if (odd === 0) return NULL_SEGMENT;
    if (odd === 1) return localSegment('code32');
    const wide = this.mode !== 'segmented16';
    return localSegment(this.usual(wide, ['data32', 'data16', 'readOnly', 'small', 'odd', 'expandDown16']));
  }
}

/** Far from what Linux, the C library and V8 place in a process. */
const NOBODYS = 0x4800_0000_0000n;

/** Bases from which the cases' memory can be reached; most are near it. */
function longBase(random: Random): bigint {
  switch (random.below(4)) {
    case 0:
      return 0n;
    case 1:
      return BigInt(DATA + random.below(DATA_BYTES));
    case 2:
      return BigInt(random.below(DATA));
    default:
      return NOBODYS + BigInt(random.u32());
  }
}
