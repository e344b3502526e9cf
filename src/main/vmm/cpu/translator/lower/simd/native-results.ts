import {
  NATIVE_DIFFERENCE,
  NATIVE_PRODUCT,
  NATIVE_QUOTIENT,
  NATIVE_SUM,
  NATIVE_THRESHOLD_VECTOR,
} from '../../../core/layout.js';
import { pushVectorConstant } from '../../code/vector-constants.js';
import { importIndex } from '../../code/imports.js';
import type { RegionCode } from '../../code/region-code.js';
import type { FunctionCode } from '../../wasm/function-code.js';
import { Simd } from '../../wasm/simd-instruction.js';
import { Wasm } from '../../wasm/wasm-op.js';
import type { FloatFormat, FloatOperand } from './float-format.js';
import { takeThreshold } from './native-result.js';
import { note, pushDenormal, saveMagnitude, unknown } from './ordinary.js';
import { saveVector } from './vector-lowering.js';

/** In temporaries. */
type Values = readonly [a: number, b: number, result: number];

/**
 * As native-result.ts for every element of vectors. Elements that are zero are common there, and so is code that never
 * has an inexact result: both are found out here as far as that is quick, and the core is asked about the rest.
 */
export function requireNativeResults(
  to: RegionCode,
  format: FloatFormat,
  kind: number,
  [a, b]: readonly [FloatOperand, FloatOperand],
  result: number,
): void {
  const { code } = to;
  const { vector } = format;
  const operands = a === b ? [a] : [a, b];
  const values: Values = [a.local, b.local, result];
  const open = unknown(to, operands, vector.ordinary);
  const magnitude = saveMagnitude(to, vector, result);
  const magnitudes = open.map(({ local }) => saveMagnitude(to, vector, local));
  let smallest = magnitude;
  for (const each of magnitudes) {
    code.get(each).get(smallest).simd(vector.min);
    smallest = saveVector(to);
  }
  const threshold = to.thresholds.local(NATIVE_THRESHOLD_VECTOR);
  pushOutOfRange(to, vector, magnitude, smallest);
  code.simd(vector.bitmask).get(threshold).op(Wasm.i32GeU);
  code.open(Wasm.if);
  // The top bits of lanes in doubt.
  pushOutOfRange(to, vector, magnitude, magnitude);
  pushProperZeros(to, vector, kind, values);
  code.simd(Simd.andNot);
  for (const each of magnitudes) {
    pushDenormal(to, vector, each);
    code.simd(Simd.or);
  }
  const doubt = saveVector(to);
  code.get(threshold).op(Wasm.i32Eqz);
  code.open(Wasm.if);
  pushPossibleErrors(to, vector, kind, values);
  // All of them, unless it is only PE that is to be found out.
  code.v128(0n).simd(vector.ne).get(to.thresholds.watching()).simd(Simd.i32x4Splat).simd(Simd.or);
  code.get(doubt).simd(Simd.or).set(doubt);
  code.end();
  code.get(doubt).simd(vector.bitmask);
  code.openIf('unlikely');
  code.i32(kind).get(a.local).get(b.local).get(result).call(importIndex(vector.settle));
  takeThreshold(to, NATIVE_THRESHOLD_VECTOR);
  code.end();
  code.end();
  note(to, operands, vector.ordinary);
}

/** Pushes lanes whose top bit tells that the one magnitude is not finite, or the other not above the smallest normal. */
function pushOutOfRange({ code }: RegionCode, vector: FloatFormat['vector'], largest: number, smallest: number): void {
  code.get(largest);
  pushVectorConstant(code, vector.fromInfinity);
  code.simd(vector.add).get(smallest);
  pushVectorConstant(code, vector.aboveSmallest);
  code.simd(vector.subtract).simd(Simd.or);
}

/** Pushes the lanes that are zero, and exactly so, given that no operand is denormal. */
function pushProperZeros(
  { code }: RegionCode,
  { eq }: FloatFormat['vector'],
  kind: number,
  [a, b, result]: Values,
): void {
  const zero = (value: number): FunctionCode => code.get(value).v128(0n).simd(eq);
  zero(result);
  if (kind !== NATIVE_PRODUCT && kind !== NATIVE_QUOTIENT) return;
  zero(a);
  if (kind === NATIVE_PRODUCT) {
    zero(b);
    code.simd(Simd.or);
  }
  code.simd(Simd.and);
}

/** Pushes a vector whose lanes are zero if the results are exact: the error of Knuth's TwoSum, or fractions' lower halves. */
function pushPossibleErrors(to: RegionCode, vector: FloatFormat['vector'], kind: number, [a, b, result]: Values): void {
  const { code } = to;
  const { sum, difference } = vector;
  switch (kind) {
    case NATIVE_SUM:
    case NATIVE_DIFFERENCE: {
      code.get(result).get(a).simd(difference);
      const part = saveVector(to);
      code.get(a).get(result).get(part).simd(difference).simd(difference);
      if (kind === NATIVE_SUM) code.get(b).get(part).simd(difference).simd(sum);
      else code.get(b).get(part).simd(sum).simd(difference);
      return;
    }
    case NATIVE_PRODUCT:
      code.get(a).get(b).simd(Simd.or).v128(vector.lowerHalf).simd(Simd.and);
      return;
    default:
      // Not a number, which is not zero either.
      code.v128(-1n);
  }
}
