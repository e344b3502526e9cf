import { SimdOp } from '../../../core/opcodes/simd-op.js';
import { Simd } from '../../wasm/simd-instruction.js';
import { Wasm } from '../../wasm/wasm-op.js';
import type { Lowering } from '../lowering.js';
import {
  DOUBLE,
  SINGLE,
  saveFloat,
  saveScalarDestination,
  saveScalarSource,
  storeScalar,
  type FloatFormat,
} from './float-format.js';
import { pushOrdinary, requireOrdinary, requireOrdinaryVectors, type ResultKind } from './ordinary.js';
import { byteOf, saveDestination, saveSource, saveVector, vector, type VectorLowerings } from './vector-lowering.js';
import { xmmReg } from '../../code/guest-vectors.js';

/** ADDSS … DIVSD: one element by WebAssembly's arithmetic. */
function scalar(format: FloatFormat, op: number, kind: ResultKind): Lowering {
  return vector((to, instruction) => {
    to.vectors.requireNativeArithmetic();
    const b = saveScalarSource(to, instruction, format);
    const a = saveScalarDestination(to, instruction, format);
    to.code.get(a).get(b).op(op);
    const result = saveFloat(to, format);
    requireOrdinary(to, format, kind, [a, b], result);
    storeScalar(to, instruction, format, result);
  });
}

/** SQRTSS, SQRTSD. */
function scalarRoot(format: FloatFormat, op: number): Lowering {
  return vector((to, instruction) => {
    to.vectors.requireNativeArithmetic();
    const source = saveScalarSource(to, instruction, format);
    to.code.get(source).op(op);
    const result = saveFloat(to, format);
    requireOrdinary(to, format, 'root', [source], result);
    storeScalar(to, instruction, format, result);
  });
}

/** MINSS … MAXSD: the source if neither is less or greater. No flag can change. */
function scalarChoice(format: FloatFormat, compare: number): Lowering {
  return vector((to, instruction) => {
    const b = saveScalarSource(to, instruction, format);
    const a = saveScalarDestination(to, instruction, format);
    pushOrdinary(to, format, a);
    pushOrdinary(to, format, b);
    to.code.op(Wasm.i32And).op(Wasm.i32Eqz);
    to.exits.stepIf();
    to.code.get(a).get(b).get(a).get(b).op(compare).op(Wasm.select);
    storeScalar(to, instruction, format, saveFloat(to, format));
  });
}

/** ADDPS … DIVPD. */
function packed(format: FloatFormat, op: number, kind: ResultKind): Lowering {
  return vector((to, instruction) => {
    to.vectors.requireNativeArithmetic();
    const b = saveSource(to, instruction);
    const a = saveDestination(to, instruction);
    to.code.get(a).get(b).simd(op);
    const result = saveVector(to);
    requireOrdinaryVectors(to, format, kind, [a, b], result);
    to.vectors.store(xmmReg(instruction), result);
  });
}

function packedRoot(format: FloatFormat, op: number): Lowering {
  return vector((to, instruction) => {
    to.vectors.requireNativeArithmetic();
    const source = saveSource(to, instruction);
    to.code.get(source).simd(op);
    const result = saveVector(to);
    requireOrdinaryVectors(to, format, 'root', [source], result);
    to.vectors.store(xmmReg(instruction), result);
  });
}

/** MINPS … MAXPD: WebAssembly's pseudo-minimum with the operands exchanged has SSE's rule for ties. */
function packedChoice(format: FloatFormat, op: number): Lowering {
  return vector((to, instruction) => {
    const b = saveSource(to, instruction);
    const a = saveDestination(to, instruction);
    requireOrdinaryVectors(to, format, 'sum', [a, b], undefined);
    to.code.get(b).get(a).simd(op);
    to.vectors.store(xmmReg(instruction), saveVector(to));
  });
}

