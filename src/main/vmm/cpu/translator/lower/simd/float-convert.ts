import { SimdOp } from '../../../core/opcodes/simd-op.js';
import { xmmReg } from '../../code/guest-vectors.js';
import { generalOperand } from '../../code/operands.js';
import type { RegionCode } from '../../code/region-code.js';
import type { Decoded } from '../../decode/decoded.js';
import { Simd } from '../../wasm/simd-instruction.js';
import { Wasm } from '../../wasm/wasm-op.js';
import type { Lowering } from '../lowering.js';
import {
  DOUBLE,
  SINGLE,
  constant,
  saveFloat,
  saveScalarSource,
  storeScalar,
  type FloatFormat,
} from './float-format.js';
import { pushOrdinary, requireOrdinaryVectors } from './ordinary.js';
import {
  pushSource,
  saveSource,
  saveVector,
  storeDestination,
  vector,
  type VectorLowerings,
} from './vector-lowering.js';

/** CVTSS2SD: every normal single is a double. */
const singleToDouble = vector((to, instruction) => {
  const source = saveScalarSource(to, instruction, SINGLE);
  pushOrdinary(to, SINGLE, source);
  to.code.op(Wasm.i32Eqz);
  to.exits.stepIf();
  to.code.get(source).op(Wasm.f64PromoteF32);
  storeScalar(to, instruction, DOUBLE, saveFloat(to, DOUBLE));
});

/** CVTSD2SS. A result that is not normal is left to the interpreter unless the source is zero. */
const doubleToSingle = vector((to, instruction) => {
  const { code } = to;
  to.vectors.requireNativeArithmetic();
  const source = saveScalarSource(to, instruction, DOUBLE);
  code.get(source).op(Wasm.f32DemoteF64);
  const result = saveFloat(to, SINGLE);
  code.get(result).op(Wasm.f32Abs);
  constant(to, SINGLE, SINGLE.minNormal);
  code.op(Wasm.f32Gt).get(result).op(Wasm.f32Abs);
  constant(to, SINGLE, Infinity);
  code.op(Wasm.f32Lt).op(Wasm.i32And).get(source);
  constant(to, DOUBLE, 0);
  code.op(Wasm.f64Eq).op(Wasm.i32Or).op(Wasm.i32Eqz);
  to.exits.stepIf();
  storeScalar(to, instruction, SINGLE, result);
});

/** Pushes the integer that a CVTSI2xx converts. */
function pushInteger(to: RegionCode, instruction: Decoded, bytes: 4 | 8): void {
  if (instruction.memory) {
    to.vectors.pushSource(instruction, bytes);
    to.code.memory(bytes === 8 ? Wasm.i64Load : Wasm.i32Load);
  } else to.registers.push(generalOperand(instruction, 1), bytes);
}

function fromInteger(format: FloatFormat, bytes: 4 | 8, op: number): Lowering {
  return vector((to, instruction) => {
    // A double holds every integer of 32 bits.
    if (format === SINGLE || bytes === 8) to.vectors.requireNativeArithmetic();
    pushInteger(to, instruction, bytes);
    to.code.op(op);
    storeScalar(to, instruction, format, saveFloat(to, format));
  });
}

/** To a general register; `nearest` rounds before. What does not fit, and NaN, is the interpreter's. */
function toInteger(format: FloatFormat, bytes: 4 | 8, truncate: number, nearest?: number): Lowering {
  return vector((to, instruction) => {
    const { code } = to;
    to.vectors.requireNativeArithmetic();
    let value = saveScalarSource(to, instruction, format);
    if (nearest !== undefined) {
      code.get(value).op(nearest);
      value = saveFloat(to, format);
    }
    code.get(value).op(format.abs);
    constant(to, format, 2 ** (bytes * 8 - 1));
    code.op(format.lt).op(Wasm.i32Eqz);
    to.exits.stepIf();
    code.get(value).op(truncate);
    to.registers.take(generalOperand(instruction, 0), bytes);
  });
}

/** CVTDQ2PS. */
const integersToSingles = vector((to, instruction) => {
  to.vectors.requireNativeArithmetic();
  pushSource(to, instruction);
  to.code.simd(Simd.f32x4ConvertI32x4S);
  storeDestination(to, instruction);
});

/** CVTDQ2PD, always exact. */
const integersToDoubles = vector((to, instruction) => {
  pushSource(to, instruction);
  to.code.simd(Simd.f64x2ConvertLowI32x4S);
  storeDestination(to, instruction);
});

