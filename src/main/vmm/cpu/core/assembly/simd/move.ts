/**
 * Moves between cells (SDM vol. 2, MOVAPS … MOVMSKPD). Memory sources arrive zero-extended to 16 bytes.
 */

export function mov128(dst: usize, src: usize): void {
  v128.store(dst, v128.load(src));
}

/** MOVQ: the upper half becomes zero. */
export function movq(dst: usize, src: usize): void {
  v128.store(dst, v128.load64_zero(src));
}

/** MOVSS between registers. */
export function merge32(dst: usize, src: usize): void {
  store<u32>(dst, load<u32>(src));
}

/** MOVSD between registers, MOVLPS/MOVLPD from memory. */
export function merge64(dst: usize, src: usize): void {
  store<u64>(dst, load<u64>(src));
}

/** MOVHLPS; with a scratch cell as dst also the store forms of MOVHPS and MOVHPD. */
export function movhlps(dst: usize, src: usize): void {
  store<u64>(dst, load<u64>(src, 8));
}

/** MOVLHPS, and MOVHPS/MOVHPD from memory. */
export function movlhps(dst: usize, src: usize): void {
  store<u64>(dst, load<u64>(src), 8);
}

export function movddup(dst: usize, src: usize): void {
  v128.store(dst, v128.load64_splat(src));
}

export function movsldup(dst: usize, src: usize): void {
  const a = v128.load(src);
  v128.store(dst, i8x16.shuffle(a, a, 0, 1, 2, 3, 0, 1, 2, 3, 8, 9, 10, 11, 8, 9, 10, 11));
}

export function movshdup(dst: usize, src: usize): void {
  const a = v128.load(src);
  v128.store(dst, i8x16.shuffle(a, a, 4, 5, 6, 7, 4, 5, 6, 7, 12, 13, 14, 15, 12, 13, 14, 15));
}

/** Sign bits into a general register, whose value goes through a scratch cell. */
export function movmskps(dst: usize, src: usize): void {
  store<u64>(dst, <u64>i32x4.bitmask(v128.load(src)));
}

export function movmskpd(dst: usize, src: usize): void {
  store<u64>(dst, <u64>i64x2.bitmask(v128.load(src)));
}

export function pmovmskb(dst: usize, src: usize): void {
  store<u64>(dst, <u64>i8x16.bitmask(v128.load(src)));
}
