import {
  CR0, FP_CODE_SELECTOR, FP_CONTROL, FP_DATA, FP_DATA_SELECTOR, FP_INSTRUCTION, FP_OPCODE, FP_STATUS, FP_VALID, FP_X87_CELLS,
  SEG_SELECTOR, SEGMENT_SIZE, SEGMENTS,
} from '../../core/layout.js'; // prettier-ignore
import { CS, FS } from '../decode/decode.js';
import type { Decoded } from '../decode/decoded.js';
import type { FunctionCode } from '../wasm/function-code.js';
import { I32, I64, Wasm } from '../wasm/wasm-op.js';
import type { RegionExits } from './exits.js';
import type { AccessBytes, RegionMemory } from './guest-memory.js';
import { PAGE_RIP_LOCAL, type RegionLocals } from './region-locals.js';

/** Emulation and "task switched", for which x87 instructions fault; and errors told by #MF rather than by a pin. */
const CR0_LOOKED_AT = 0x2c;
const CR0_USUAL = 0x20;
/** Exception masks of FCW. */
const MASKS = 0x3f;
// FSW: error summary, C1, TOP.
const ERROR_SUMMARY = 0x80;
const C1 = 0x200;
const TOP_FIELD = 0x3800;
const TOP_SHIFT = 11;
const REGISTERS = 8;
const CELL_SHIFT = 4;

/** An x87 register's value in locals: significand (i64), and sign and exponent as a register holds them (i32). */
export interface ExtendedValue {
  readonly significand: number;
  readonly signExponent: number;
}

type Tag = 'unknown' | 'valid' | 'empty';

/** What is known of a register. */
interface Register {
  tag: Tag;
  /** Its tag in memory, by now, if known. */
  storedTag: Tag;
  value: ExtendedValue | undefined;
  /** The value is not in memory yet. */
  changed: boolean;
}

/**
 * The x87 register stack while a region runs. From its first x87 instruction to its end, a block keeps registers in
 * locals, and knows tags and TOP relative to what they were; memory is brought up to date at the end and on every way
 * out. All exceptions are masked there, so nothing can become pending.
 */
export class RegionX87 {
  private active = false;
  /** By their distance from what was ST(0) at the start. */
  private registers: Register[] = [];
  private readonly values: ExtendedValue[] = [];
  private valuesUsed = 0;
  /** Local: TOP at the start, as an offset of cells. */
  private base: number | undefined;
  /** Local: a bit for each register that was not empty, from ST(0) on. */
  private valid: number | undefined;
  /** Local: effective address of the last memory operand. */
  private dataAddress: number | undefined;
  /** How far ST(0) is from where it was. */
  private top = 0;
  private clearsC1 = false;
  // Instruction and operand that the x87 pointers are to name.
  private instruction: Decoded | undefined;
  private data: Decoded | undefined;
  private operandAddress: number | undefined;
  // What MMX instructions in front of here have made sure of.
  private mmxFound = false;
  private mmxEntered = false;

  constructor(
    private readonly code: FunctionCode,
    private readonly locals: RegionLocals,
    private readonly memory: RegionMemory,
    private readonly exits: RegionExits,
  ) {}

  /** Before an x87 instruction: leaves it to the interpreter where one may fault, or exceptions are unmasked. */
  begin(): void {
    this.operandAddress = undefined;
    if (this.active) return;
    this.mmxFound = this.mmxEntered = false;
    const { code } = this;
    code.i32(0).memory(Wasm.i32Load, CR0).i32(CR0_USUAL).op(Wasm.i32Xor).i32(CR0_LOOKED_AT).op(Wasm.i32And);
    code.i32(0).memory(Wasm.i32Load, FP_CONTROL).i32(-1).op(Wasm.i32Xor).i32(MASKS).op(Wasm.i32And).op(Wasm.i32Or);
    code.i32(0).memory(Wasm.i32Load, FP_STATUS).i32(ERROR_SUMMARY).op(Wasm.i32And).op(Wasm.i32Or);
    this.exits.stepIf();
    this.start();
  }

