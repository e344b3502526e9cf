import { KIND_ADD, KIND_DEC, KIND_INC, KIND_LOGIC, KIND_SETTLED, KIND_SUB } from '../../core/layout.js';
import type { OperandBytes } from '../decode/decoded.js';
import type { FunctionCode } from '../wasm/function-code.js';
import { I64, Wasm } from '../wasm/wasm-op.js';
import { importIndex } from './imports.js';
import { FLAGS_A, FLAGS_B, FLAGS_KIND } from './region-locals.js';

/** The kind is not known when the code is made: it is in its local. */
export const KIND_IN_LOCAL = 0xff;

/** CF, CF ^ OF and AF in the word of carries. */
const CARRIES = 0xc000_0008;

const sizeOf = (bytes: OperandBytes): number => Math.log2(bytes);

/** What a kind's size says of its operands. */
interface Kind {
  readonly group: number;
  readonly bytes: OperandBytes;
}

/**
 * The arithmetic flags while a region runs: not computed, but what they follow from is kept in two locals, and what
 * kind that is (KIND_* of the core's layout) is known here, or, where paths join and nobody reads a condition, kept in a
 * third. Kind SETTLED is what the interpreter keeps: the sign-extended result and the word of carries.
 */
export class RegionFlags {
  /** KIND_* + size, or {@link KIND_IN_LOCAL}. */
  kind = KIND_SETTLED;

  constructor(private readonly code: FunctionCode) {}

  /** Flags of a sum or a difference of two values on the stack, each as i64. Takes them. */
  takeOperands(group: typeof KIND_ADD | typeof KIND_SUB, bytes: OperandBytes): void {
    this.code.set(FLAGS_B).set(FLAGS_A);
    this.kind = group + sizeOf(bytes);
  }

  /** Flags of a result on the stack, as i64. */
  takeResult(bytes: OperandBytes): void {
    this.code.set(FLAGS_A);
    this.kind = KIND_LOGIC + sizeOf(bytes);
  }

  /** Flags of a result on the stack, as i64, of an increment or decrement; CF stays. */
  takeStep(group: typeof KIND_INC | typeof KIND_DEC, bytes: OperandBytes): void {
    this.pushCarry();
    this.code.op(Wasm.i64ExtendI32U).set(FLAGS_B).set(FLAGS_A);
    this.kind = group + sizeOf(bytes);
  }

  /** A sign-extended result (i64) and a word of carries (i32) on the stack. */
  takeSettled(): void {
    this.code.op(Wasm.i64ExtendI32U).set(FLAGS_B).set(FLAGS_A);
    this.kind = KIND_SETTLED;
  }

  /** Makes the kind SETTLED. */
  settle(): void {
    if (this.kind === KIND_SETTLED) return;
    if (this.kind === KIND_IN_LOCAL) throw new Error('flags of an unknown kind cannot be settled in a region');
    this.pushSignedResult();
    this.pushAuxiliary();
    this.takeSettled();
  }

  /** ZF replaced by a temporary (0 or 1), the others kept. */
  replaceZero(zero: number): void {
    const { code } = this;
    this.settle();
    // Result 0 has even parity, 1 odd: bit 8 of the word of carries turns either into what is kept; bit 0 is SF then.
    this.pushSign();
    this.pushParity();
    code.get(zero).op(Wasm.i32Xor).i32(8).op(Wasm.i32Shl).op(Wasm.i32Or);
    code.op(Wasm.i64ExtendI32U).get(FLAGS_B).i64(CARRIES).op(Wasm.i64And).op(Wasm.i64Or).set(FLAGS_B);
    code.get(zero).op(Wasm.i32Eqz).op(Wasm.i64ExtendI32U).set(FLAGS_A);
  }

  /** Before paths join where nobody reads a condition. */
  keepKind(): void {
    if (this.kind !== KIND_IN_LOCAL) this.code.i32(this.kind).set(FLAGS_KIND);
    this.kind = KIND_IN_LOCAL;
  }

  /** Pushes a condition (SDM vol. 1, appendix B) as 0 or not 0. */
  pushCondition(condition: number): void {
    this.pushEven(condition >> 1);
    if (condition & 1) this.code.op(Wasm.i32Eqz);
  }

