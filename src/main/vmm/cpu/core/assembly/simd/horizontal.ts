/**
 * SSSE3 and SSE4.1 integer operations between neighbouring elements (SDM vol. 2, PHADDW … MPSADBW, PSADBW).
 */

function evenWords(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 0, 1, 4, 5, 8, 9, 12, 13, 16, 17, 20, 21, 24, 25, 28, 29);
}

function oddWords(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 2, 3, 6, 7, 10, 11, 14, 15, 18, 19, 22, 23, 26, 27, 30, 31);
}

function evenDwords(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27);
}

function oddDwords(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
}

function horizontalAddWords(a: v128, b: v128): v128 {
  return i16x8.add(evenWords(a, b), oddWords(a, b));
}

function horizontalAddDwords(a: v128, b: v128): v128 {
  return i32x4.add(evenDwords(a, b), oddDwords(a, b));
}

function horizontalAddSaturated(a: v128, b: v128): v128 {
  return i16x8.add_sat_s(evenWords(a, b), oddWords(a, b));
}

function horizontalSubWords(a: v128, b: v128): v128 {
  return i16x8.sub(evenWords(a, b), oddWords(a, b));
}

function horizontalSubDwords(a: v128, b: v128): v128 {
  return i32x4.sub(evenDwords(a, b), oddDwords(a, b));
}

function horizontalSubSaturated(a: v128, b: v128): v128 {
  return i16x8.sub_sat_s(evenWords(a, b), oddWords(a, b));
}

export function phaddw(dst: usize, src: usize): void {
  v128.store(dst, horizontalAddWords(v128.load(dst), v128.load(src)));
}

export function phaddd(dst: usize, src: usize): void {
  v128.store(dst, horizontalAddDwords(v128.load(dst), v128.load(src)));
}

export function phaddsw(dst: usize, src: usize): void {
  v128.store(dst, horizontalAddSaturated(v128.load(dst), v128.load(src)));
}

export function phsubw(dst: usize, src: usize): void {
  v128.store(dst, horizontalSubWords(v128.load(dst), v128.load(src)));
}

export function phsubd(dst: usize, src: usize): void {
  v128.store(dst, horizontalSubDwords(v128.load(dst), v128.load(src)));
}

export function phsubsw(dst: usize, src: usize): void {
  v128.store(dst, horizontalSubSaturated(v128.load(dst), v128.load(src)));
}

/** The MMX forms: dst and src are the two halves of one 16-byte operand, the result its low half. */
function joined(dst: usize, src: usize): v128 {
  return v128.load64_lane(src, v128.load64_zero(dst), 1);
}

export function phaddw64(dst: usize, src: usize): void {
  const pair = joined(dst, src);
  v128.store64_lane(dst, horizontalAddWords(pair, pair), 0);
}

export function phaddd64(dst: usize, src: usize): void {
  const pair = joined(dst, src);
  v128.store64_lane(dst, horizontalAddDwords(pair, pair), 0);
}

export function phaddsw64(dst: usize, src: usize): void {
  const pair = joined(dst, src);
  v128.store64_lane(dst, horizontalAddSaturated(pair, pair), 0);
}

export function phsubw64(dst: usize, src: usize): void {
  const pair = joined(dst, src);
  v128.store64_lane(dst, horizontalSubWords(pair, pair), 0);
}

export function phsubd64(dst: usize, src: usize): void {
  const pair = joined(dst, src);
  v128.store64_lane(dst, horizontalSubDwords(pair, pair), 0);
}

export function phsubsw64(dst: usize, src: usize): void {
  const pair = joined(dst, src);
  v128.store64_lane(dst, horizontalSubSaturated(pair, pair), 0);
}

/** Sums of eight absolute differences of bytes, one in each quadword. */
export function psadbw(dst: usize, src: usize): void {
  const a = v128.load(dst);
  const b = v128.load(src);
  const differences = v128.or(i8x16.sub_sat_u(a, b), i8x16.sub_sat_u(b, a));
  const sums = i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(differences));
  v128.store(dst, v128.and(i64x2.add(sums, i64x2.shr_u(sums, 32)), i64x2.splat(0xffff)));
}

/** Smallest unsigned word and its index; the rest of the result is zero. */
export function phminposuw(dst: usize, src: usize): void {
  let best: u32 = load<u16>(src);
  let at: u32 = 0;
  for (let i: u32 = 1; i < 8; i++) {
    const word: u32 = load<u16>(src + (i << 1));
    if (word < best) {
      best = word;
      at = i;
    }
  }
  store<u64>(dst, <u64>(best | (at << 16)));
  store<u64>(dst, 0, 8);
}

/** Eight sums of four absolute differences: four bytes of src slide over eleven of dst; imm bits 1:0 and 2 choose where. */
export function mpsadbw(dst: usize, src: usize, imm: u32): void {
  const block = load<u32>(src + ((imm & 3) << 2));
  const pattern = i32x4.splat(block);
  const from = imm & 4;
  const low = load<u64>(dst);
  const high = load<u64>(dst, 8);
  const window = from ? (low >> 32) | (high << 32) : low;
  const above = from ? high >> 32 : high;
  let first: u64 = 0;
  let second: u64 = 0;
  for (let i: u32 = 0; i < 8; i++) {
    const bits = i << 3;
    const bytes = <u32>(bits ? (window >> bits) | (above << (64 - bits)) : window);
    const at = i32x4.splat(bytes);
    const differences = v128.or(i8x16.sub_sat_u(at, pattern), i8x16.sub_sat_u(pattern, at));
    const pairs = i16x8.extadd_pairwise_i8x16_u(differences);
    const sum = <u64>(i16x8.extract_lane_u(pairs, 0) + i16x8.extract_lane_u(pairs, 1));
    if (i < 4) first |= sum << (i << 4);
    else second |= sum << ((i - 4) << 4);
  }
  store<u64>(dst, first);
  store<u64>(dst, second, 8);
}
