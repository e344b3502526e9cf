import type { RegionCode } from '../../code/region-code.js';
import type { ExtendedValue } from '../../code/x87-stack.js';
import type { Decoded } from '../../decode/decoded.js';
import { I32, I64, Wasm } from '../../wasm/wasm-op.js';

const TOP_BIT = -(1n << 63n);
/** Exponent of 1.0 in the 80-bit format. */
const BIAS = 0x3fff;

/** A number in memory that x87 instructions take, and how it becomes an 80-bit value. */
export interface MemoryFormat {
  readonly bytes: 2 | 4 | 8 | 10;
  /** Takes the value at the host pointer on the stack apart. Leaves the instruction to the interpreter where it cannot. */
  readonly widen: (to: RegionCode) => ExtendedValue;
}

function newValue(to: RegionCode): ExtendedValue {
  return { significand: to.locals.temporary(I64), signExponent: to.locals.temporary(I32) };
}

/** Singles and doubles that are normal or zero, as bits on the stack (i64); others have exceptions to report. */
function widenFloat(to: RegionCode, fractionBits: number, exponentBits: number): ExtendedValue {
  const { code } = to;
  const width = 1 + exponentBits + fractionBits;
  const bits = to.locals.temporary(I64);
  const exponent = to.locals.temporary(I32);
  const value = newValue(to);
  code
    .tee(bits)
    .i64(width - 16)
    .op(Wasm.i64ShrS)
    .op(Wasm.i32WrapI64)
    .i32(0x8000)
    .op(Wasm.i32And);
  code.set(value.signExponent);
  code.get(bits).i64(fractionBits).op(Wasm.i64ShrU).op(Wasm.i32WrapI64);
  code
    .i32((1 << exponentBits) - 1)
    .op(Wasm.i32And)
    .tee(exponent);
  code
    .i32(1)
    .op(Wasm.i32Sub)
    .i32((1 << exponentBits) - 2)
    .op(Wasm.i32LtU);
  code.openIf('likely');
  code
    .get(bits)
    .i64(63 - fractionBits)
    .op(Wasm.i64Shl)
    .i64(TOP_BIT)
    .op(Wasm.i64Or)
    .set(value.significand);
  code
    .get(exponent)
    .i32(BIAS - ((1 << (exponentBits - 1)) - 1))
    .op(Wasm.i32Add);
  code.get(value.signExponent).op(Wasm.i32Or).set(value.signExponent);
  code.else();
  code
    .get(bits)
    .i64(65 - width)
    .op(Wasm.i64Shl)
    .i64(0)
    .op(Wasm.i64Ne);
  to.exits.stepIf();
  code.i64(0).set(value.significand);
  code.end();
  return value;
}

/** A signed integer on the stack (i64): always exact. */
function widenInteger(to: RegionCode): ExtendedValue {
  const { code } = to;
  const integer = to.locals.temporary(I64);
  const sign = to.locals.temporary(I64);
  const leading = to.locals.temporary(I64);
  const value = newValue(to);
  code.tee(integer).i64(63).op(Wasm.i64ShrS).tee(sign);
  code.get(integer).op(Wasm.i64Xor).get(sign).op(Wasm.i64Sub).tee(integer);
  code.get(integer).op(Wasm.i64Clz).tee(leading).op(Wasm.i64Shl).set(value.significand);
  code
    .i32(BIAS + 63)
    .get(leading)
    .op(Wasm.i32WrapI64)
    .op(Wasm.i32Sub);
  code.get(sign).op(Wasm.i32WrapI64).i32(0x8000).op(Wasm.i32And).op(Wasm.i32Or);
  code.i32(0).get(integer).op(Wasm.i64Eqz).op(Wasm.i32Eqz).op(Wasm.select).set(value.signExponent);
  return value;
}

export const SINGLE: MemoryFormat = {
  bytes: 4,
  widen(to) {
    to.code.memory(Wasm.i64Load32U);
    return widenFloat(to, 23, 8);
  },
};
export const DOUBLE: MemoryFormat = {
  bytes: 8,
  widen(to) {
    to.code.memory(Wasm.i64Load);
    return widenFloat(to, 52, 11);
  },
};
export const EXTENDED: MemoryFormat = {
  bytes: 10,
  widen(to) {
    const pointer = to.save(4);
    const value = newValue(to);
    to.code.get(pointer).memory(Wasm.i64Load).set(value.significand);
    to.code.get(pointer).memory(Wasm.i32Load16U, 8).set(value.signExponent);
    return value;
  },
};
const integer = (bytes: 2 | 4 | 8, load: number): MemoryFormat => ({
  bytes,
  widen(to) {
    to.code.memory(load);
    return widenInteger(to);
  },
});
export const INTEGER16 = integer(2, Wasm.i64Load16S);
export const INTEGER32 = integer(4, Wasm.i64Load32S);
export const INTEGER64 = integer(8, Wasm.i64Load);

/** An instruction's memory operand as a value in temporaries. */
export function readOperand(to: RegionCode, instruction: Decoded, format: MemoryFormat): ExtendedValue {
  to.x87.pushOperandPointer(instruction, format.bytes, 'read');
  return format.widen(to);
}
