import { NATIVE_THRESHOLD_VECTOR } from '../../../core/layout.js';
import { SimdOp } from '../../../core/opcodes/simd-op.js';
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
  scalarSource,
  storeOrdinaryScalar,
  storeOrdinaryVector,
  type FloatFormat,
} from './float-format.js';
import { requireNativeRounding } from './native-result.js';
import { requireOrdinary, requireOrdinaryVectors } from './ordinary.js';
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
  const source = scalarSource(to, instruction, SINGLE);
  requireOrdinary(to, SINGLE, [source]);
  to.code.get(source.local).op(Wasm.f64PromoteF32);
  storeOrdinaryScalar(to, instruction, DOUBLE, saveFloat(to, DOUBLE));
});

/** CVTSD2SS. A result that is not normal is left to the interpreter unless the source is zero. */
const doubleToSingle = vector((to, instruction) => {
  const { code } = to;
  const source = scalarSource(to, instruction, DOUBLE).local;
  code.get(source).op(Wasm.f32DemoteF64);
  const result = saveFloat(to, SINGLE);
  code.get(result).op(Wasm.f32Abs);
  constant(code, SINGLE, SINGLE.minNormal);
  code.op(Wasm.f32Gt).get(result).op(Wasm.f32Abs);
  constant(code, SINGLE, Infinity);
  code.op(Wasm.f32Lt).op(Wasm.i32And).get(source);
  constant(code, DOUBLE, 0);
  code.op(Wasm.f64Eq).op(Wasm.i32Or).op(Wasm.i32Eqz);
  to.exits.stepIf();
  requireNativeRounding(to, SINGLE.threshold, () => code.get(result).op(Wasm.f64PromoteF32).get(source).op(Wasm.f64Eq));
  storeOrdinaryScalar(to, instruction, SINGLE, result);
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
    const { code } = to;
    pushInteger(to, instruction, bytes);
    const integer = to.save(bytes);
    code.get(integer).op(op);
    const result = saveFloat(to, format);
    // A double holds every integer of 32 bits.
    if (format === SINGLE || bytes === 8) {
      requireNativeRounding(to, format.threshold, () => pushSameInteger(to, format, bytes, integer, result));
    }
    storeOrdinaryScalar(to, instruction, format, result);
  });
}

/** Pushes whether a float is the integer it was rounded from: both in temporaries. */
function pushSameInteger(to: RegionCode, format: FloatFormat, bytes: 4 | 8, integer: number, result: number): void {
  const { code } = to;
  if (bytes === 4) {
    code.get(integer).op(Wasm.f64ConvertI32S).get(result).op(Wasm.f64PromoteF32).op(Wasm.f64Eq);
    return;
  }
  // What was rounded up to 2^63 saturates, as only the largest integer, which no float is, does not differ from.
  code.get(result).saturating(format.truncateToI64);
  code.get(integer).op(Wasm.i64Eq).get(integer).i64(0x7fff_ffff_ffff_ffffn).op(Wasm.i64Ne).op(Wasm.i32And);
}

/** To a general register; `nearest` rounds before. What does not fit, and NaN, is the interpreter's. */
function toInteger(format: FloatFormat, bytes: 4 | 8, truncate: number, nearest?: number): Lowering {
  return vector((to, instruction) => {
    const { code } = to;
    const source = scalarSource(to, instruction, format).local;
    let value = source;
    if (nearest !== undefined) {
      code.get(source).op(nearest);
      value = saveFloat(to, format);
    }
    code.get(value).op(format.abs);
    constant(code, format, 2 ** (bytes * 8 - 1));
    code.op(format.lt).op(Wasm.i32Eqz);
    to.exits.stepIf();
    requireNativeRounding(to, format.threshold, () => {
      code.get(source);
      if (nearest === undefined) code.op(format.trunc);
      else code.op(nearest);
      code.get(source).op(format.eq);
    });
    code.get(value).op(truncate);
    to.registers.take(generalOperand(instruction, 0), bytes);
  });
}

/** CVTDQ2PS. */
const integersToSingles = vector((to, instruction) => {
  const { code } = to;
  const source = saveSource(to, instruction);
  code.get(source).simd(Simd.f32x4ConvertI32x4S);
  const result = saveVector(to);
  requireNativeRounding(to, NATIVE_THRESHOLD_VECTOR, () => {
    // Only the largest integer, which is no single, saturates to itself.
    code.get(result).simd(Simd.i32x4TruncF32x4S).get(source).simd(Simd.i32x4Eq);
    code.get(source).v128(0x7fff_ffff_7fff_ffffn).simd(Simd.i32x4Eq).simd(Simd.andNot).simd(Simd.i32x4AllTrue);
  });
  storeOrdinaryVector(to, instruction, SINGLE, result);
});

/** CVTDQ2PD, always exact. */
const integersToDoubles = vector((to, instruction) => {
  pushSource(to, instruction);
  to.code.simd(Simd.f64x2ConvertLowI32x4S);
  storeOrdinaryVector(to, instruction, DOUBLE, saveVector(to));
});

/** CVTPS2DQ … CVTTPD2DQ; of doubles, the upper half of the result is zero. */
function toIntegers(format: FloatFormat, rounding: number, truncate: number): Lowering {
  const limit = format === SINGLE ? 0x4f00_0000_4f00_0000n : 0x41e0_0000_0000_0000n;
  return vector((to, instruction) => {
    const { code } = to;
    const source = saveSource(to, instruction);
    code.get(source).simd(rounding);
    const value = saveVector(to);
    code.get(value).simd(format.vector.abs).v128(limit).simd(format.vector.lt);
    code.simd(format.vector.allTrue).op(Wasm.i32Eqz);
    to.exits.stepIf();
    requireNativeRounding(to, NATIVE_THRESHOLD_VECTOR, () => {
      code.get(value).get(source).simd(format.vector.eq).simd(format.vector.allTrue);
    });
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
  requireOrdinaryVectors(to, SINGLE, [{ local: low, register: undefined }]);
  to.code.get(low).simd(Simd.f64x2PromoteLow);
  storeOrdinaryVector(to, instruction, DOUBLE, saveVector(to));
});

/** CVTPD2PS: normal results only. */
const doublesToSingles = vector((to, instruction) => {
  const { code } = to;
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
  requireNativeRounding(to, NATIVE_THRESHOLD_VECTOR, () => {
    code.get(result).simd(Simd.f64x2PromoteLow).get(source).simd(Simd.f64x2Eq).simd(Simd.i64x2AllTrue);
  });
  storeOrdinaryVector(to, instruction, SINGLE, result);
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
  [SimdOp.CVTPS2DQ, toIntegers(SINGLE, Simd.f32x4Nearest, Simd.i32x4TruncF32x4S)],
  [SimdOp.CVTTPS2DQ, toIntegers(SINGLE, Simd.f32x4Trunc, Simd.i32x4TruncF32x4S)],
  [SimdOp.CVTPD2DQ, toIntegers(DOUBLE, Simd.f64x2Nearest, Simd.i32x4TruncF64x2SZero)],
  [SimdOp.CVTTPD2DQ, toIntegers(DOUBLE, Simd.f64x2Trunc, Simd.i32x4TruncF64x2SZero)],
]);