  /** Looks anew at the stack in memory, of which nothing is known. */
  start(): void {
    const { code } = this;
    this.active = true;
    this.top = 0;
    this.clearsC1 = false;
    this.instruction = this.data = undefined;
    this.valuesUsed = 0;
    this.registers = Array.from({ length: REGISTERS }, () => ({
      tag: 'unknown',
      storedTag: 'unknown',
      value: undefined,
      changed: false,
    }));
    this.base ??= this.locals.permanent(I32);
    this.valid ??= this.locals.permanent(I32);
    // TOP is three bits of FSW; as an offset of cells, four bits further down than where it would be counted in cells.
    code
      .i32(0)
      .memory(Wasm.i32Load, FP_STATUS)
      .i32(TOP_FIELD)
      .op(Wasm.i32And)
      .i32(TOP_SHIFT - CELL_SHIFT);
    code.op(Wasm.i32ShrU).set(this.base);
    code.i32(0).memory(Wasm.i32Load, FP_VALID).i32(0x101).op(Wasm.i32Mul);
    code.get(this.base).i32(CELL_SHIFT).op(Wasm.i32ShrU).op(Wasm.i32ShrU).set(this.valid);
  }

  /** Brings memory up to date, and forgets everything. */
  finish(): void {
    this.writeBack();
    this.active = this.mmxFound = this.mmxEntered = false;
  }

  /** Before an MMX instruction: leaves it to the interpreter where it may fault. */
  beginMmx(): void {
    if (this.active) this.finish();
    if (this.mmxFound) return;
    this.mmxFound = true;
    const { code } = this;
    code.i32(0).memory(Wasm.i32Load, CR0).i32(CR0_USUAL).op(Wasm.i32Xor).i32(CR0_LOOKED_AT).op(Wasm.i32And);
    code.i32(0).memory(Wasm.i32Load, FP_STATUS).i32(ERROR_SUMMARY).op(Wasm.i32And).op(Wasm.i32Or);
    this.exits.stepIf();
  }

  /** What every MMX instruction does to the x87 state: TOP 0, all registers valid. */
  enterMmx(): void {
    if (this.mmxEntered) return;
    this.mmxEntered = true;
    this.resetTop(0xff);
  }

  /** EMMS: TOP 0, all registers empty. */
  leaveMmx(): void {
    this.mmxEntered = false;
    this.resetTop(0);
  }

  private resetTop(valid: number): void {
    const { code } = this;
    code.i32(0).i32(0).memory(Wasm.i32Load, FP_STATUS).i32(~TOP_FIELD).op(Wasm.i32And).memory(Wasm.i32Store, FP_STATUS);
    code.i32(0).i32(valid).memory(Wasm.i32Store, FP_VALID);
  }

  /** ST(i) in locals, not to be changed; leaves the instruction to the interpreter if it is empty. */
  read(i: number): ExtendedValue {
    this.requireValid(i);
    return this.load(this.register(i));
  }

  requireValid(i: number): void {
    this.requireTag(i, 'valid');
  }

  /** Before {@link push}: leaves the instruction to the interpreter if there is no room. */
  requireRoom(): void {
    this.requireTag(-1, 'empty');
  }

  private requireTag(i: number, tag: Tag): void {
    const register = this.register(i);
    if (register.tag === tag) return;
    const { code } = this;
    const unknown = register.tag === 'unknown';
    if (unknown) {
      code
        .get(this.valid!)
        .i32(1 << this.position(i))
        .op(Wasm.i32And);
      if (tag === 'valid') code.op(Wasm.i32Eqz);
    } else code.i32(1);
    this.exits.stepIf();
    register.tag = tag;
    if (unknown) register.storedTag = tag;
  }

