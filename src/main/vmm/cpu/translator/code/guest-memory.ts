import {
  BOUNCE,
  SEG_BASE,
  SEG_READ_END,
  SEG_WRITE_END,
  SEGMENT_SIZE,
  SEGMENTS,
  TLB_ENTRIES,
  TLB_TABLE_SIZE,
} from '../../core/layout.js';
import type { Decoded, MemoryOperand } from '../decode/decoded.js';
import { CS, FS } from '../decode/decode.js';
import { FunctionCode } from '../wasm/function-code.js';
import { I32, I64, Wasm } from '../wasm/wasm-op.js';
import { PAGE_BYTES } from '../region/blocks.js';
import { AccessGroups, FIRST_PAGE, NO_VALUE, type AccessGroup, type Place } from './access-groups.js';
import type { RegionExits } from './exits.js';
import type { GuestRegisters } from './guest-registers.js';
import { importIndex } from './imports.js';
import { LinearAddress } from './linear-address.js';
import type { KnownValue } from './register-values.js';
import { PAGE_RIP_LOCAL, TLB_TABLE, type RegionLocals } from './region-locals.js';

export type AccessBytes = 1 | 2 | 4 | 8 | 10 | 16;

/** Bytes that are looked up together: from the first to behind the last, as distances, and whether any is written. */
type Reach = Pick<AccessGroup, 'from' | 'to' | 'writes'>;

/** How an instruction accesses memory. */
interface Access {
  readonly bytes: AccessBytes;
  readonly writes: boolean;
  /** Whether it faults at addresses that are no multiples of VECTOR_BYTES. */
  readonly aligned: boolean;
}

const VECTOR_BYTES = 16;

/** What code behind a place may go by. */
export interface KnownAccesses {
  readonly values: readonly KnownValue[];
  readonly groups: readonly AccessGroup[];
}

/** Guest memory as regions reach it: effective address → linear address → host pointer by the core's TLB. */
export class RegionMemory {
  private readonly groups: AccessGroups;
  /** Of the current block: number of its page, and constructs open around it. */
  private page = 0;
  private nesting = 0;
  private misses = false;
  /** The local that is not 0 once the current instruction has written across pages, and whether it may have. */
  private bounced: number | undefined;
  private mayBounce = false;

  constructor(
    private readonly code: FunctionCode,
    private readonly locals: RegionLocals,
    private readonly registers: GuestRegisters,
    private readonly exits: RegionExits,
  ) {
    this.groups = new AccessGroups(locals);
    this.nesting = code.nesting;
  }

  /** Whether a region can compute a memory operand's linear address. */
  static reaches({ memory, long }: Decoded): boolean {
    return memory === undefined || long || memory.segment !== CS;
  }

  /** Pushes an instruction's effective address (what LEA computes), as i64. */
  pushEffective({ memory, addressBytes }: Decoded): void {
    const { code } = this;
    if (addressBytes === 8) this.push64(memory!);
    else {
      this.push32(memory!);
      code.op(Wasm.i64ExtendI32U);
    }
  }

  /**
   * The linear address of an instruction's memory operand.
   * @param distance temporary (i64) with what is added to the effective address, if anything
   */
  linear(instruction: Decoded, bytes: AccessBytes, access: 'read' | 'write', distance?: number): LinearAddress {
    const { code } = this;
    if (distance === undefined && instruction.memory!.segment < FS)
      return new LinearAddress(code, this.locals, () => this.pushEffective(instruction), this.placeOf(instruction));
    this.pushEffective(instruction);
    if (distance !== undefined) {
      code.get(distance).op(Wasm.i64Add);
      if (instruction.addressBytes === 4) code.i64(0xffff_ffff).op(Wasm.i64And);
    }
    const address = this.locals.temporary(I64);
    code.set(address);
    if (instruction.memory!.segment >= FS) this.addBase(instruction, address, bytes, access);
    return new LinearAddress(code, this.locals, () => code.get(address));
  }

  /** The linear address of a register plus a distance, cut to the stack pointer's width. */
  offsetFrom(register: number, distance: number, long: boolean): LinearAddress {
    const { registers } = this;
    const { value, plus } = registers.values.of(register);
    const push = (): void => registers.pushSum(register, distance, long);
    return new LinearAddress(this.code, this.locals, push, {
      base: value,
      index: NO_VALUE,
      scale: 0,
      distance: plus + distance,
    });
  }

