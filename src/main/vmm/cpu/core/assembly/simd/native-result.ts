import {
  FP_SCRATCH, NATIVE_ASK, NATIVE_DIFFERENCE, NATIVE_LEAVE, NATIVE_PRODUCT, NATIVE_QUOTIENT, NATIVE_SUM,
  NATIVE_THRESHOLD_DOUBLE, NATIVE_THRESHOLD_SINGLE, NATIVE_THRESHOLD_VECTOR,
} from '../../layout'; // prettier-ignore
import { defaultControl, precisionFlagSet, setPrecisionFlag } from './float-environment';
import { finite, ordinary, ordinaryResult, productIsExact, sumIsExact } from './ordinary';

/**
 * What regions ask about a result that they have computed by WebAssembly's arithmetic, when it is zero, out of the
 * ordinary, or when PE is not set yet: whether it is SSE's. If so, and if it is inexact, PE is set. The answer is the
 * threshold for results to come (NATIVE_* in the layout).
 */

export function settleSingle(kind: u32, a: f32, b: f32, result: f32): i32 {
  if (!defaultControl() || !admissible<f32>(kind, a, b, result)) return NATIVE_LEAVE;
  return settleExactness(precisionFlagSet() || exact<f32>(kind, a, b, result), NATIVE_THRESHOLD_SINGLE);
}

export function settleDouble(kind: u32, a: f64, b: f64, result: f64): i32 {
  if (!defaultControl() || !admissible<f64>(kind, a, b, result)) return NATIVE_LEAVE;
  return settleExactness(precisionFlagSet() || exact<f64>(kind, a, b, result), NATIVE_THRESHOLD_DOUBLE);
}

export function settleSingles(kind: u32, a: v128, b: v128, result: v128): i32 {
  return settleVector<f32>(kind, a, b, result);
}

export function settleDoubles(kind: u32, a: v128, b: v128, result: v128): i32 {
  return settleVector<f64>(kind, a, b, result);
}

/** Of a conversion or rounding, whose exactness the region has found out. */
export function settleExactness(isExact: bool, threshold: i32): i32 {
  if (!defaultControl()) return NATIVE_LEAVE;
  if (!precisionFlagSet()) {
    if (isExact) return NATIVE_ASK;
    setPrecisionFlag();
  }
  return threshold;
}

// Operands and result, to be looked at by element.
const A: usize = FP_SCRATCH;
const B: usize = FP_SCRATCH + 16;
const RESULT: usize = FP_SCRATCH + 32;

function settleVector<T>(kind: u32, a: v128, b: v128, result: v128): i32 {
  if (!defaultControl()) return NATIVE_LEAVE;
  v128.store(A, a);
  v128.store(B, b);
  v128.store(RESULT, result);
  for (let at: usize = 0; at < 16; at += sizeof<T>()) {
    if (!admissible<T>(kind, load<T>(A + at), load<T>(B + at), load<T>(RESULT + at))) return NATIVE_LEAVE;
  }
  let isExact = !precisionFlagSet();
  for (let at: usize = 0; isExact && at < 16; at += sizeof<T>()) {
    isExact = exact<T>(kind, load<T>(A + at), load<T>(B + at), load<T>(RESULT + at));
  }
  return settleExactness(isExact, NATIVE_THRESHOLD_VECTOR);
}

/** Whether SSE computes the same from operands that are normal, zero or infinite, with no flag but PE. */
function admissible<T>(kind: u32, a: T, b: T, result: T): bool {
  if (!ordinary<T>(a) || !ordinary<T>(b)) return false;
  if (kind == NATIVE_PRODUCT) return ordinaryResult<T>(result) || (result == 0 && (a == 0 || b == 0));
  if (kind == NATIVE_QUOTIENT) return ordinaryResult<T>(result) || (result == 0 && a == 0 && b != 0);
  return finite<T>(result) && ordinary<T>(result);
}

/** Of admissible ones. */
function exact<T>(kind: u32, a: T, b: T, result: T): bool {
  if (kind == NATIVE_SUM) return sumIsExact<T>(a, b, result);
  if (kind == NATIVE_DIFFERENCE) return sumIsExact<T>(a, -b, result);
  if (kind == NATIVE_PRODUCT) return productIsExact<T>(a, b, result);
  if (kind == NATIVE_QUOTIENT) return a == 0 || (productIsExact<T>(result, b, a) && <T>(result * b) == a);
  return productIsExact<T>(result, result, b) && <T>(result * result) == b;
}
