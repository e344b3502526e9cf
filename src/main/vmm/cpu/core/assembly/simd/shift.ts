/**
 * Packed shifts (SDM vol. 2, PSLLW … PSRLDQ). Counts past the element width give zero, or the sign for PSRAW/PSRAD.
 */

/** A shift count is all 64 low bits of the source: anything past the element width counts as "too far". */
function count(src: usize, width: u32): u32 {
  const value = load<u64>(src);
  return value < <u64>width ? <u32>value : width;
}

function left16(dst: usize, n: u32): void {
  v128.store(dst, n > 15 ? i64x2.splat(0) : i16x8.shl(v128.load(dst), n));
}

function left32(dst: usize, n: u32): void {
  v128.store(dst, n > 31 ? i64x2.splat(0) : i32x4.shl(v128.load(dst), n));
}

function left64(dst: usize, n: u32): void {
  v128.store(dst, n > 63 ? i64x2.splat(0) : i64x2.shl(v128.load(dst), n));
}

function right16(dst: usize, n: u32): void {
  v128.store(dst, n > 15 ? i64x2.splat(0) : i16x8.shr_u(v128.load(dst), n));
}

function right32(dst: usize, n: u32): void {
  v128.store(dst, n > 31 ? i64x2.splat(0) : i32x4.shr_u(v128.load(dst), n));
}

function right64(dst: usize, n: u32): void {
  v128.store(dst, n > 63 ? i64x2.splat(0) : i64x2.shr_u(v128.load(dst), n));
}

function arithmetic16(dst: usize, n: u32): void {
  v128.store(dst, i16x8.shr_s(v128.load(dst), n > 15 ? 15 : n));
}

function arithmetic32(dst: usize, n: u32): void {
  v128.store(dst, i32x4.shr_s(v128.load(dst), n > 31 ? 31 : n));
}

export function psllw(dst: usize, src: usize): void {
  left16(dst, count(src, 16));
}

export function psllwi(dst: usize, imm: u32): void {
  left16(dst, imm);
}

export function pslld(dst: usize, src: usize): void {
  left32(dst, count(src, 32));
}

export function pslldi(dst: usize, imm: u32): void {
  left32(dst, imm);
}

export function psllq(dst: usize, src: usize): void {
  left64(dst, count(src, 64));
}

export function psllqi(dst: usize, imm: u32): void {
  left64(dst, imm);
}

export function psrlw(dst: usize, src: usize): void {
  right16(dst, count(src, 16));
}

export function psrlwi(dst: usize, imm: u32): void {
  right16(dst, imm);
}

export function psrld(dst: usize, src: usize): void {
  right32(dst, count(src, 32));
}

export function psrldi(dst: usize, imm: u32): void {
  right32(dst, imm);
}

export function psrlq(dst: usize, src: usize): void {
  right64(dst, count(src, 64));
}

export function psrlqi(dst: usize, imm: u32): void {
  right64(dst, imm);
}

export function psraw(dst: usize, src: usize): void {
  arithmetic16(dst, count(src, 16));
}

export function psrawi(dst: usize, imm: u32): void {
  arithmetic16(dst, imm);
}

export function psrad(dst: usize, src: usize): void {
  arithmetic32(dst, count(src, 32));
}

export function psradi(dst: usize, imm: u32): void {
  arithmetic32(dst, imm);
}

/** Shifts the whole register left by bytes. */
export function pslldq(dst: usize, imm: u32): void {
  shiftBytes(dst, imm > 15 ? 16 : imm);
}

export function psrldq(dst: usize, imm: u32): void {
  shiftBytes(dst, imm > 15 ? -16 : -(<i32>imm));
}

/** Positive: towards higher bytes. An index outside 0–15 makes `swizzle` give zero, which is what shifts in. */
function shiftBytes(dst: usize, bytes: i32): void {
  const identity = v128(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  v128.store(dst, i8x16.swizzle(v128.load(dst), i8x16.sub(identity, i8x16.splat(<i8>bytes))));
}
