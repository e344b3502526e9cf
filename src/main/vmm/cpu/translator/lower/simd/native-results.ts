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
import { Simd } from '../../wasm/simd-instruction.js';
import { I32, Wasm } from '../../wasm/wasm-op.js';
import type { FloatFormat, FloatOperand } from './float-format.js';
import { takeThreshold } from './native-result.js';
import { note, pushDenormal, saveMagnitude, unknown } from './ordinary.js';
import { saveVector } from './vector-lowering.js';

/** In temporaries. */
type Values = readonly [a: number, b: number, result: number];

/** Kinds whose results may be denormal, or zero instead, and inexact: those of others are exact where they are small. */
export const isRatio = (kind: number): boolean => kind === NATIVE_PRODUCT || kind === NATIVE_QUOTIENT;

/** As native-result.ts for every element of vectors. Behind it a ratio is known to be ordinary. */
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
  const threshold = to.thresholds.local(NATIVE_THRESHOLD_VECTOR);
  const doubt = to.locals.temporary(I32);
  const settled = code.open(Wasm.block);
  pushResultsInDoubt(to, vector, kind, values);
  for (const { local } of unknown(to, operands, vector.ordinary)) {
    pushDenormal(to, vector, saveMagnitude(to, vector, local));
    code.simd(Simd.or);
  }
  code.simd(vector.bitmask).tee(doubt).get(threshold).op(Wasm.i32LtU).brIf(settled);
  if (kind === NATIVE_SUM || kind === NATIVE_DIFFERENCE || kind === NATIVE_PRODUCT) {
    const asking = code.open(Wasm.block);
    code.get(doubt).get(to.thresholds.watching()).op(Wasm.i32Or).brIf(asking, 'unlikely');
    pushInexact(to, format, kind, values);
    code.simd(vector.bitmask).op(Wasm.i32Eqz).brIf(settled, 'likely');
    code.end();
  }
  code.i32(kind).get(a.local).get(b.local).get(result).call(importIndex(vector.settle));
  takeThreshold(to, NATIVE_THRESHOLD_VECTOR);
  code.end();
  note(to, operands, vector.ordinary);
}

/** Pushes lanes whose top bit tells that a result is not finite, or too small for a product or quotient. */
function pushResultsInDoubt(to: RegionCode, vector: FloatFormat['vector'], kind: number, values: Values): void {
  const { code } = to;
  const magnitude = saveMagnitude(to, vector, values[2]);
  if (!isRatio(kind)) {
    code.get(magnitude);
    to.vectors.pushConstant(vector.fromInfinity);
    code.simd(vector.add);
    return;
  }
  // Where an operand is zero, the least that is not in doubt takes the place of a result that is zero too.
  pushZeros(to, vector, kind, values);
  to.vectors.pushConstant(vector.aboveSmallest);
  code.simd(Simd.and).get(magnitude).simd(vector.add);
  const measured = saveVector(to);
  code.get(measured);
  to.vectors.pushConstant(vector.fromInfinity);
  code.simd(vector.add).get(measured);
  to.vectors.pushConstant(vector.aboveSmallest);
  code.simd(vector.subtract).simd(Simd.or);
}

/** Pushes the lanes of operands that make a product or quotient zero. */
function pushZeros({ code }: RegionCode, { eq }: FloatFormat['vector'], kind: number, [a, b]: Values): void {
  code.get(a).v128(0n).simd(eq);
  if (kind === NATIVE_PRODUCT) code.get(b).v128(0n).simd(eq).simd(Simd.or);
}

/** Pushes the lanes that may be inexact: where a term is not what the sum less the other is, or fractions are long. */
function pushInexact({ code }: RegionCode, format: FloatFormat, kind: number, [a, b, result]: Values): void {
  const { sum, difference, ne } = format.vector;
  switch (kind) {
    case NATIVE_SUM:
      code.get(result).get(a).simd(difference).get(b).simd(ne);
      code.get(result).get(b).simd(difference).get(a).simd(ne).simd(Simd.or);
      return;
    case NATIVE_DIFFERENCE:
      code.get(a).get(result).simd(difference).get(b).simd(ne);
      code.get(result).get(b).simd(sum).get(a).simd(ne).simd(Simd.or);
      return;
    default:
      code.get(a).get(b).simd(Simd.or);
      pushVectorConstant(code, format.vector.lowerHalf);
      code.simd(Simd.and).v128(0n).simd(ne);
  }
}
