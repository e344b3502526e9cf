import { XMM_CELLS } from '../fp/state';

/**
 * Blends, insertions and extractions (SDM vol. 2, BLENDPS … PEXTRQ). XMM0 is the implicit mask of the variable blends.
 */

export function pblendvb(dst: usize, src: usize): void {
  v128.store(dst, v128.bitselect(v128.load(src), v128.load(dst), i8x16.shr_s(v128.load(XMM_CELLS), 7)));
}

export function blendvps(dst: usize, src: usize): void {
  v128.store(dst, v128.bitselect(v128.load(src), v128.load(dst), i32x4.shr_s(v128.load(XMM_CELLS), 31)));
}

export function blendvpd(dst: usize, src: usize): void {
  v128.store(dst, v128.bitselect(v128.load(src), v128.load(dst), i64x2.shr_s(v128.load(XMM_CELLS), 63)));
}

export function blendps(dst: usize, src: usize, imm: u32): void {
  for (let i: u32 = 0; i < 4; i++) if ((imm >> i) & 1) store<u32>(dst + (i << 2), load<u32>(src + (i << 2)));
}

export function blendpd(dst: usize, src: usize, imm: u32): void {
  if (imm & 1) store<u64>(dst, load<u64>(src));
  if (imm & 2) store<u64>(dst, load<u64>(src, 8), 8);
}

export function pblendw(dst: usize, src: usize, imm: u32): void {
  for (let i: u32 = 0; i < 8; i++) if ((imm >> i) & 1) store<u16>(dst + (i << 1), load<u16>(src + (i << 1)));
}

export function pinsrb(dst: usize, src: usize, imm: u32): void {
  store<u8>(dst + (imm & 15), load<u8>(src));
}

export function pinsrw(dst: usize, src: usize, imm: u32): void {
  store<u16>(dst + ((imm & 7) << 1), load<u16>(src));
}

export function pinsrd(dst: usize, src: usize, imm: u32): void {
  store<u32>(dst + ((imm & 3) << 2), load<u32>(src));
}

export function pinsrq(dst: usize, src: usize, imm: u32): void {
  store<u64>(dst + ((imm & 1) << 3), load<u64>(src));
}

/** Extractions zero-extend to 64 bits. */
export function pextrb(dst: usize, src: usize, imm: u32): void {
  store<u64>(dst, load<u8>(src + (imm & 15)));
}

export function pextrw(dst: usize, src: usize, imm: u32): void {
  store<u64>(dst, load<u16>(src + ((imm & 7) << 1)));
}

export function pextrd(dst: usize, src: usize, imm: u32): void {
  store<u64>(dst, load<u32>(src + ((imm & 3) << 2)));
}

export function pextrq(dst: usize, src: usize, imm: u32): void {
  store<u64>(dst, load<u64>(src + ((imm & 1) << 3)));
}

/** imm 7:6 source element, 5:4 destination element, 3:0 elements to clear. */
export function insertps(dst: usize, src: usize, imm: u32): void {
  store<u32>(dst + (((imm >> 4) & 3) << 2), load<u32>(src + ((imm >> 6) << 2)));
  for (let i: u32 = 0; i < 4; i++) if ((imm >> i) & 1) store<u32>(dst + (i << 2), 0);
}

/** The memory form: one element, imm 7:6 ignored. */
export function insertpsm(dst: usize, src: usize, imm: u32): void {
  insertps(dst, src, imm & 0x3f);
}
