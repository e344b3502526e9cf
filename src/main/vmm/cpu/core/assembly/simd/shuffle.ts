/**
 * Shuffles by immediate or by register (SDM vol. 2, PSHUFD … PALIGNR, SHUFPS, SHUFPD).
 */

/** The four doublewords of `from` named by the four 2-bit fields of `imm`, as 64 bits at a time. */
function pair32(from: usize, imm: u32): u64 {
  return (<u64>load<u32>(from + ((imm & 3) << 2))) | ((<u64>load<u32>(from + (((imm >> 2) & 3) << 2))) << 32);
}

function quad16(from: usize, imm: u32): u64 {
  return (
    (<u64>load<u16>(from + ((imm & 3) << 1))) |
    ((<u64>load<u16>(from + (((imm >> 2) & 3) << 1))) << 16) |
    ((<u64>load<u16>(from + (((imm >> 4) & 3) << 1))) << 32) |
    ((<u64>load<u16>(from + (((imm >> 6) & 3) << 1))) << 48)
  );
}

function store128(dst: usize, low: u64, high: u64): void {
  store<u64>(dst, low);
  store<u64>(dst, high, 8);
}

export function pshufd(dst: usize, src: usize, imm: u32): void {
  store128(dst, pair32(src, imm), pair32(src, imm >> 4));
}

export function pshufhw(dst: usize, src: usize, imm: u32): void {
  store128(dst, load<u64>(src), quad16(src + 8, imm));
}

export function pshuflw(dst: usize, src: usize, imm: u32): void {
  store128(dst, quad16(src, imm), load<u64>(src, 8));
}

/** The MMX form: 64 bits. */
export function pshufw(dst: usize, src: usize, imm: u32): void {
  store<u64>(dst, quad16(src, imm));
}

export function shufps(dst: usize, src: usize, imm: u32): void {
  store128(dst, pair32(dst, imm), pair32(src, imm >> 4));
}

export function shufpd(dst: usize, src: usize, imm: u32): void {
  store128(dst, load<u64>(dst + ((imm & 1) << 3)), load<u64>(src + ((imm & 2) << 2)));
}

/** Index bits 3:0 choose a byte, bit 7 gives zero; bits 6:4 are ignored (WebAssembly would give zero for 16 and up). */
export function pshufb(dst: usize, src: usize): void {
  v128.store(dst, i8x16.swizzle(v128.load(dst), v128.and(v128.load(src), i8x16.splat(<i8>0x8f))));
}

/** Bytes imm … imm + 15 of dst:src. */
export function palignr(dst: usize, src: usize, imm: u32): void {
  if (imm >= 32) return store128(dst, 0, 0);
  const identity = v128(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  const fromLow = i8x16.swizzle(v128.load(src), i8x16.add(identity, i8x16.splat(<i8>imm)));
  const fromHigh = i8x16.swizzle(v128.load(dst), i8x16.add(identity, i8x16.splat(<i8>(imm - 16))));
  v128.store(dst, v128.or(fromLow, fromHigh));
}
