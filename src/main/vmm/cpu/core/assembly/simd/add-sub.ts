/**
 * Packed integer addition, subtraction and averages, wrapping and saturating (SDM vol. 2, PADDB … PAVGW).
 */

export function paddb(dst: usize, src: usize): void {
  v128.store(dst, i8x16.add(v128.load(dst), v128.load(src)));
}

export function paddw(dst: usize, src: usize): void {
  v128.store(dst, i16x8.add(v128.load(dst), v128.load(src)));
}

export function paddd(dst: usize, src: usize): void {
  v128.store(dst, i32x4.add(v128.load(dst), v128.load(src)));
}

export function paddq(dst: usize, src: usize): void {
  v128.store(dst, i64x2.add(v128.load(dst), v128.load(src)));
}

export function psubb(dst: usize, src: usize): void {
  v128.store(dst, i8x16.sub(v128.load(dst), v128.load(src)));
}

export function psubw(dst: usize, src: usize): void {
  v128.store(dst, i16x8.sub(v128.load(dst), v128.load(src)));
}

export function psubd(dst: usize, src: usize): void {
  v128.store(dst, i32x4.sub(v128.load(dst), v128.load(src)));
}

export function psubq(dst: usize, src: usize): void {
  v128.store(dst, i64x2.sub(v128.load(dst), v128.load(src)));
}

export function paddsb(dst: usize, src: usize): void {
  v128.store(dst, i8x16.add_sat_s(v128.load(dst), v128.load(src)));
}

export function paddsw(dst: usize, src: usize): void {
  v128.store(dst, i16x8.add_sat_s(v128.load(dst), v128.load(src)));
}

export function paddusb(dst: usize, src: usize): void {
  v128.store(dst, i8x16.add_sat_u(v128.load(dst), v128.load(src)));
}

export function paddusw(dst: usize, src: usize): void {
  v128.store(dst, i16x8.add_sat_u(v128.load(dst), v128.load(src)));
}

export function psubsb(dst: usize, src: usize): void {
  v128.store(dst, i8x16.sub_sat_s(v128.load(dst), v128.load(src)));
}

export function psubsw(dst: usize, src: usize): void {
  v128.store(dst, i16x8.sub_sat_s(v128.load(dst), v128.load(src)));
}

export function psubusb(dst: usize, src: usize): void {
  v128.store(dst, i8x16.sub_sat_u(v128.load(dst), v128.load(src)));
}

export function psubusw(dst: usize, src: usize): void {
  v128.store(dst, i16x8.sub_sat_u(v128.load(dst), v128.load(src)));
}

export function pavgb(dst: usize, src: usize): void {
  v128.store(dst, i8x16.avgr_u(v128.load(dst), v128.load(src)));
}

export function pavgw(dst: usize, src: usize): void {
  v128.store(dst, i16x8.avgr_u(v128.load(dst), v128.load(src)));
}
