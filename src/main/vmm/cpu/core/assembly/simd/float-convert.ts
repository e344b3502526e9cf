import { IE, PE } from '../fp/state';
import { FP_SCRATCH, FP_SCRATCH_SIZE } from '../../layout';
import { BIAS, TOWARD_ZERO } from '../softfloat/rounding';
import { FINITE, INFINITE, uExponent, uKind, uSign, uSignificand } from '../softfloat/unpacked';
import { admit, flushInput, isNaN, pack, propagate, unpackFloat } from './float';
import {
  beginFloat,
  defaultControl,
  endFloat,
  precisionFlagSet,
  raise,
  rounding,
  setPrecisionFlag,
} from './float-environment';
import { integral } from './float-round';
import { ordinary, ordinaryResult } from './ordinary';

/** SSE conversions (SDM vol. 2, CVTDQ2PD … CVTTSS2SI). */

const RESULT: usize = FP_SCRATCH + FP_SCRATCH_SIZE - 16;

/** "Integer indefinite". */
const INDEFINITE32: i64 = i32.MIN_VALUE;
const INDEFINITE64: i64 = i64.MIN_VALUE;

// Between floating-point formats

function widen(bits: u32): u64 {
  if (isNaN<u32>(bits)) {
    const quiet = propagate<u32>(bits, bits);
    return ((<u64>(quiet & 0x8000_0000)) << 32) | 0x7ff0_0000_0000_0000 | ((<u64>(quiet & 0x7f_ffff)) << 29);
  }
  return reinterpret<u64>(<f64>reinterpret<f32>(admit<u32>(bits)));
}

function narrow(bits: u64): u32 {
  if (isNaN<u64>(bits)) {
    const quiet = propagate<u64>(bits, bits);
    return ((<u32>(quiet >> 32)) & 0x8000_0000) | 0x7f80_0000 | ((<u32>(quiet >> 29)) & 0x7f_ffff);
  }
  unpackFloat<u64>(admit<u64>(bits));
  if (uKind == FINITE) return pack<u32>(uSign, uExponent, uSignificand, 0);
  return (uSign << 31) | (uKind == INFINITE ? 0x7f80_0000 : 0);
}

export function cvtss2sd(dst: usize, src: usize): bool {
  const a = load<f32>(src);
  if (ordinary<f32>(a)) {
    store<f64>(dst, <f64>a);
    return true;
  }
  beginFloat();
  const result = widen(load<u32>(src));
  if (!endFloat()) return false;
  store<u64>(dst, result);
  return true;
}

export function cvtsd2ss(dst: usize, src: usize): bool {
  const a = load<f64>(src);
  const narrowed = <f32>a;
  if (defaultControl() && (ordinaryResult<f32>(narrowed) || a == 0)) {
    if (!precisionFlagSet() && <f64>narrowed != a) setPrecisionFlag();
    store<f32>(dst, narrowed);
    return true;
  }
  beginFloat();
  const result = narrow(load<u64>(src));
  if (!endFloat()) return false;
  store<u32>(dst, result);
  return true;
}

export function cvtps2pd(dst: usize, src: usize): bool {
  beginFloat();
  const low = widen(load<u32>(src));
  const high = widen(load<u32>(src, 4));
  return commit(dst, low, high);
}

export function cvtpd2ps(dst: usize, src: usize): bool {
  beginFloat();
  const low = narrow(load<u64>(src));
  const high = narrow(load<u64>(src, 8));
  return commit(dst, (<u64>low) | ((<u64>high) << 32), 0);
}

/** Writes 16 bytes unless an unmasked exception forbids it. */
function commit(dst: usize, low: u64, high: u64): bool {
  if (!endFloat()) return false;
  store<u64>(dst, low);
  store<u64>(dst, high, 8);
  return true;
}

// From integers

function fromInteger<T>(value: i64): T {
  if (value == 0) return 0;
  const sign = u32(value < 0);
  const magnitude = <u64>(sign ? 0 - value : value);
  const shift = <i32>clz(magnitude);
  return pack<T>(sign, BIAS + 63 - shift, magnitude << shift, 0);
}

function scalarFromInteger<T>(dst: usize, value: i64): bool {
  beginFloat();
  const result = fromInteger<T>(value);
  if (!endFloat()) return false;
  store<T>(dst, result);
  return true;
}

export function cvtsi322ss(dst: usize, src: usize): bool {
  return scalarFromInteger<u32>(dst, <i64>load<i32>(src));
}

export function cvtsi642ss(dst: usize, src: usize): bool {
  return scalarFromInteger<u32>(dst, load<i64>(src));
}

/** Always exact. */
export function cvtsi322sd(dst: usize, src: usize): void {
  store<f64>(dst, <f64>load<i32>(src));
}

export function cvtsi642sd(dst: usize, src: usize): bool {
  return scalarFromInteger<u64>(dst, load<i64>(src));
}

export function cvtdq2pd(dst: usize, src: usize): void {
  v128.store(dst, f64x2.convert_low_i32x4_s(v128.load(src)));
}

