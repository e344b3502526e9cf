import { PE } from '../fp/state';
import { FP_SCRATCH, FP_SCRATCH_SIZE } from '../../layout';
import { DOWN, NEAREST, TOWARD_ZERO, UP } from '../softfloat/rounding';
import { flushInput, isNaN, propagate } from './float';
import { beginFloat, endFloat, raise, rounding } from './float-environment';

/** ROUNDPS … ROUNDSD, and rounding to an integral value in general (SDM vol. 2, ROUNDPD; vol. 1, 4.8.4). */

const RESULT: usize = FP_SCRATCH + FP_SCRATCH_SIZE - 16;

/** imm: bits 1:0 the mode unless bit 2 says MXCSR's, bit 3 suppresses PE. */
const FROM_MXCSR: u32 = 4;
const SUPPRESS_PRECISION: u32 = 8;

/** x rounded to an integer of its own format; exact in f64 for singles too. */
export function integral(x: f64, mode: u32): f64 {
  switch (mode) {
    case NEAREST:
      return nearest(x);
    case DOWN:
      return floor(x);
    case UP:
      return ceil(x);
    case TOWARD_ZERO:
    default:
      return trunc(x);
  }
}

function element<T>(bits: T, imm: u32): T {
  if (isNaN<T>(bits)) return propagate<T>(bits, bits);
  bits = flushInput<T>(bits);
  const value = sizeof<T>() == 4 ? <f64>reinterpret<f32>(<u32>bits) : reinterpret<f64>(<u64>bits);
  const result = integral(value, imm & FROM_MXCSR ? rounding() : imm & 3);
  if (result != value && (imm & SUPPRESS_PRECISION) == 0) raise(PE);
  return sizeof<T>() == 4 ? <T>reinterpret<u32>(<f32>result) : <T>reinterpret<u64>(result);
}

function elements<T>(dst: usize, src: usize, imm: u32, bytes: usize): bool {
  beginFloat();
  for (let at: usize = 0; at < bytes; at += sizeof<T>()) store<T>(RESULT + at, element<T>(load<T>(src + at), imm));
  if (!endFloat()) return false;
  memory.copy(dst, RESULT, bytes);
  return true;
}

export function roundps(dst: usize, src: usize, imm: u32): bool {
  return elements<u32>(dst, src, imm, 16);
}

export function roundpd(dst: usize, src: usize, imm: u32): bool {
  return elements<u64>(dst, src, imm, 16);
}

export function roundss(dst: usize, src: usize, imm: u32): bool {
  return elements<u32>(dst, src, imm, 4);
}

export function roundsd(dst: usize, src: usize, imm: u32): bool {
  return elements<u64>(dst, src, imm, 8);
}
