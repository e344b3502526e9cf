import { FLAG_CF, FLAG_ZF, setSimdFlags } from './results';

/**
 * Packed integer minimum, maximum and comparison (SDM vol. 2, PMINUB … PCMPGTQ, PTEST).
 */

export function pminub(dst: usize, src: usize): void {
  v128.store(dst, i8x16.min_u(v128.load(dst), v128.load(src)));
}

export function pminsb(dst: usize, src: usize): void {
  v128.store(dst, i8x16.min_s(v128.load(dst), v128.load(src)));
}

export function pminuw(dst: usize, src: usize): void {
  v128.store(dst, i16x8.min_u(v128.load(dst), v128.load(src)));
}

export function pminsw(dst: usize, src: usize): void {
  v128.store(dst, i16x8.min_s(v128.load(dst), v128.load(src)));
}

export function pminud(dst: usize, src: usize): void {
  v128.store(dst, i32x4.min_u(v128.load(dst), v128.load(src)));
}

export function pminsd(dst: usize, src: usize): void {
  v128.store(dst, i32x4.min_s(v128.load(dst), v128.load(src)));
}

export function pmaxub(dst: usize, src: usize): void {
  v128.store(dst, i8x16.max_u(v128.load(dst), v128.load(src)));
}

export function pmaxsb(dst: usize, src: usize): void {
  v128.store(dst, i8x16.max_s(v128.load(dst), v128.load(src)));
}

export function pmaxuw(dst: usize, src: usize): void {
  v128.store(dst, i16x8.max_u(v128.load(dst), v128.load(src)));
}

export function pmaxsw(dst: usize, src: usize): void {
  v128.store(dst, i16x8.max_s(v128.load(dst), v128.load(src)));
}

export function pmaxud(dst: usize, src: usize): void {
  v128.store(dst, i32x4.max_u(v128.load(dst), v128.load(src)));
}

export function pmaxsd(dst: usize, src: usize): void {
  v128.store(dst, i32x4.max_s(v128.load(dst), v128.load(src)));
}

export function pcmpeqb(dst: usize, src: usize): void {
  v128.store(dst, i8x16.eq(v128.load(dst), v128.load(src)));
}

export function pcmpeqw(dst: usize, src: usize): void {
  v128.store(dst, i16x8.eq(v128.load(dst), v128.load(src)));
}

export function pcmpeqd(dst: usize, src: usize): void {
  v128.store(dst, i32x4.eq(v128.load(dst), v128.load(src)));
}

export function pcmpeqq(dst: usize, src: usize): void {
  v128.store(dst, i64x2.eq(v128.load(dst), v128.load(src)));
}

export function pcmpgtb(dst: usize, src: usize): void {
  v128.store(dst, i8x16.gt_s(v128.load(dst), v128.load(src)));
}

export function pcmpgtw(dst: usize, src: usize): void {
  v128.store(dst, i16x8.gt_s(v128.load(dst), v128.load(src)));
}

export function pcmpgtd(dst: usize, src: usize): void {
  v128.store(dst, i32x4.gt_s(v128.load(dst), v128.load(src)));
}

export function pcmpgtq(dst: usize, src: usize): void {
  v128.store(dst, i64x2.gt_s(v128.load(dst), v128.load(src)));
}

/** EFLAGS: ZF if src AND dst is zero, CF if src AND NOT dst is zero, the other arithmetic flags clear. */
export function ptest(dst: usize, src: usize): void {
  const a = v128.load(dst);
  const b = v128.load(src);
  setSimdFlags((v128.any_true(v128.and(a, b)) ? 0 : FLAG_ZF) | (v128.any_true(v128.andnot(b, a)) ? 0 : FLAG_CF));
}
