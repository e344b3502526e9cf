/**
 * Checks behind the native fast paths. "Ordinary" operands are normal or zero (infinities pass here and are caught by
 * the result); an ordinary result is normal and not the smallest one, which may have been rounded up from a tiny value.
 */

export function ordinary<T>(x: T): bool {
  return abs<T>(x) >= smallestNormal<T>() || x == 0;
}

export function finite<T>(x: T): bool {
  return abs<T>(x) < <T>Infinity;
}

/** A product, quotient or root whose rounding was neither overflow nor near underflow. */
export function ordinaryResult<T>(x: T): bool {
  return abs<T>(x) < <T>Infinity && abs<T>(x) > smallestNormal<T>();
}

function smallestNormal<T>(): T {
  return sizeof<T>() == 4 ? <T>f32.MIN_NORMAL_VALUE : <T>f64.MIN_NORMAL_VALUE;
}

export function ordinary32x4(x: v128): v128 {
  return v128.or(f32x4.ge(f32x4.abs(x), f32x4.splat(f32.MIN_NORMAL_VALUE)), f32x4.eq(x, f32x4.splat(0)));
}

export function ordinary64x2(x: v128): v128 {
  return v128.or(f64x2.ge(f64x2.abs(x), f64x2.splat(f64.MIN_NORMAL_VALUE)), f64x2.eq(x, f64x2.splat(0)));
}

export function finite32x4(x: v128): v128 {
  return f32x4.lt(f32x4.abs(x), f32x4.splat(Infinity));
}

export function finite64x2(x: v128): v128 {
  return f64x2.lt(f64x2.abs(x), f64x2.splat(Infinity));
}

export function ordinaryResult32x4(x: v128): v128 {
  return v128.and(finite32x4(x), f32x4.gt(f32x4.abs(x), f32x4.splat(f32.MIN_NORMAL_VALUE)));
}

export function ordinaryResult64x2(x: v128): v128 {
  return v128.and(finite64x2(x), f64x2.gt(f64x2.abs(x), f64x2.splat(f64.MIN_NORMAL_VALUE)));
}

export function all32(mask: v128): bool {
  return i32x4.all_true(mask);
}

export function all64(mask: v128): bool {
  return i64x2.all_true(mask);
}

/** Whether a + b = sum exactly, by the error term of Knuth's TwoSum. */
export function sumIsExact<T>(a: T, b: T, sum: T): bool {
  const part = <T>(sum - a);
  return <T>(<T>(a - <T>(sum - part)) + <T>(b - part)) == 0;
}

/** Whether a × b = product exactly, for ordinary operands: the significands' product ends in enough zeros. */
export function productIsExact<T>(a: T, b: T, product: T): bool {
  if (product == 0) return true;
  if (sizeof<T>() == 4) return <f64>a * <f64>b == <f64>product;
  const x = reinterpret<u64>(<f64>a);
  const y = reinterpret<u64>(<f64>b);
  const low = ((x & 0xf_ffff_ffff_ffff) | 0x10_0000_0000_0000) * ((y & 0xf_ffff_ffff_ffff) | 0x10_0000_0000_0000);
  const exponent = <i32>((reinterpret<u64>(<f64>product) >> 52) & 0x7ff);
  const sum = <i32>((x >> 52) & 0x7ff) + <i32>((y >> 52) & 0x7ff) - 1023;
  return low << (exponent > sum ? 11 : 12) == 0;
}
