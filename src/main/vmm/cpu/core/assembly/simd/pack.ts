/**
 * Packing with saturation and interleaving (SDM vol. 2, PACKSSWB … PUNPCKHQDQ; UNPCKxPS/PD are the same moves).
 */

export function packsswb(dst: usize, src: usize): void {
  v128.store(dst, i8x16.narrow_i16x8_s(v128.load(dst), v128.load(src)));
}

export function packuswb(dst: usize, src: usize): void {
  v128.store(dst, i8x16.narrow_i16x8_u(v128.load(dst), v128.load(src)));
}

export function packssdw(dst: usize, src: usize): void {
  v128.store(dst, i16x8.narrow_i32x4_s(v128.load(dst), v128.load(src)));
}

export function packusdw(dst: usize, src: usize): void {
  v128.store(dst, i16x8.narrow_i32x4_u(v128.load(dst), v128.load(src)));
}

export function punpcklbw(dst: usize, src: usize): void {
  v128.store(
    dst,
    i8x16.shuffle(v128.load(dst), v128.load(src), 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23),
  );
}

export function punpcklwd(dst: usize, src: usize): void {
  v128.store(
    dst,
    i8x16.shuffle(v128.load(dst), v128.load(src), 0, 1, 16, 17, 2, 3, 18, 19, 4, 5, 20, 21, 6, 7, 22, 23),
  );
}

export function punpckldq(dst: usize, src: usize): void {
  v128.store(
    dst,
    i8x16.shuffle(v128.load(dst), v128.load(src), 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23),
  );
}

export function punpcklqdq(dst: usize, src: usize): void {
  v128.store(
    dst,
    i8x16.shuffle(v128.load(dst), v128.load(src), 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23),
  );
}

export function punpckhbw(dst: usize, src: usize): void {
  v128.store(
    dst,
    i8x16.shuffle(v128.load(dst), v128.load(src), 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31),
  );
}

export function punpckhwd(dst: usize, src: usize): void {
  v128.store(
    dst,
    i8x16.shuffle(v128.load(dst), v128.load(src), 8, 9, 24, 25, 10, 11, 26, 27, 12, 13, 28, 29, 14, 15, 30, 31),
  );
}

export function punpckhdq(dst: usize, src: usize): void {
  v128.store(
    dst,
    i8x16.shuffle(v128.load(dst), v128.load(src), 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31),
  );
}

export function punpckhqdq(dst: usize, src: usize): void {
  v128.store(
    dst,
    i8x16.shuffle(v128.load(dst), v128.load(src), 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31),
  );
}
