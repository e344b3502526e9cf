/**
 * Sign and zero extension (SDM vol. 2, PMOVSX, PMOVZX). Sources may be 2, 4 or 8 bytes of memory, zero-extended in a cell.
 */

export function pmovsxbw(dst: usize, src: usize): void {
  v128.store(dst, i16x8.extend_low_i8x16_s(v128.load64_zero(src)));
}

export function pmovsxbd(dst: usize, src: usize): void {
  v128.store(dst, i32x4.extend_low_i16x8_s(i16x8.extend_low_i8x16_s(v128.load64_zero(src))));
}

export function pmovsxbq(dst: usize, src: usize): void {
  v128.store(dst, i64x2.extend_low_i32x4_s(i32x4.extend_low_i16x8_s(i16x8.extend_low_i8x16_s(v128.load64_zero(src)))));
}

export function pmovsxwd(dst: usize, src: usize): void {
  v128.store(dst, i32x4.extend_low_i16x8_s(v128.load64_zero(src)));
}

export function pmovsxwq(dst: usize, src: usize): void {
  v128.store(dst, i64x2.extend_low_i32x4_s(i32x4.extend_low_i16x8_s(v128.load64_zero(src))));
}

export function pmovsxdq(dst: usize, src: usize): void {
  v128.store(dst, i64x2.extend_low_i32x4_s(v128.load64_zero(src)));
}

export function pmovzxbw(dst: usize, src: usize): void {
  v128.store(dst, i16x8.extend_low_i8x16_u(v128.load64_zero(src)));
}

export function pmovzxbd(dst: usize, src: usize): void {
  v128.store(dst, i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load64_zero(src))));
}

export function pmovzxbq(dst: usize, src: usize): void {
  v128.store(dst, i64x2.extend_low_i32x4_u(i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load64_zero(src)))));
}

export function pmovzxwd(dst: usize, src: usize): void {
  v128.store(dst, i32x4.extend_low_i16x8_u(v128.load64_zero(src)));
}

export function pmovzxwq(dst: usize, src: usize): void {
  v128.store(dst, i64x2.extend_low_i32x4_u(i32x4.extend_low_i16x8_u(v128.load64_zero(src))));
}

export function pmovzxdq(dst: usize, src: usize): void {
  v128.store(dst, i64x2.extend_low_i32x4_u(v128.load64_zero(src)));
}
