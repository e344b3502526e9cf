import {
  NATIVE_DIFFERENCE,
  NATIVE_PRODUCT,
  NATIVE_QUOTIENT,
  NATIVE_ROOT,
  NATIVE_SUM,
  NATIVE_THRESHOLD_VECTOR,
} from '../../../core/layout.js';
import { SimdOp } from '../../../core/opcodes/simd-op.js';
import { xmmReg } from '../../code/guest-vectors.js';
import { Simd } from '../../wasm/simd-instruction.js';
import { Wasm } from '../../wasm/wasm-op.js';
import type { Lowering } from '../lowering.js';
import {
  DOUBLE,
  SINGLE,
  saveFloat,
  scalarDestination,
  scalarSource,
  storeOrdinaryScalar,
  storeOrdinaryVector,
  storeScalar,
  vectorDestination,
  vectorSource,
  type FloatFormat,
} from './float-format.js';
import { requireNativeResult, requireNativeRounding } from './native-result.js';
import { isRatio, requireNativeResults } from './native-results.js';
import { requireOrdinary, requireOrdinaryVectors } from './ordinary.js';
import { byteOf, saveVector, storeDestination, vector, type VectorLowerings } from './vector-lowering.js';

/** ADDSS … DIVSD: one element by WebAssembly's arithmetic. */
function scalar(format: FloatFormat, op: number, kind: number): Lowering {
  return vector((to, instruction) => {
    const b = scalarSource(to, instruction, format);
    const a = scalarDestination(to, instruction, format);
    to.code.get(a.local).get(b.local).op(op);
    const result = saveFloat(to, format);
    requireNativeResult(to, format, kind, [a, b], result);
    storeOrdinaryScalar(to, instruction, format, result);
  });
}

/** SQRTSS, SQRTSD. */
function scalarRoot(format: FloatFormat, op: number): Lowering {
  return vector((to, instruction) => {
    const source = scalarSource(to, instruction, format);
    to.code.get(source.local).op(op);
    const result = saveFloat(to, format);
    requireNativeResult(to, format, NATIVE_ROOT, [source, source], result);
    storeOrdinaryScalar(to, instruction, format, result);
  });
}

/** MINSS … MAXSD: the source if neither is less or greater. No flag can change. */
function scalarChoice(format: FloatFormat, compare: number): Lowering {
  return vector((to, instruction) => {
    const b = scalarSource(to, instruction, format);
    const a = scalarDestination(to, instruction, format);
    requireOrdinary(to, format, [a, b]);
    to.code.get(a.local).get(b.local).get(a.local).get(b.local).op(compare).op(Wasm.select);
    storeOrdinaryScalar(to, instruction, format, saveFloat(to, format));
  });
}

/** ADDPS … DIVPD. */
function packed(format: FloatFormat, op: number, kind: number): Lowering {
  return vector((to, instruction) => {
    const b = vectorSource(to, instruction);
    const a = vectorDestination(to, instruction);
    to.code.get(a.local).get(b.local).simd(op);
    const result = saveVector(to);
    requireNativeResults(to, format, kind, [a, b], result);
    if (isRatio(kind)) return storeOrdinaryVector(to, instruction, format, result);
    to.code.get(result);
    storeDestination(to, instruction);
  });
}

function packedRoot(format: FloatFormat, op: number): Lowering {
  return vector((to, instruction) => {
    const source = vectorSource(to, instruction);
    to.code.get(source.local).simd(op);
    const result = saveVector(to);
    requireNativeResults(to, format, NATIVE_ROOT, [source, source], result);
    storeOrdinaryVector(to, instruction, format, result);
  });
}

/** MINPS … MAXPD: WebAssembly's pseudo-minimum with the operands exchanged has SSE's rule for ties. */
function packedChoice(format: FloatFormat, op: number): Lowering {
  return vector((to, instruction) => {
    const b = vectorSource(to, instruction);
    const a = vectorDestination(to, instruction);
    requireOrdinaryVectors(to, format, [a, b]);
    to.code.get(b.local).get(a.local).simd(op);
    storeOrdinaryVector(to, instruction, format, saveVector(to));
  });
}

/** ROUNDSS, ROUNDSD: nearest, down, up, toward zero by the immediate, or MXCSR's, which is nearest here. */
const FROM_MXCSR = 4;
const SUPPRESS_PRECISION = 8;
function scalarRounding(format: FloatFormat, modes: readonly number[]): Lowering {
  return vector((to, instruction) => {
    const { code } = to;
    const source = scalarSource(to, instruction, format).local;
    // NaN: its own rules.
    code.get(source).get(source).op(format.eq).op(Wasm.i32Eqz);
    to.exits.stepIf();
    const by = byteOf(instruction);
    code.get(source).op(modes[by & FROM_MXCSR ? 0 : by & 3]!);
    const result = saveFloat(to, format);
    requireNativeRounding(to, format.threshold, () => {
      if (by & SUPPRESS_PRECISION) code.i32(1);
      else code.get(result).get(source).op(format.eq);
    });
    storeScalar(to, instruction, format, result);
  });
}