  /** Decrements TOP. The new ST(0), valid, is to be written. */
  push(): void {
    this.top--;
    this.register(0).tag = 'valid';
    this.clearsC1 = true;
  }

  /** Increments TOP, the old ST(0) being empty then. */
  pop(): void {
    this.register(0).tag = 'empty';
    this.top++;
  }

  /** FINCSTP, FDECSTP: tags stay. */
  turn(by: 1 | -1): void {
    this.top += by;
    this.clearsC1 = true;
  }

  free(i: number): void {
    this.register(i).tag = 'empty';
    this.clearsC1 = true;
  }

  /** The locals of ST(i), to be given a new value. It is valid then; C1 is for others to set. */
  write(i: number): ExtendedValue {
    const register = this.register(i);
    register.value ??= this.newValue();
    register.changed = true;
    register.tag = 'valid';
    return register.value;
  }

  /** C1 is to become 0. */
  clearC1(): void {
    this.clearsC1 = true;
  }

  /** Code in between has set C1 in memory. */
  c1IsStored(): void {
    this.clearsC1 = false;
  }

  /** Swaps ST(0) and ST(i), both valid. */
  exchange(i: number): void {
    const a = this.register(0);
    const b = this.register(i);
    this.load(a);
    this.load(b);
    [a.value, b.value] = [b.value, a.value];
    a.changed = b.changed = true;
    this.clearsC1 = true;
  }

  /** Pushes the host pointer of a memory operand, whose address the x87 pointers may name. */
  pushOperandPointer(instruction: Decoded, bytes: AccessBytes, access: 'read' | 'write'): void {
    const address = this.memory.linear(instruction, bytes, access);
    this.operandAddress = address.inLocal();
    if (access === 'read') this.memory.pushReadPointer(address, bytes);
    else this.memory.pushWritePointer(address, bytes);
  }

  /** The current instruction is the one that the x87 pointers name from here on. */
  notePointers(instruction: Decoded): void {
    this.instruction = instruction;
    if (!instruction.memory) return;
    this.data = instruction;
    this.dataAddress ??= this.locals.permanent(I64);
    if (instruction.memory.segment >= FS || this.operandAddress === undefined) this.memory.pushEffective(instruction);
    else this.code.get(this.operandAddress);
    this.code.set(this.dataAddress);
  }

  /** Pushes FSW as it is by now. */
  pushStatus(): void {
    const { code } = this;
    code.i32(0).memory(Wasm.i32Load, FP_STATUS);
    const cleared = (this.top ? TOP_FIELD : 0) | (this.clearsC1 ? C1 : 0);
    if (cleared) code.i32(~cleared).op(Wasm.i32And);
    if (!this.top) return;
    this.pushCellOffset(0);
    code
      .i32(TOP_SHIFT - CELL_SHIFT)
      .op(Wasm.i32Shl)
      .op(Wasm.i32Or);
  }

  /** Writes code that brings memory up to date; what is known stays. */
  writeBack(): void {
    if (!this.active) return;
    const { code } = this;
    if (this.top % REGISTERS || this.clearsC1) {
      code.i32(0);
      this.pushStatus();
      code.memory(Wasm.i32Store, FP_STATUS);
    }
    this.registers.forEach((register, position) => {
      if (register.changed) this.storeRegister(register, position);
    });
    this.storeTags();
    if (this.instruction) this.storeInstruction(this.instruction);
    if (this.data) this.storeData(this.data);
  }

  private storeRegister({ value }: Register, position: number): void {
    const { code } = this;
    const { significand, signExponent } = value!;
    this.pushCellOffset(position - this.top);
    code.get(significand).memory(Wasm.i64Store, FP_X87_CELLS);
    this.pushCellOffset(position - this.top);
    code
      .get(signExponent)
      .op(Wasm.i64ExtendI32U)
      .memory(Wasm.i64Store, FP_X87_CELLS + 8);
  }