  /**
   * Where code is written from here on.
   * @param page number of the block's page
   * @param misses whether the TLB often lacks what the block accesses
   * @param known what holds on its only way in
   */
  enterBlock(page: number, misses: boolean, known?: KnownAccesses): void {
    this.page = page;
    this.misses = misses;
    this.nesting = this.code.nesting;
    this.registers.values.restore(known?.values);
    this.groups.restore(known?.groups);
  }

  /** What a block that only comes behind this place may go by. */
  knownHere(): KnownAccesses {
    return { values: this.registers.values.snapshot(), groups: this.groups.snapshot() };
  }

  /** What was looked up no longer holds: registers may be others, and pages elsewhere. */
  forget(): void {
    this.registers.values.restore();
    this.groups.restore();
  }

  /** Where an operand lies, unless its address is computed in another width than the mode's. */
  private placeOf({ memory, addressBytes, long }: Decoded): Place | undefined {
    const { base, index, scale, displacement, pageRelative } = memory!;
    if (addressBytes !== (long ? 8 : 4)) return undefined;
    const { values } = this.registers;
    const first = base === undefined ? undefined : values.of(base);
    const second = index === undefined ? undefined : values.of(index);
    return {
      base: pageRelative ? FIRST_PAGE : (first?.value ?? NO_VALUE),
      index: second?.value ?? NO_VALUE,
      scale: second ? scale : 0,
      distance:
        displacement +
        (first?.plus ?? 0) +
        (second?.plus ?? 0) * 2 ** scale +
        (pageRelative ? this.page * PAGE_BYTES : 0),
    };
  }

  /** Makes an offset into a segment's linear address; out of its limit, the instruction is left to the interpreter. */
  private addBase({ long, memory }: Decoded, address: number, bytes: AccessBytes, access: 'read' | 'write'): void {
    const { code } = this;
    const segment = SEGMENTS + memory!.segment * SEGMENT_SIZE;
    if (!long) {
      const end = segment + (access === 'read' ? SEG_READ_END : SEG_WRITE_END);
      code.get(address).i64(bytes).op(Wasm.i64Add).i32(0).memory(Wasm.i64Load, end).op(Wasm.i64GtU);
      this.exits.stepIf();
    }
    code
      .get(address)
      .i32(0)
      .memory(Wasm.i64Load, segment + SEG_BASE)
      .op(Wasm.i64Add);
    if (!long) code.i64(0xffff_ffff).op(Wasm.i64And);
    code.set(address);
  }

  /** Pushes the host pointer to read `bytes` at a linear address; `aligned`: that must be a multiple of 16. */
  pushReadPointer(address: LinearAddress, bytes: AccessBytes, aligned = false): void {
    this.pushPointer(address, { bytes, writes: false, aligned });
  }

  /** Pushes the host pointer to write, or to read and write, `bytes` at a linear address. */
  pushWritePointer(address: LinearAddress, bytes: AccessBytes, aligned = false): void {
    this.pushPointer(address, { bytes, writes: true, aligned });
  }

  private push64({ base, index, scale, displacement, pageRelative }: MemoryOperand): void {
    const { code } = this;
    let terms = 0;
    const sum = (): void => {
      if (terms++ > 0) code.op(Wasm.i64Add);
    };
    if (pageRelative) {
      code.get(PAGE_RIP_LOCAL);
      sum();
    }
    if (base !== undefined) {
      this.registers.push64(base);
      sum();
    }
    if (index !== undefined) {
      this.registers.push64(index);
      if (scale) code.i64(scale).op(Wasm.i64Shl);
      sum();
    }
    if (displacement !== 0 || terms === 0) {
      code.i64(displacement);
      sum();
    }
  }

  private push32({ base, index, scale, displacement, pageRelative }: MemoryOperand): void {
    const { code } = this;
    let terms = 0;
    const sum = (): void => {
      if (terms++ > 0) code.op(Wasm.i32Add);
    };
    if (pageRelative) {
      code.get(PAGE_RIP_LOCAL).op(Wasm.i32WrapI64);
      sum();
    }
    if (base !== undefined) {
      this.registers.push64(base);
      code.op(Wasm.i32WrapI64);
      sum();
    }
    if (index !== undefined) {
      this.registers.push64(index);
      code.op(Wasm.i32WrapI64);
      if (scale) code.i32(scale).op(Wasm.i32Shl);
      sum();
    }
    if (displacement !== 0 || terms === 0) {
      code.i32(displacement);
      sum();
    }
  }