  private pushEven(pair: number): void {
    const { code } = this;
    switch (pair) {
      case 0:
        return this.pushOverflow();
      case 1:
        return this.pushCarry();
      case 2:
        return this.pushZero();
      case 3:
        if (this.compared()) return this.compare(Wasm.i64LeU, Wasm.i32LeU, false);
        this.pushCarry();
        this.pushZero();
        code.op(Wasm.i32Or);
        return;
      case 4:
        return this.pushSign();
      case 5:
        return this.pushParity();
      case 6:
        if (this.compared()) return this.compare(Wasm.i64LtS, Wasm.i32LtS, true);
        return this.pushLess();
      default:
        if (this.compared()) return this.compare(Wasm.i64LeS, Wasm.i32LeS, true);
        this.pushLess();
        this.pushZero();
        code.op(Wasm.i32Or);
    }
  }

  private pushLess(): void {
    this.pushSign();
    if (this.group() === KIND_LOGIC) return;
    this.pushOverflow();
    this.code.op(Wasm.i32Xor);
  }

  private compared(): boolean {
    return this.group() === KIND_SUB;
  }

  private group(): number {
    return this.kind & ~3;
  }

  private known(): Kind {
    if (this.kind === KIND_IN_LOCAL) throw new Error('a condition of flags of an unknown kind');
    return { group: this.group(), bytes: (1 << (this.kind & 3)) as OperandBytes };
  }

  /** Compares the operands of a difference. */
  private compare(wide: number, narrow: number, signed: boolean): void {
    const { bytes } = this.known();
    this.pushLocal(FLAGS_A, bytes, signed);
    this.pushLocal(FLAGS_B, bytes, signed);
    this.code.op(bytes === 8 ? wide : narrow);
  }

  /** Pushes a kept operand in its own width: i64 for 8 bytes, else i32. */
  private pushLocal(local: number, bytes: OperandBytes, signed: boolean): void {
    const { code } = this;
    code.get(local);
    if (bytes === 8) return;
    code.op(Wasm.i32WrapI64);
    this.extend(bytes, signed);
  }

  private extend(bytes: OperandBytes, signed: boolean): void {
    const { code } = this;
    if (bytes === 8 || bytes === 4) return;
    if (signed) code.op(bytes === 1 ? Wasm.i32Extend8S : Wasm.i32Extend16S);
    else code.i32(bytes === 1 ? 0xff : 0xffff).op(Wasm.i32And);
  }

  /** Pushes the result in its own width, sign- or zero-extended. */
  private pushResult(signed: boolean): void {
    const { code } = this;
    const { group, bytes } = this.known();
    if (group !== KIND_ADD && group !== KIND_SUB) return this.pushLocal(FLAGS_A, bytes, signed);
    const wide = bytes === 8;
    code.get(FLAGS_A);
    if (!wide) code.op(Wasm.i32WrapI64);
    code.get(FLAGS_B);
    if (!wide) code.op(Wasm.i32WrapI64);
    code.op(group === KIND_ADD ? (wide ? Wasm.i64Add : Wasm.i32Add) : wide ? Wasm.i64Sub : Wasm.i32Sub);
    this.extend(bytes, signed);
  }

  private pushZero(): void {
    const { code } = this;
    if (this.kind === KIND_SETTLED) {
      code.get(FLAGS_A).op(Wasm.i64Eqz);
      return;
    }
    const { group, bytes } = this.known();
    if (group === KIND_SUB) return this.compare(Wasm.i64Eq, Wasm.i32Eq, false);
    this.pushResult(false);
    code.op(bytes === 8 ? Wasm.i64Eqz : Wasm.i32Eqz);
  }

  private pushSign(): void {
    const { code } = this;
    if (this.kind === KIND_SETTLED) {
      code.get(FLAGS_A).i64(63).op(Wasm.i64ShrU).op(Wasm.i32WrapI64);
      code.get(FLAGS_B).op(Wasm.i32WrapI64).i32(1).op(Wasm.i32And).op(Wasm.i32Xor);
      return;
    }
    this.pushResult(true);
    if (this.known().bytes === 8) code.i64(0).op(Wasm.i64LtS);
    else code.i32(0).op(Wasm.i32LtS);
  }

  private pushParity(): void {
    const { code } = this;
    if (this.kind === KIND_SETTLED) {
      code.get(FLAGS_A).get(FLAGS_B).i64(8).op(Wasm.i64ShrU).op(Wasm.i64Xor).op(Wasm.i32WrapI64);
    } else {
      this.pushResult(false);
      if (this.known().bytes === 8) code.op(Wasm.i32WrapI64);
    }
    code.i32(0xff).op(Wasm.i32And).op(Wasm.i32Popcnt).i32(1).op(Wasm.i32And).op(Wasm.i32Eqz);
  }