function singlesFromIntegers(dst: usize, src: usize, bytes: usize): bool {
  beginFloat();
  for (let at: usize = 0; at < bytes; at += 4) store<u32>(RESULT + at, fromInteger<u32>(<i64>load<i32>(src + at)));
  if (!endFloat()) return false;
  memory.copy(dst, RESULT, bytes);
  return true;
}

export function cvtdq2ps(dst: usize, src: usize): bool {
  if (defaultControl() && precisionFlagSet()) {
    v128.store(dst, f32x4.convert_i32x4_s(v128.load(src)));
    return true;
  }
  return singlesFromIntegers(dst, src, 16);
}

export function cvtpi2ps(dst: usize, src: usize): bool {
  return singlesFromIntegers(dst, src, 8);
}

// To integers

function valueOf<T>(bits: T): f64 {
  bits = flushInput<T>(bits);
  return sizeof<T>() == 4 ? <f64>reinterpret<f32>(<u32>bits) : reinterpret<f64>(<u64>bits);
}

/** NaN, infinities and what does not fit after rounding are invalid. */
function toInteger32<T>(bits: T, mode: u32): i64 {
  const value = valueOf<T>(bits);
  const result = integral(value, mode);
  if (!(result >= -2147483648.0 && result <= 2147483647.0)) {
    raise(IE);
    return INDEFINITE32;
  }
  if (result != value) raise(PE);
  return <i64>result;
}

function toInteger64<T>(bits: T, mode: u32): i64 {
  const value = valueOf<T>(bits);
  const result = integral(value, mode);
  if (!(result >= -9223372036854775808.0 && result < 9223372036854775808.0)) {
    raise(IE);
    return INDEFINITE64;
  }
  if (result != value) raise(PE);
  return <i64>result;
}

/** General-register results are zero-extended to 64 bits. */
function scalarToInteger32<T>(dst: usize, src: usize, mode: u32): bool {
  beginFloat();
  const result = toInteger32<T>(load<T>(src), mode);
  if (!endFloat()) return false;
  store<u64>(dst, <u64>(<u32>result));
  return true;
}

function scalarToInteger64<T>(dst: usize, src: usize, mode: u32): bool {
  beginFloat();
  const result = toInteger64<T>(load<T>(src), mode);
  if (!endFloat()) return false;
  store<i64>(dst, result);
  return true;
}

export function cvtss2si32(dst: usize, src: usize): bool {
  return scalarToInteger32<u32>(dst, src, rounding());
}

export function cvtss2si64(dst: usize, src: usize): bool {
  return scalarToInteger64<u32>(dst, src, rounding());
}

export function cvttss2si32(dst: usize, src: usize): bool {
  return scalarToInteger32<u32>(dst, src, TOWARD_ZERO);
}

export function cvttss2si64(dst: usize, src: usize): bool {
  return scalarToInteger64<u32>(dst, src, TOWARD_ZERO);
}

export function cvtsd2si32(dst: usize, src: usize): bool {
  return scalarToInteger32<u64>(dst, src, rounding());
}

export function cvtsd2si64(dst: usize, src: usize): bool {
  return scalarToInteger64<u64>(dst, src, rounding());
}

export function cvttsd2si32(dst: usize, src: usize): bool {
  return scalarToInteger32<u64>(dst, src, TOWARD_ZERO);
}

export function cvttsd2si64(dst: usize, src: usize): bool {
  return scalarToInteger64<u64>(dst, src, TOWARD_ZERO);
}

/** `bytes` of T into 32-bit integers; the rest of the 16-byte result is zero. */
function packedToIntegers<T>(dst: usize, src: usize, bytes: usize, mode: u32): bool {
  beginFloat();
  v128.store(RESULT, i64x2.splat(0));
  for (let at: usize = 0; at < bytes; at += sizeof<T>()) {
    store<u32>(RESULT + (at * 4) / sizeof<T>(), <u32>toInteger32<T>(load<T>(src + at), mode));
  }
  if (!endFloat()) return false;
  v128.store(dst, v128.load(RESULT));
  return true;
}

export function cvtps2dq(dst: usize, src: usize): bool {
  return packedToIntegers<u32>(dst, src, 16, rounding());
}

export function cvttps2dq(dst: usize, src: usize): bool {
  return packedToIntegers<u32>(dst, src, 16, TOWARD_ZERO);
}

export function cvtpd2dq(dst: usize, src: usize): bool {
  return packedToIntegers<u64>(dst, src, 16, rounding());
}

export function cvttpd2dq(dst: usize, src: usize): bool {
  return packedToIntegers<u64>(dst, src, 16, TOWARD_ZERO);
}

export function cvtps2pi(dst: usize, src: usize): bool {
  return packedToIntegers<u32>(dst, src, 8, rounding());
}

export function cvttps2pi(dst: usize, src: usize): bool {
  return packedToIntegers<u32>(dst, src, 8, TOWARD_ZERO);
}