  private pushPointer(address: LinearAddress, access: Access): void {
    const { code, groups } = this;
    const { bytes, writes, aligned } = access;
    const { place } = address;
    // What is done on some ways only says nothing about the others.
    if (!place || this.misses || code.nesting !== this.nesting) return this.lookUp(address, access);
    const group = groups.join(place, bytes, writes);
    if (!group) return this.lookUp(address, access, groups.begin(place, bytes, writes, aligned));
    const distance = group.distance(place);
    if (aligned && !(group.aligned && distance % VECTOR_BYTES === 0)) this.requireAligned(address);
    code.get(group.pointer);
    if (distance !== 0) code.i32(distance).op(Wasm.i32Add);
  }

  private requireAligned(address: LinearAddress): void {
    this.code
      .get(address.inLocal())
      .op(Wasm.i32WrapI64)
      .i32(VECTOR_BYTES - 1)
      .op(Wasm.i32And);
    this.exits.stepIf();
  }

  /**
   * Looks an address up in the TLB, and with it the others of its group. What crosses a page never matches a tag, and what
   * is not aligned as it must be does not either. A miss is left to the interpreter: a call in its place would cost V8 twice
   * as much to compile, and registers around it.
   */
  private lookUp(address: LinearAddress, { bytes, writes, aligned }: Access, group?: AccessGroup): void {
    const { code } = this;
    const local = address.inLocal();
    const entry = this.locals.temporary(I32);
    const reach: Reach = group ?? { from: 0, to: bytes, writes };
    // How far a group reaches is known at its end.
    const write = (fill: (part: FunctionCode) => void): void => {
      if (!group) return fill(code);
      code.gap(() => {
        const part = new FunctionCode();
        fill(part);
        return part;
      });
    };
    if (this.misses && aligned) this.requireAligned(address);
    write((part) => pushTags(part, local, entry, reach, aligned));
    if (this.misses) return this.lookUpCold(local, entry, bytes, writes);
    code.op(Wasm.i64Ne);
    this.exits.missIf();
    write((part) => {
      pushKnown(part, local, entry, reach.writes);
      if (group && group.accesses > 1) part.tee(group.pointer);
    });
  }

  /** Pushes the host pointer by a function of the core if the tags on the stack differ. */
  private lookUpCold(local: number, entry: number, bytes: AccessBytes, writes: boolean): void {
    const { code } = this;
    const pointer = this.locals.temporary(I32);
    code.op(Wasm.i64Eq).openIf('likely', I32);
    pushKnown(code, local, entry, writes);
    code.else();
    code
      .get(local)
      .i32(bytes)
      .call(importIndex(writes ? 'writeCold' : 'readCold'))
      .tee(pointer)
      .op(Wasm.i32Eqz);
    this.exits.stepIf();
    if (writes) {
      this.mayBounce = true;
      this.bounced ??= this.locals.permanent(I32);
      code.get(pointer).i32(BOUNCE).op(Wasm.i32Eq).set(this.bounced);
    }
    code.get(pointer).end();
  }

  /** Behind an instruction: stores what it wrote across pages. */
  finishInstruction(): void {
    const { code, bounced, mayBounce } = this;
    this.mayBounce = false;
    if (!mayBounce || bounced === undefined) return;
    code.get(bounced).openIf('unlikely');
    code.call(importIndex('commitSplit')).i32(0).set(bounced);
    code.end();
  }
}

/** Distance of a TLB from that for reading. */
function tableOf(writes: boolean): number {
  return writes ? TLB_TABLE_SIZE : 0;
}

/** Pushes the tag of a TLB's entry, to a temporary, and the tag that it should have, unless the address is not `aligned`. */
function pushTags(
  code: FunctionCode,
  address: number,
  entry: number,
  { from, to, writes }: Reach,
  aligned: boolean,
): void {
  const unit = aligned ? VECTOR_BYTES : 1;
  const last = Math.ceil(to / unit) * unit - unit;
  code.get(address).op(Wasm.i32WrapI64);
  if (from !== 0) code.i32(from).op(Wasm.i32Add);
  code
    .i32(8)
    .op(Wasm.i32ShrU)
    .i32((TLB_ENTRIES - 1) << 4)
    .op(Wasm.i32And);
  code.get(TLB_TABLE).op(Wasm.i32Add).tee(entry).memory(Wasm.i64Load, tableOf(writes)).get(address);
  if (last !== 0) code.i64(last).op(Wasm.i64Add);
  code.i64(-PAGE_BYTES | (unit - 1)).op(Wasm.i64And);
}

/** Pushes the host pointer that an entry, by its place in the TLB for reading, gives an address. */
function pushKnown(code: FunctionCode, address: number, entry: number, writes: boolean): void {
  code
    .get(entry)
    .memory(Wasm.i32Load, tableOf(writes) + 8)
    .get(address)
    .op(Wasm.i32WrapI64)
    .op(Wasm.i32Add);
}
