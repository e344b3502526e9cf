/**
 * SSSE3 absolute value and sign transfer (SDM vol. 2, PABSB … PSIGND).
 */

export function pabsb(dst: usize, src: usize): void {
  v128.store(dst, i8x16.abs(v128.load(src)));
}

export function pabsw(dst: usize, src: usize): void {
  v128.store(dst, i16x8.abs(v128.load(src)));
}

export function pabsd(dst: usize, src: usize): void {
  v128.store(dst, i32x4.abs(v128.load(src)));
}

/** Negates `value` where `negative` is all ones, and clears it where `zero` is. */
function transfer(value: v128, negated: v128, negative: v128, zero: v128): v128 {
  return v128.andnot(v128.bitselect(negated, value, negative), zero);
}

export function psignb(dst: usize, src: usize): void {
  const a = v128.load(dst);
  const b = v128.load(src);
  v128.store(dst, transfer(a, i8x16.neg(a), i8x16.shr_s(b, 7), i8x16.eq(b, i64x2.splat(0))));
}

export function psignw(dst: usize, src: usize): void {
  const a = v128.load(dst);
  const b = v128.load(src);
  v128.store(dst, transfer(a, i16x8.neg(a), i16x8.shr_s(b, 15), i16x8.eq(b, i64x2.splat(0))));
}

export function psignd(dst: usize, src: usize): void {
  const a = v128.load(dst);
  const b = v128.load(src);
  v128.store(dst, transfer(a, i32x4.neg(a), i32x4.shr_s(b, 31), i32x4.eq(b, i64x2.splat(0))));
}
