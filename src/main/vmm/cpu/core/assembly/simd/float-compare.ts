import { compareOrdered, predicate } from './float';
import { beginFloat, endFloat } from './float-environment';
import { FP_SCRATCH, FP_SCRATCH_SIZE } from '../../layout';
import { all32, all64, ordinary, ordinary32x4, ordinary64x2 } from './ordinary';
import { FLAG_CF, FLAG_PF, FLAG_ZF, setSimdFlags } from './results';

/** SSE comparisons (SDM vol. 2, CMPPS … UCOMISD). For ordinary operands no flag can change, whatever MXCSR says. */

const RESULT: usize = FP_SCRATCH + FP_SCRATCH_SIZE - 16;

function elements<T>(dst: usize, src: usize, imm: u32, bytes: usize): bool {
  beginFloat();
  for (let at: usize = 0; at < bytes; at += sizeof<T>()) {
    store<T>(RESULT + at, predicate<T>(load<T>(dst + at), load<T>(src + at), imm & 7));
  }
  if (!endFloat()) return false;
  memory.copy(dst, RESULT, bytes);
  return true;
}

/** The predicates without NaNs: unordered is false, and bit 2 inverts. */
function ordered32(a: v128, b: v128, imm: u32): v128 {
  const inverted = i32x4.splat(imm & 4 ? -1 : 0);
  switch (imm & 3) {
    case 0:
      return v128.xor(f32x4.eq(a, b), inverted);
    case 1:
      return v128.xor(f32x4.lt(a, b), inverted);
    case 2:
      return v128.xor(f32x4.le(a, b), inverted);
    default:
      return inverted;
  }
}

function ordered64(a: v128, b: v128, imm: u32): v128 {
  const inverted = i32x4.splat(imm & 4 ? -1 : 0);
  switch (imm & 3) {
    case 0:
      return v128.xor(f64x2.eq(a, b), inverted);
    case 1:
      return v128.xor(f64x2.lt(a, b), inverted);
    case 2:
      return v128.xor(f64x2.le(a, b), inverted);
    default:
      return inverted;
  }
}

export function cmpps(dst: usize, src: usize, imm: u32): bool {
  const a = v128.load(dst);
  const b = v128.load(src);
  if (!all32(v128.and(ordinary32x4(a), ordinary32x4(b)))) return elements<u32>(dst, src, imm, 16);
  v128.store(dst, ordered32(a, b, imm));
  return true;
}

export function cmppd(dst: usize, src: usize, imm: u32): bool {
  const a = v128.load(dst);
  const b = v128.load(src);
  if (!all64(v128.and(ordinary64x2(a), ordinary64x2(b)))) return elements<u64>(dst, src, imm, 16);
  v128.store(dst, ordered64(a, b, imm));
  return true;
}

export function cmpss(dst: usize, src: usize, imm: u32): bool {
  return elements<u32>(dst, src, imm, 4);
}

export function cmpsd(dst: usize, src: usize, imm: u32): bool {
  return elements<u64>(dst, src, imm, 8);
}

/** ZF PF CF: 000 greater, 001 less, 100 equal, 111 unordered. */
function setOrder(order: i32): void {
  setSimdFlags(order == 2 ? FLAG_ZF | FLAG_PF | FLAG_CF : order == 0 ? FLAG_ZF : order < 0 ? FLAG_CF : 0);
}

function slowCompare<T>(dst: usize, src: usize, quiet: bool): bool {
  beginFloat();
  const order = compareOrdered<T>(load<T>(dst), load<T>(src), quiet);
  if (!endFloat()) return false;
  setOrder(order);
  return true;
}

/** F is the floating-point type, T the integer of its size. */
function compareScalars<F, T>(dst: usize, src: usize, quiet: bool): bool {
  const a = load<F>(dst);
  const b = load<F>(src);
  if (!ordinary<F>(a) || !ordinary<F>(b)) return slowCompare<T>(dst, src, quiet);
  setSimdFlags(a == b ? FLAG_ZF : a < b ? FLAG_CF : 0);
  return true;
}

export function comiss(dst: usize, src: usize): bool {
  return compareScalars<f32, u32>(dst, src, false);
}

export function comisd(dst: usize, src: usize): bool {
  return compareScalars<f64, u64>(dst, src, false);
}

export function ucomiss(dst: usize, src: usize): bool {
  return compareScalars<f32, u32>(dst, src, true);
}

export function ucomisd(dst: usize, src: usize): bool {
  return compareScalars<f64, u64>(dst, src, true);
}