  private storeTags(): void {
    const { code } = this;
    let set = 0;
    let cleared = 0;
    this.registers.forEach(({ tag, storedTag }, position) => {
      if (tag === storedTag) return;
      if (tag === 'valid') set |= 1 << position;
      else cleared |= 1 << position;
    });
    if (!set && !cleared) return;
    code.i32(0).i32(0).memory(Wasm.i32Load, FP_VALID);
    if (set) {
      this.pushTagBits(set);
      code.op(Wasm.i32Or);
    }
    if (cleared) {
      this.pushTagBits(cleared);
      code.i32(-1).op(Wasm.i32Xor).op(Wasm.i32And);
    }
    code.memory(Wasm.i32Store, FP_VALID);
  }

  /** Pushes a set of registers by their distance from the first ST(0) as one by their numbers. */
  private pushTagBits(set: number): void {
    const { code } = this;
    code
      .i32(set * 0x101)
      .get(this.base!)
      .i32(CELL_SHIFT)
      .op(Wasm.i32ShrU)
      .op(Wasm.i32Shl);
    code.i32(8).op(Wasm.i32ShrU).i32(0xff).op(Wasm.i32And);
  }

  /** FIP, FCS, FOP (SDM vol. 1, 8.1.8 and 8.1.9). */
  private storeInstruction({ offset, opcode, modrm, long }: Decoded): void {
    const { code } = this;
    code.i32(0).get(PAGE_RIP_LOCAL).i64(offset).op(Wasm.i64Add);
    if (!long) code.i64(0xffff_ffff).op(Wasm.i64And);
    code.memory(Wasm.i64Store, FP_INSTRUCTION);
    code.i32(0);
    this.pushSelector(CS, long);
    code.memory(Wasm.i32Store, FP_CODE_SELECTOR);
    code
      .i32(0)
      .i32(((opcode & 7) << 8) | modrm)
      .memory(Wasm.i32Store, FP_OPCODE);
  }

  /** FDP, FDS. */
  private storeData({ memory, long }: Decoded): void {
    const { code } = this;
    code.i32(0).get(this.dataAddress!).memory(Wasm.i64Store, FP_DATA);
    code.i32(0);
    this.pushSelector(memory!.segment, long);
    code.memory(Wasm.i32Store, FP_DATA_SELECTOR);
  }

  private pushSelector(segment: number, long: boolean): void {
    if (long) this.code.i32(0);
    else this.code.i32(0).memory(Wasm.i32Load16U, SEGMENTS + segment * SEGMENT_SIZE + SEG_SELECTOR);
  }

  private position(i: number): number {
    return (this.top + i) & (REGISTERS - 1);
  }

  private register(i: number): Register {
    return this.registers[this.position(i)]!;
  }

  private load(register: Register): ExtendedValue {
    if (register.value) return register.value;
    const { code } = this;
    const value = (register.value = this.newValue());
    this.pushCellOffset(this.registers.indexOf(register) - this.top);
    code.memory(Wasm.i64Load, FP_X87_CELLS).set(value.significand);
    this.pushCellOffset(this.registers.indexOf(register) - this.top);
    code.memory(Wasm.i32Load16U, FP_X87_CELLS + 8).set(value.signExponent);
    return value;
  }

  private newValue(): ExtendedValue {
    const index = this.valuesUsed++;
    this.values[index] ??= { significand: this.locals.permanent(I64), signExponent: this.locals.permanent(I32) };
    return this.values[index];
  }

  /** Pushes the offset of ST(i)'s cell among the cells. */
  private pushCellOffset(i: number): void {
    const { code } = this;
    code.get(this.base!);
    const position = this.position(i);
    if (!position) return;
    code.i32(position << CELL_SHIFT).op(Wasm.i32Add);
    code.i32((REGISTERS - 1) << CELL_SHIFT).op(Wasm.i32And);
  }
}
