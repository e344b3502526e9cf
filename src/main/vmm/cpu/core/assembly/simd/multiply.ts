/**
 * Packed integer multiplication (SDM vol. 2, PMULLW … PMADDUBSW).
 */

export function pmullw(dst: usize, src: usize): void {
  v128.store(dst, i16x8.mul(v128.load(dst), v128.load(src)));
}

export function pmulld(dst: usize, src: usize): void {
  v128.store(dst, i32x4.mul(v128.load(dst), v128.load(src)));
}

/** High halves of four 32-bit products, given the products of the low and of the high word lanes. */
function highHalves(low: v128, high: v128): v128 {
  return i8x16.shuffle(low, high, 2, 3, 6, 7, 10, 11, 14, 15, 18, 19, 22, 23, 26, 27, 30, 31);
}

export function pmulhw(dst: usize, src: usize): void {
  const a = v128.load(dst);
  const b = v128.load(src);
  v128.store(dst, highHalves(i32x4.extmul_low_i16x8_s(a, b), i32x4.extmul_high_i16x8_s(a, b)));
}

export function pmulhuw(dst: usize, src: usize): void {
  const a = v128.load(dst);
  const b = v128.load(src);
  v128.store(dst, highHalves(i32x4.extmul_low_i16x8_u(a, b), i32x4.extmul_high_i16x8_u(a, b)));
}

/** Products of the even doublewords. */
export function pmuludq(dst: usize, src: usize): void {
  const mask = i64x2.splat(0xffff_ffff);
  v128.store(dst, i64x2.mul(v128.and(v128.load(dst), mask), v128.and(v128.load(src), mask)));
}

export function pmuldq(dst: usize, src: usize): void {
  const a = i64x2.shr_s(i64x2.shl(v128.load(dst), 32), 32);
  const b = i64x2.shr_s(i64x2.shl(v128.load(src), 32), 32);
  v128.store(dst, i64x2.mul(a, b));
}

export function pmaddwd(dst: usize, src: usize): void {
  v128.store(dst, i32x4.dot_i16x8_s(v128.load(dst), v128.load(src)));
}

/** Unsigned bytes of dst by signed bytes of src, neighbours added with signed saturation. */
export function pmaddubsw(dst: usize, src: usize): void {
  const a = v128.load(dst);
  const b = v128.load(src);
  const even = i16x8.mul(v128.and(a, i16x8.splat(0xff)), i16x8.shr_s(i16x8.shl(b, 8), 8));
  const odd = i16x8.mul(i16x8.shr_u(a, 8), i16x8.shr_s(b, 8));
  v128.store(dst, i16x8.add_sat_s(even, odd));
}

/** (a × b / 2^14 + 1) / 2. WebAssembly's q15mulr saturates −1 × −1, x86 wraps it to 8000h. */
export function pmulhrsw(dst: usize, src: usize): void {
  const product = i16x8.q15mulr_sat_s(v128.load(dst), v128.load(src));
  const minimum = i16x8.splat(i16.MIN_VALUE);
  const wraps = v128.and(i16x8.eq(v128.load(dst), minimum), i16x8.eq(v128.load(src), minimum));
  v128.store(dst, v128.xor(product, wraps));
}
