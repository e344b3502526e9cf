import { FP_SCRATCH, FP_SCRATCH_SIZE } from '../../layout';
import {
  beginFloat,
  defaultAndInexact,
  defaultControl,
  endFloat,
  precisionFlagSet,
  setPrecisionFlag,
} from './float-environment';
import { add, div, max, min, mul, sqrt as squareRoot, sub } from './float';
import {
  all32, all64, finite, finite32x4, finite64x2, ordinary, ordinary32x4, ordinary64x2, ordinaryResult, ordinaryResult32x4,
  ordinaryResult64x2, productIsExact, sumIsExact,
} from './ordinary'; // prettier-ignore

/**
 * SSE/SSE2 arithmetic (SDM vol. 2, ADDPS … MAXSD). Ordinary operands under the usual MXCSR take WebAssembly's own
 * arithmetic; all else is computed in integers, element by element.
 */

/** Where elements gather until it is known that no exception forbids writing them. */
const RESULT: usize = FP_SCRATCH + FP_SCRATCH_SIZE - 16;

const ADD: u32 = 0;
const SUB: u32 = 1;
const MUL: u32 = 2;
const DIV: u32 = 3;
const MIN: u32 = 4;
const MAX: u32 = 5;
const SQRT: u32 = 6;

function element<T>(kind: u32, a: T, b: T): T {
  switch (kind) {
    case ADD:
      return add<T>(a, b);
    case SUB:
      return sub<T>(a, b);
    case MUL:
      return mul<T>(a, b);
    case DIV:
      return div<T>(a, b);
    case MIN:
      return min<T>(a, b);
    case MAX:
      return max<T>(a, b);
    default:
      return squareRoot<T>(b);
  }
}

/** The first `bytes` of both operands, in elements of T (u32 or u64), by integer arithmetic. */
function elements<T>(kind: u32, dst: usize, src: usize, bytes: usize): bool {
  beginFloat();
  for (let at: usize = 0; at < bytes; at += sizeof<T>()) {
    store<T>(RESULT + at, element<T>(kind, load<T>(dst + at), load<T>(src + at)));
  }
  if (!endFloat()) return false;
  memory.copy(dst, RESULT, bytes);
  return true;
}

function commit<T>(dst: usize, result: T): bool {
  store<T>(dst, result);
  return true;
}

export function addss(dst: usize, src: usize): bool {
  const a = load<f32>(dst);
  const b = load<f32>(src);
  const result = a + b;
  if (!defaultControl() || !ordinary<f32>(a) || !ordinary<f32>(b) || !finite<f32>(result))
    return elements<u32>(ADD, dst, src, 4);
  if (!precisionFlagSet() && !sumIsExact<f32>(a, b, result)) setPrecisionFlag();
  return commit<f32>(dst, result);
}

export function subss(dst: usize, src: usize): bool {
  const a = load<f32>(dst);
  const b = load<f32>(src);
  const result = a - b;
  if (!defaultControl() || !ordinary<f32>(a) || !ordinary<f32>(b) || !finite<f32>(result))
    return elements<u32>(SUB, dst, src, 4);
  if (!precisionFlagSet() && !sumIsExact<f32>(a, -b, result)) setPrecisionFlag();
  return commit<f32>(dst, result);
}

export function mulss(dst: usize, src: usize): bool {
  const a = load<f32>(dst);
  const b = load<f32>(src);
  const result = a * b;
  const fine = ordinaryResult<f32>(result) || (result == 0 && (a == 0 || b == 0));
  if (!defaultControl() || !ordinary<f32>(a) || !ordinary<f32>(b) || !fine) return elements<u32>(MUL, dst, src, 4);
  if (!precisionFlagSet() && !productIsExact<f32>(a, b, result)) setPrecisionFlag();
  return commit<f32>(dst, result);
}

export function divss(dst: usize, src: usize): bool {
  const a = load<f32>(dst);
  const b = load<f32>(src);
  const result = a / b;
  const fine = ordinaryResult<f32>(result) || (result == 0 && a == 0);
  if (!defaultControl() || !ordinary<f32>(a) || !ordinary<f32>(b) || !fine) return elements<u32>(DIV, dst, src, 4);
  if (!precisionFlagSet() && a != 0 && !(productIsExact<f32>(result, b, a) && result * b == a)) setPrecisionFlag();
  return commit<f32>(dst, result);
}

export function sqrtss(dst: usize, src: usize): bool {
  const a = load<f32>(src);
  const result = sqrt<f32>(a);
  if (!defaultControl() || !ordinary<f32>(a) || !finite<f32>(result)) return elements<u32>(SQRT, dst, src, 4);
  if (!precisionFlagSet() && !(productIsExact<f32>(result, result, a) && result * result == a)) setPrecisionFlag();
  return commit<f32>(dst, result);
}

export function minss(dst: usize, src: usize): bool {
  const a = load<f32>(dst);
  const b = load<f32>(src);
  if (!ordinary<f32>(a) || !ordinary<f32>(b)) return elements<u32>(MIN, dst, src, 4);
  return commit<f32>(dst, a < b ? a : b);
}

