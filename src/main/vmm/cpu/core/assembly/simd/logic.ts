/**
 * Bitwise logic: PAND, ANDPS and their kin (SDM vol. 2). dst and src are 16-byte cells.
 */

export function pand(dst: usize, src: usize): void {
  v128.store(dst, v128.and(v128.load(dst), v128.load(src)));
}

/** NOT dst AND src: WebAssembly complements the second operand, x86 the first. */
export function pandn(dst: usize, src: usize): void {
  v128.store(dst, v128.andnot(v128.load(src), v128.load(dst)));
}

export function por(dst: usize, src: usize): void {
  v128.store(dst, v128.or(v128.load(dst), v128.load(src)));
}

export function pxor(dst: usize, src: usize): void {
  v128.store(dst, v128.xor(v128.load(dst), v128.load(src)));
}