/** ROUNDSS, ROUNDSD: nearest, down, up, toward zero by the immediate, or MXCSR's, which is nearest here. */
const FROM_MXCSR = 4;
function scalarRounding(format: FloatFormat, modes: readonly number[]): Lowering {
  return vector((to, instruction) => {
    to.vectors.requireNativeArithmetic();
    const source = saveScalarSource(to, instruction, format);
    // NaN: its own rules.
    to.code.get(source).get(source).op(format.eq).op(Wasm.i32Eqz);
    to.exits.stepIf();
    const by = byteOf(instruction);
    to.code.get(source).op(modes[by & FROM_MXCSR ? 0 : by & 3]!);
    storeScalar(to, instruction, format, saveFloat(to, format));
  });
}

export const FLOAT_ARITHMETIC: VectorLowerings = new Map<SimdOp, Lowering>([
  [SimdOp.ADDSS, scalar(SINGLE, Wasm.f32Add, 'sum')],
  [SimdOp.SUBSS, scalar(SINGLE, Wasm.f32Sub, 'sum')],
  [SimdOp.MULSS, scalar(SINGLE, Wasm.f32Mul, 'product')],
  [SimdOp.DIVSS, scalar(SINGLE, Wasm.f32Div, 'quotient')],
  [SimdOp.SQRTSS, scalarRoot(SINGLE, Wasm.f32Sqrt)],
  [SimdOp.MINSS, scalarChoice(SINGLE, Wasm.f32Lt)],
  [SimdOp.MAXSS, scalarChoice(SINGLE, Wasm.f32Gt)],
  [SimdOp.ADDSD, scalar(DOUBLE, Wasm.f64Add, 'sum')],
  [SimdOp.SUBSD, scalar(DOUBLE, Wasm.f64Sub, 'sum')],
  [SimdOp.MULSD, scalar(DOUBLE, Wasm.f64Mul, 'product')],
  [SimdOp.DIVSD, scalar(DOUBLE, Wasm.f64Div, 'quotient')],
  [SimdOp.SQRTSD, scalarRoot(DOUBLE, Wasm.f64Sqrt)],
  [SimdOp.MINSD, scalarChoice(DOUBLE, Wasm.f64Lt)],
  [SimdOp.MAXSD, scalarChoice(DOUBLE, Wasm.f64Gt)],
  [SimdOp.ADDPS, packed(SINGLE, Simd.f32x4Add, 'sum')],
  [SimdOp.SUBPS, packed(SINGLE, Simd.f32x4Sub, 'sum')],
  [SimdOp.MULPS, packed(SINGLE, Simd.f32x4Mul, 'product')],
  [SimdOp.DIVPS, packed(SINGLE, Simd.f32x4Div, 'quotient')],
  [SimdOp.SQRTPS, packedRoot(SINGLE, Simd.f32x4Sqrt)],
  [SimdOp.MINPS, packedChoice(SINGLE, Simd.f32x4PMin)],
  [SimdOp.MAXPS, packedChoice(SINGLE, Simd.f32x4PMax)],
  [SimdOp.ADDPD, packed(DOUBLE, Simd.f64x2Add, 'sum')],
  [SimdOp.SUBPD, packed(DOUBLE, Simd.f64x2Sub, 'sum')],
  [SimdOp.MULPD, packed(DOUBLE, Simd.f64x2Mul, 'product')],
  [SimdOp.DIVPD, packed(DOUBLE, Simd.f64x2Div, 'quotient')],
  [SimdOp.SQRTPD, packedRoot(DOUBLE, Simd.f64x2Sqrt)],
  [SimdOp.MINPD, packedChoice(DOUBLE, Simd.f64x2PMin)],
  [SimdOp.MAXPD, packedChoice(DOUBLE, Simd.f64x2PMax)],
  [SimdOp.ROUNDSS, scalarRounding(SINGLE, [Wasm.f32Nearest, Wasm.f32Floor, Wasm.f32Ceil, Wasm.f32Trunc])],
  [SimdOp.ROUNDSD, scalarRounding(DOUBLE, [Wasm.f64Nearest, Wasm.f64Floor, Wasm.f64Ceil, Wasm.f64Trunc])],
]);