/** CVTPS2DQ … CVTTPD2DQ; of doubles, the upper half of the result is zero. */
function toIntegers(format: FloatFormat, truncate: number, nearest?: number): Lowering {
  const limit = format === SINGLE ? 0x4f00_0000_4f00_0000n : 0x41e0_0000_0000_0000n;
  return vector((to, instruction) => {
    const { code } = to;
    to.vectors.requireNativeArithmetic();
    pushSource(to, instruction);
    if (nearest !== undefined) code.simd(nearest);
    const value = saveVector(to);
    code.get(value).simd(format.vector.abs).v128(limit).simd(format.vector.lt);
    code.simd(format.vector.allTrue).op(Wasm.i32Eqz);
    to.exits.stepIf();
    code.get(value).simd(truncate);
    storeDestination(to, instruction);
  });
}

/** CVTPS2PD: the two low singles. */
const singlesToDoubles = vector((to, instruction) => {
  pushSource(to, instruction);
  const source = saveVector(to);
  // The upper half is not converted: let it not matter.
  to.code.get(source).v128(0xffff_ffff_ffff_ffffn, 0n).simd(Simd.and);
  const low = saveVector(to);
  requireOrdinaryVectors(to, SINGLE, 'sum', [low], undefined);
  to.code.get(low).simd(Simd.f64x2PromoteLow);
  to.vectors.store(xmmReg(instruction), saveVector(to));
});

/** CVTPD2PS: normal results only. */
const doublesToSingles = vector((to, instruction) => {
  const { code } = to;
  to.vectors.requireNativeArithmetic();
  const source = saveSource(to, instruction);
  code.get(source).simd(Simd.f32x4DemoteZero);
  const result = saveVector(to);
  // Of each source: within the normal singles, or zero.
  const within = (bits: bigint, op: number): void => {
    code.get(source).simd(Simd.f64x2Abs).v128(bits).simd(op);
  };
  within(LEAST_SAFE_DOUBLE, Simd.f64x2Gt);
  within(MOST_SAFE_DOUBLE, Simd.f64x2Lt);
  code.simd(Simd.and).get(source).v128(0n).simd(Simd.f64x2Eq).simd(Simd.or);
  code.simd(Simd.i64x2AllTrue).op(Wasm.i32Eqz);
  to.exits.stepIf();
  to.vectors.store(xmmReg(instruction), result);
});
/** 2^-125 and 2^127: between them no rounding leaves the normal singles. */
const LEAST_SAFE_DOUBLE = 0x3820_0000_0000_0000n;
const MOST_SAFE_DOUBLE = 0x47e0_0000_0000_0000n;

export const FLOAT_CONVERSIONS: VectorLowerings = new Map<SimdOp, Lowering>([
  [SimdOp.CVTSS2SD, singleToDouble],
  [SimdOp.CVTSD2SS, doubleToSingle],
  [SimdOp.CVTPS2PD, singlesToDoubles],
  [SimdOp.CVTPD2PS, doublesToSingles],
  [SimdOp.CVTSI322SS, fromInteger(SINGLE, 4, Wasm.f32ConvertI32S)],
  [SimdOp.CVTSI642SS, fromInteger(SINGLE, 8, Wasm.f32ConvertI64S)],
  [SimdOp.CVTSI322SD, fromInteger(DOUBLE, 4, Wasm.f64ConvertI32S)],
  [SimdOp.CVTSI642SD, fromInteger(DOUBLE, 8, Wasm.f64ConvertI64S)],
  [SimdOp.CVTTSS2SI32, toInteger(SINGLE, 4, Wasm.i32TruncF32S)],
  [SimdOp.CVTTSS2SI64, toInteger(SINGLE, 8, Wasm.i64TruncF32S)],
  [SimdOp.CVTTSD2SI32, toInteger(DOUBLE, 4, Wasm.i32TruncF64S)],
  [SimdOp.CVTTSD2SI64, toInteger(DOUBLE, 8, Wasm.i64TruncF64S)],
  [SimdOp.CVTSS2SI32, toInteger(SINGLE, 4, Wasm.i32TruncF32S, Wasm.f32Nearest)],
  [SimdOp.CVTSS2SI64, toInteger(SINGLE, 8, Wasm.i64TruncF32S, Wasm.f32Nearest)],
  [SimdOp.CVTSD2SI32, toInteger(DOUBLE, 4, Wasm.i32TruncF64S, Wasm.f64Nearest)],
  [SimdOp.CVTSD2SI64, toInteger(DOUBLE, 8, Wasm.i64TruncF64S, Wasm.f64Nearest)],
  [SimdOp.CVTDQ2PS, integersToSingles],
  [SimdOp.CVTDQ2PD, integersToDoubles],
  [SimdOp.CVTPS2DQ, toIntegers(SINGLE, Simd.i32x4TruncF32x4S, Simd.f32x4Nearest)],
  [SimdOp.CVTTPS2DQ, toIntegers(SINGLE, Simd.i32x4TruncF32x4S)],
  [SimdOp.CVTPD2DQ, toIntegers(DOUBLE, Simd.i32x4TruncF64x2SZero, Simd.f64x2Nearest)],
  [SimdOp.CVTTPD2DQ, toIntegers(DOUBLE, Simd.i32x4TruncF64x2SZero)],
]);