/** ROUNDPS, ROUNDPD. */
function packedRounding(format: FloatFormat, modes: readonly number[]): Lowering {
  const { eq, allTrue } = format.vector;
  return vector((to, instruction) => {
    const { code } = to;
    const source = vectorSource(to, instruction).local;
    code.get(source).get(source).simd(eq).simd(allTrue).op(Wasm.i32Eqz);
    to.exits.stepIf();
    const by = byteOf(instruction);
    code.get(source).simd(modes[by & FROM_MXCSR ? 0 : by & 3]!);
    const result = saveVector(to);
    requireNativeRounding(to, NATIVE_THRESHOLD_VECTOR, () => {
      if (by & SUPPRESS_PRECISION) code.i32(1);
      else code.get(result).get(source).simd(eq).simd(allTrue);
    });
    code.get(result);
    to.vectors.take(xmmReg(instruction));
  });
}

export const FLOAT_ARITHMETIC: VectorLowerings = new Map<SimdOp, Lowering>([
  [SimdOp.ADDSS, scalar(SINGLE, Wasm.f32Add, NATIVE_SUM)],
  [SimdOp.SUBSS, scalar(SINGLE, Wasm.f32Sub, NATIVE_DIFFERENCE)],
  [SimdOp.MULSS, scalar(SINGLE, Wasm.f32Mul, NATIVE_PRODUCT)],
  [SimdOp.DIVSS, scalar(SINGLE, Wasm.f32Div, NATIVE_QUOTIENT)],
  [SimdOp.SQRTSS, scalarRoot(SINGLE, Wasm.f32Sqrt)],
  [SimdOp.MINSS, scalarChoice(SINGLE, Wasm.f32Lt)],
  [SimdOp.MAXSS, scalarChoice(SINGLE, Wasm.f32Gt)],
  [SimdOp.ADDSD, scalar(DOUBLE, Wasm.f64Add, NATIVE_SUM)],
  [SimdOp.SUBSD, scalar(DOUBLE, Wasm.f64Sub, NATIVE_DIFFERENCE)],
  [SimdOp.MULSD, scalar(DOUBLE, Wasm.f64Mul, NATIVE_PRODUCT)],
  [SimdOp.DIVSD, scalar(DOUBLE, Wasm.f64Div, NATIVE_QUOTIENT)],
  [SimdOp.SQRTSD, scalarRoot(DOUBLE, Wasm.f64Sqrt)],
  [SimdOp.MINSD, scalarChoice(DOUBLE, Wasm.f64Lt)],
  [SimdOp.MAXSD, scalarChoice(DOUBLE, Wasm.f64Gt)],
  [SimdOp.ADDPS, packed(SINGLE, Simd.f32x4Add, NATIVE_SUM)],
  [SimdOp.SUBPS, packed(SINGLE, Simd.f32x4Sub, NATIVE_DIFFERENCE)],
  [SimdOp.MULPS, packed(SINGLE, Simd.f32x4Mul, NATIVE_PRODUCT)],
  [SimdOp.DIVPS, packed(SINGLE, Simd.f32x4Div, NATIVE_QUOTIENT)],
  [SimdOp.SQRTPS, packedRoot(SINGLE, Simd.f32x4Sqrt)],
  [SimdOp.MINPS, packedChoice(SINGLE, Simd.f32x4PMin)],
  [SimdOp.MAXPS, packedChoice(SINGLE, Simd.f32x4PMax)],
  [SimdOp.ADDPD, packed(DOUBLE, Simd.f64x2Add, NATIVE_SUM)],
  [SimdOp.SUBPD, packed(DOUBLE, Simd.f64x2Sub, NATIVE_DIFFERENCE)],
  [SimdOp.MULPD, packed(DOUBLE, Simd.f64x2Mul, NATIVE_PRODUCT)],
  [SimdOp.DIVPD, packed(DOUBLE, Simd.f64x2Div, NATIVE_QUOTIENT)],
  [SimdOp.SQRTPD, packedRoot(DOUBLE, Simd.f64x2Sqrt)],
  [SimdOp.MINPD, packedChoice(DOUBLE, Simd.f64x2PMin)],
  [SimdOp.MAXPD, packedChoice(DOUBLE, Simd.f64x2PMax)],
  [SimdOp.ROUNDPS, packedRounding(SINGLE, [Simd.f32x4Nearest, Simd.f32x4Floor, Simd.f32x4Ceil, Simd.f32x4Trunc])],
  [SimdOp.ROUNDPD, packedRounding(DOUBLE, [Simd.f64x2Nearest, Simd.f64x2Floor, Simd.f64x2Ceil, Simd.f64x2Trunc])],
  [SimdOp.ROUNDSS, scalarRounding(SINGLE, [Wasm.f32Nearest, Wasm.f32Floor, Wasm.f32Ceil, Wasm.f32Trunc])],
  [SimdOp.ROUNDSD, scalarRounding(DOUBLE, [Wasm.f64Nearest, Wasm.f64Floor, Wasm.f64Ceil, Wasm.f64Trunc])],
]);