export function maxss(dst: usize, src: usize): bool {
  const a = load<f32>(dst);
  const b = load<f32>(src);
  if (!ordinary<f32>(a) || !ordinary<f32>(b)) return elements<u32>(MAX, dst, src, 4);
  return commit<f32>(dst, a > b ? a : b);
}

export function addsd(dst: usize, src: usize): bool {
  const a = load<f64>(dst);
  const b = load<f64>(src);
  const result = a + b;
  if (!defaultControl() || !ordinary<f64>(a) || !ordinary<f64>(b) || !finite<f64>(result))
    return elements<u64>(ADD, dst, src, 8);
  if (!precisionFlagSet() && !sumIsExact<f64>(a, b, result)) setPrecisionFlag();
  return commit<f64>(dst, result);
}

export function subsd(dst: usize, src: usize): bool {
  const a = load<f64>(dst);
  const b = load<f64>(src);
  const result = a - b;
  if (!defaultControl() || !ordinary<f64>(a) || !ordinary<f64>(b) || !finite<f64>(result))
    return elements<u64>(SUB, dst, src, 8);
  if (!precisionFlagSet() && !sumIsExact<f64>(a, -b, result)) setPrecisionFlag();
  return commit<f64>(dst, result);
}

export function mulsd(dst: usize, src: usize): bool {
  const a = load<f64>(dst);
  const b = load<f64>(src);
  const result = a * b;
  const fine = ordinaryResult<f64>(result) || (result == 0 && (a == 0 || b == 0));
  if (!defaultControl() || !ordinary<f64>(a) || !ordinary<f64>(b) || !fine) return elements<u64>(MUL, dst, src, 8);
  if (!precisionFlagSet() && !productIsExact<f64>(a, b, result)) setPrecisionFlag();
  return commit<f64>(dst, result);
}

export function divsd(dst: usize, src: usize): bool {
  const a = load<f64>(dst);
  const b = load<f64>(src);
  const result = a / b;
  const fine = ordinaryResult<f64>(result) || (result == 0 && a == 0);
  if (!defaultControl() || !ordinary<f64>(a) || !ordinary<f64>(b) || !fine) return elements<u64>(DIV, dst, src, 8);
  if (!precisionFlagSet() && a != 0 && !(productIsExact<f64>(result, b, a) && result * b == a)) setPrecisionFlag();
  return commit<f64>(dst, result);
}

export function sqrtsd(dst: usize, src: usize): bool {
  const a = load<f64>(src);
  const result = sqrt<f64>(a);
  if (!defaultControl() || !ordinary<f64>(a) || !finite<f64>(result)) return elements<u64>(SQRT, dst, src, 8);
  if (!precisionFlagSet() && !(productIsExact<f64>(result, result, a) && result * result == a)) setPrecisionFlag();
  return commit<f64>(dst, result);
}

export function minsd(dst: usize, src: usize): bool {
  const a = load<f64>(dst);
  const b = load<f64>(src);
  if (!ordinary<f64>(a) || !ordinary<f64>(b)) return elements<u64>(MIN, dst, src, 8);
  return commit<f64>(dst, a < b ? a : b);
}

export function maxsd(dst: usize, src: usize): bool {
  const a = load<f64>(dst);
  const b = load<f64>(src);
  if (!ordinary<f64>(a) || !ordinary<f64>(b)) return elements<u64>(MAX, dst, src, 8);
  return commit<f64>(dst, a > b ? a : b);
}

export function addps(dst: usize, src: usize): bool {
  const a = v128.load(dst);
  const b = v128.load(src);
  const result = f32x4.add(a, b);
  const fine = v128.and(v128.and(ordinary32x4(a), ordinary32x4(b)), finite32x4(result));
  if (!defaultAndInexact() || !all32(fine)) return elements<u32>(ADD, dst, src, 16);
  v128.store(dst, result);
  return true;
}

export function subps(dst: usize, src: usize): bool {
  const a = v128.load(dst);
  const b = v128.load(src);
  const result = f32x4.sub(a, b);
  const fine = v128.and(v128.and(ordinary32x4(a), ordinary32x4(b)), finite32x4(result));
  if (!defaultAndInexact() || !all32(fine)) return elements<u32>(SUB, dst, src, 16);
  v128.store(dst, result);
  return true;
}

export function mulps(dst: usize, src: usize): bool {
  const a = v128.load(dst);
  const b = v128.load(src);
  const result = f32x4.mul(a, b);
  const fine = v128.and(
    v128.and(ordinary32x4(a), ordinary32x4(b)),
    v128.and(
      finite32x4(result),
      v128.or(ordinaryResult32x4(result), v128.or(f32x4.eq(a, f32x4.splat(0)), f32x4.eq(b, f32x4.splat(0)))),
    ),
  );
  if (!defaultAndInexact() || !all32(fine)) return elements<u32>(MUL, dst, src, 16);
  v128.store(dst, result);
  return true;
}