  /** CF as 0 or 1. */
  pushCarry(): void {
    const { code } = this;
    if (this.kind === KIND_IN_LOCAL) return this.pushUnknownCarry();
    if (this.kind === KIND_SETTLED) {
      code.get(FLAGS_B).i64(31).op(Wasm.i64ShrU).op(Wasm.i32WrapI64);
      return;
    }
    const { group, bytes } = this.known();
    if (group === KIND_SUB) return this.compare(Wasm.i64LtU, Wasm.i32LtU, false);
    if (group === KIND_LOGIC) code.i32(0);
    else if (group === KIND_ADD) {
      this.pushResult(false);
      this.pushLocal(FLAGS_A, bytes, false);
      code.op(bytes === 8 ? Wasm.i64LtU : Wasm.i32LtU);
    } else code.get(FLAGS_B).op(Wasm.i32WrapI64);
  }

  /** The kinds that only carry CF on are those a loop comes back with. */
  private pushUnknownCarry(): void {
    const { code } = this;
    code.get(FLAGS_KIND).i32(KIND_INC).op(Wasm.i32GeU);
    code.open(Wasm.if, I64);
    code.get(FLAGS_B);
    code.else();
    code.get(FLAGS_KIND).get(FLAGS_A).get(FLAGS_B).call(importIndex('carryOf')).op(Wasm.i64ExtendI32U);
    code.end();
    code.op(Wasm.i32WrapI64);
  }

  private pushOverflow(): void {
    const { code } = this;
    if (this.kind === KIND_SETTLED) {
      code.get(FLAGS_B).get(FLAGS_B).i64(1).op(Wasm.i64Shl).op(Wasm.i64Xor).op(Wasm.i32WrapI64);
      code.i32(31).op(Wasm.i32ShrU);
      return;
    }
    const { group, bytes } = this.known();
    if (group === KIND_LOGIC) code.i32(0);
    else if (group === KIND_ADD || group === KIND_SUB) this.pushSumOverflow(group, bytes);
    else {
      // The step overflowed if it led to the limit.
      const limit = BigInt.asIntN(bytes * 8, 1n << BigInt(bytes * 8 - 1)) - (group === KIND_DEC ? 1n : 0n);
      const value = BigInt.asIntN(bytes * 8, limit);
      this.pushResult(true);
      if (bytes === 8) code.i64(value).op(Wasm.i64Eq);
      else code.i32(Number(value)).op(Wasm.i32Eq);
    }
  }

  /** The operands' signs agree (for a difference: differ) and the result's is another than the first one's. */
  private pushSumOverflow(group: number, bytes: OperandBytes): void {
    const { code } = this;
    const wide = bytes === 8;
    this.pushLocal(FLAGS_A, bytes, true);
    this.pushLocal(FLAGS_B, bytes, true);
    code.op(wide ? Wasm.i64Xor : Wasm.i32Xor);
    if (group === KIND_ADD) {
      if (wide) code.i64(-1).op(Wasm.i64Xor);
      else code.i32(-1).op(Wasm.i32Xor);
    }
    this.pushLocal(FLAGS_A, bytes, true);
    this.pushResult(true);
    code.op(wide ? Wasm.i64Xor : Wasm.i32Xor).op(wide ? Wasm.i64And : Wasm.i32And);
    if (wide) code.i64(0).op(Wasm.i64LtS);
    else code.i32(0).op(Wasm.i32LtS);
  }

  private pushAdjust(): void {
    const { code } = this;
    const { group, bytes } = this.known();
    if (group === KIND_LOGIC) code.i32(0);
    else if (group === KIND_ADD || group === KIND_SUB) {
      code.get(FLAGS_A).get(FLAGS_B).op(Wasm.i64Xor).op(Wasm.i32WrapI64);
      this.pushResult(false);
      if (bytes === 8) code.op(Wasm.i32WrapI64);
      code.op(Wasm.i32Xor).i32(4).op(Wasm.i32ShrU).i32(1).op(Wasm.i32And);
    } else {
      code.get(FLAGS_A).op(Wasm.i32WrapI64).i32(15).op(Wasm.i32And);
      code.i32(group === KIND_INC ? 0 : 15).op(Wasm.i32Eq);
    }
  }

  private pushSignedResult(): void {
    this.pushResult(true);
    if (this.known().bytes !== 8) this.code.op(Wasm.i64ExtendI32S);
  }

  /** CF in bit 31, CF ^ OF in bit 30, AF in bit 3. */
  private pushAuxiliary(): void {
    const { code } = this;
    this.pushCarry();
    code.i32(31).op(Wasm.i32Shl);
    this.pushCarry();
    this.pushOverflow();
    code.op(Wasm.i32Xor).i32(30).op(Wasm.i32Shl).op(Wasm.i32Or);
    this.pushAdjust();
    code.i32(3).op(Wasm.i32Shl).op(Wasm.i32Or);
  }
}