export function divps(dst: usize, src: usize): bool {
  const a = v128.load(dst);
  const b = v128.load(src);
  const result = f32x4.div(a, b);
  const fine = v128.and(
    v128.and(ordinary32x4(a), ordinary32x4(b)),
    v128.and(finite32x4(result), v128.or(ordinaryResult32x4(result), f32x4.eq(a, f32x4.splat(0)))),
  );
  if (!defaultAndInexact() || !all32(fine)) return elements<u32>(DIV, dst, src, 16);
  v128.store(dst, result);
  return true;
}

export function sqrtps(dst: usize, src: usize): bool {
  const a = v128.load(src);
  const result = f32x4.sqrt(a);
  if (!defaultAndInexact() || !all32(v128.and(ordinary32x4(a), finite32x4(result))))
    return elements<u32>(SQRT, dst, src, 16);
  v128.store(dst, result);
  return true;
}

/** Neither sets a flag nor depends on MXCSR for ordinary operands; WebAssembly's pseudo-min has x86's rule for ties. */
export function minps(dst: usize, src: usize): bool {
  const a = v128.load(dst);
  const b = v128.load(src);
  if (!all32(v128.and(ordinary32x4(a), ordinary32x4(b)))) return elements<u32>(MIN, dst, src, 16);
  v128.store(dst, f32x4.pmin(b, a));
  return true;
}

/** Neither sets a flag nor depends on MXCSR for ordinary operands; WebAssembly's pseudo-max has x86's rule for ties. */
export function maxps(dst: usize, src: usize): bool {
  const a = v128.load(dst);
  const b = v128.load(src);
  if (!all32(v128.and(ordinary32x4(a), ordinary32x4(b)))) return elements<u32>(MAX, dst, src, 16);
  v128.store(dst, f32x4.pmax(b, a));
  return true;
}

export function addpd(dst: usize, src: usize): bool {
  const a = v128.load(dst);
  const b = v128.load(src);
  const result = f64x2.add(a, b);
  const fine = v128.and(v128.and(ordinary64x2(a), ordinary64x2(b)), finite64x2(result));
  if (!defaultAndInexact() || !all64(fine)) return elements<u64>(ADD, dst, src, 16);
  v128.store(dst, result);
  return true;
}

export function subpd(dst: usize, src: usize): bool {
  const a = v128.load(dst);
  const b = v128.load(src);
  const result = f64x2.sub(a, b);
  const fine = v128.and(v128.and(ordinary64x2(a), ordinary64x2(b)), finite64x2(result));
  if (!defaultAndInexact() || !all64(fine)) return elements<u64>(SUB, dst, src, 16);
  v128.store(dst, result);
  return true;
}

export function mulpd(dst: usize, src: usize): bool {
  const a = v128.load(dst);
  const b = v128.load(src);
  const result = f64x2.mul(a, b);
  const fine = v128.and(
    v128.and(ordinary64x2(a), ordinary64x2(b)),
    v128.and(
      finite64x2(result),
      v128.or(ordinaryResult64x2(result), v128.or(f64x2.eq(a, f64x2.splat(0)), f64x2.eq(b, f64x2.splat(0)))),
    ),
  );
  if (!defaultAndInexact() || !all64(fine)) return elements<u64>(MUL, dst, src, 16);
  v128.store(dst, result);
  return true;
}

export function divpd(dst: usize, src: usize): bool {
  const a = v128.load(dst);
  const b = v128.load(src);
  const result = f64x2.div(a, b);
  const fine = v128.and(
    v128.and(ordinary64x2(a), ordinary64x2(b)),
    v128.and(finite64x2(result), v128.or(ordinaryResult64x2(result), f64x2.eq(a, f64x2.splat(0)))),
  );
  if (!defaultAndInexact() || !all64(fine)) return elements<u64>(DIV, dst, src, 16);
  v128.store(dst, result);
  return true;
}

export function sqrtpd(dst: usize, src: usize): bool {
  const a = v128.load(src);
  const result = f64x2.sqrt(a);
  if (!defaultAndInexact() || !all64(v128.and(ordinary64x2(a), finite64x2(result))))
    return elements<u64>(SQRT, dst, src, 16);
  v128.store(dst, result);
  return true;
}

/** Neither sets a flag nor depends on MXCSR for ordinary operands; WebAssembly's pseudo-min has x86's rule for ties. */
export function minpd(dst: usize, src: usize): bool {
  const a = v128.load(dst);
  const b = v128.load(src);
  if (!all64(v128.and(ordinary64x2(a), ordinary64x2(b)))) return elements<u64>(MIN, dst, src, 16);
  v128.store(dst, f64x2.pmin(b, a));
  return true;
}

/** Neither sets a flag nor depends on MXCSR for ordinary operands; WebAssembly's pseudo-max has x86's rule for ties. */
export function maxpd(dst: usize, src: usize): bool {
  const a = v128.load(dst);
  const b = v128.load(src);
  if (!all64(v128.and(ordinary64x2(a), ordinary64x2(b)))) return elements<u64>(MAX, dst, src, 16);
  v128.store(dst, f64x2.pmax(b, a));
  return true;
}
