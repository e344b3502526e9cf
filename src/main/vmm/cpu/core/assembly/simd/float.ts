import { DE, IE, OE, PE, UE, ZE } from '../fp/state';
import { addUnpacked, divideUnpacked, multiplyUnpacked, squareRootUnpacked, zExponent, zHigh, zLow, zSign } from '../softfloat/arithmetic';
import { BIAS, DOWN, TOP_BIT, carried, inexact, overflowsToFinite, roundDenormal, roundSignificand, tinyAfterRounding } from '../softfloat/rounding';
import { encode, indefinite, infinity, largest, maximum, minimum, precision, quietBit, signBit, withSign } from '../softfloat/format';
import { INFINITE, ZERO, uExponent, uKind, uSign, uSignificand, unpack32, unpack64 } from '../softfloat/unpacked';
import { denormalsAreZeros, flushesToZero, isMasked, raise, rounding } from './float-environment';

/**
 * SSE arithmetic in integers, for T = u32 (single precision) and T = u64 (double): every rounding mode, DAZ, FTZ, exact
 * flags (SDM vol. 1, 11.5). Values are bit patterns; exceptions go to {@link raise};
 * what is returned under an exception is its masked response.
 */

export function unpackFloat<T>(bits: T): void {
  if (sizeof<T>() == 4) unpack32(<u32>bits);
  else unpack64(<u64>bits);
}

export function isNaN<T>(bits: T): bool {
  return (bits & ~signBit<T>()) > infinity<T>();
}

function isSignaling<T>(bits: T): bool {
  return isNaN<T>(bits) && (bits & quietBit<T>()) == 0;
}

function isDenormal<T>(bits: T): bool {
  return (bits & infinity<T>()) == 0 && (bits & ~signBit<T>()) != 0;
}

export function invalid<T>(): T {
  raise(IE);
  return indefinite<T>();
}

/** The first operand wins if it is a NaN (SDM vol. 1, table 4-7). */
export function propagate<T>(a: T, b: T): T {
  if (isSignaling<T>(a) || isSignaling<T>(b)) raise(IE);
  return (isNaN<T>(a) ? a : b) | quietBit<T>();
}

/** Applies DAZ, or reports a denormal operand. Returns the operand to use. */
export function admit<T>(bits: T): T {
  if (!isDenormal<T>(bits)) return bits;
  if (denormalsAreZeros()) return bits & signBit<T>();
  raise(DE);
  return bits;
}

/** DAZ without the report: for operations that ignore a denormal beside a NaN or that look first. */
export function flushInput<T>(bits: T): T {
  return isDenormal<T>(bits) && denormalsAreZeros() ? bits & signBit<T>() : bits;
}

/** Rounds and encodes a finite result whose significand is normalized. */
export function pack<T>(sign: u32, exponent: i32, high: u64, bottom: u64): T {
  const mode = rounding();
  if (tinyAfterRounding(sign, exponent, high, bottom, precision<T>(), minimum<T>(), mode)) return packTiny<T>(sign, exponent, high, bottom, mode);
  const normal = exponent >= minimum<T>();
  let significand = normal
    ? roundSignificand(sign, high, bottom, precision<T>(), mode)
    : roundDenormal(sign, exponent, high, bottom, precision<T>(), minimum<T>(), mode);
  if (normal) exponent += carried;
  else exponent = minimum<T>();
  if (exponent > maximum<T>()) {
    raise(isMasked(OE) ? OE | PE : OE | (inexact ? PE : 0));
    return withSign<T>(sign, overflowsToFinite(sign, mode) ? largest<T>() : infinity<T>());
  }
  if (inexact) raise(PE);
  return withSign<T>(sign, encode<T>(exponent, significand));
}

function packTiny<T>(sign: u32, exponent: i32, high: u64, bottom: u64, mode: u32): T {
  if (!isMasked(UE)) {
    roundSignificand(sign, high, bottom, precision<T>(), mode);
    raise(inexact ? UE | PE : UE);
    return 0;
  }
  if (flushesToZero()) {
    raise(UE | PE);
    return withSign<T>(sign, 0);
  }
  const significand = roundDenormal(sign, exponent, high, bottom, precision<T>(), minimum<T>(), mode);
  if (inexact) raise(UE | PE);
  // Carried into the normal range or not, the exponent field is the integer bit.
  return withSign<T>(sign, <T>(significand >> (64 - precision<T>())));
}

function packZ<T>(): T {
  return pack<T>(zSign, zExponent, zHigh, zLow);
}

export function add<T>(a: T, b: T): T {
  if (isNaN<T>(a) || isNaN<T>(b)) return propagate<T>(a, b);
  unpackFloat<T>(flushInput<T>(a));
  const kind = uKind;
  const sign = uSign;
  const exponent = uExponent;
  const significand = uSignificand;
  unpackFloat<T>(flushInput<T>(b));
  if (kind == INFINITE && uKind == INFINITE && sign != uSign) return invalid<T>();
  a = admit<T>(a);
  b = admit<T>(b);
  if (kind == INFINITE) return a;
  if (uKind == INFINITE) return b;
  if (kind == ZERO && uKind == ZERO) return sign == uSign ? a : withSign<T>(u32(rounding() == DOWN), 0);
  if (kind == ZERO) return packExact<T>(b, uSign, uExponent, uSignificand);
  if (uKind == ZERO) return packExact<T>(a, sign, exponent, significand);
  addUnpacked(sign, exponent, significand, uSign, uExponent, uSignificand);
  if (zHigh == 0) return withSign<T>(u32(rounding() == DOWN), 0);
  return packZ<T>();
}

/** An operand unchanged by the operation, which still may be tiny. */
function packExact<T>(bits: T, sign: u32, exponent: i32, significand: u64): T {
  return isDenormal<T>(bits) ? pack<T>(sign, exponent, significand, 0) : bits;
}

export function sub<T>(a: T, b: T): T {
  return isNaN<T>(b) ? add<T>(a, b) : add<T>(a, b ^ signBit<T>());
}

export function mul<T>(a: T, b: T): T {
  if (isNaN<T>(a) || isNaN<T>(b)) return propagate<T>(a, b);
  unpackFloat<T>(flushInput<T>(a));
  const kind = uKind;
  const sign = uSign;
  const exponent = uExponent;
  const significand = uSignificand;
  unpackFloat<T>(flushInput<T>(b));
  if ((kind == INFINITE && uKind == ZERO) || (kind == ZERO && uKind == INFINITE)) return invalid<T>();
  admit<T>(a);
  admit<T>(b);
  if (kind == INFINITE || uKind == INFINITE) return withSign<T>(sign ^ uSign, infinity<T>());
  if (kind == ZERO || uKind == ZERO) return withSign<T>(sign ^ uSign, 0);
  multiplyUnpacked(sign, exponent, significand, uSign, uExponent, uSignificand);
  return packZ<T>();
}

export function div<T>(a: T, b: T): T {
  if (isNaN<T>(a) || isNaN<T>(b)) return propagate<T>(a, b);
  unpackFloat<T>(flushInput<T>(a));
  const kind = uKind;
  const sign = uSign;
  const exponent = uExponent;
  const significand = uSignificand;
  unpackFloat<T>(flushInput<T>(b));
  if (kind == uKind && (kind == INFINITE || kind == ZERO)) return invalid<T>();
  if (uKind == ZERO) {
    if (kind != INFINITE) raise(ZE);
    return withSign<T>(sign ^ uSign, infinity<T>());
  }
  admit<T>(a);
  admit<T>(b);
  if (kind == INFINITE) return withSign<T>(sign ^ uSign, infinity<T>());
  if (kind == ZERO || uKind == INFINITE) return withSign<T>(sign ^ uSign, 0);
  divideUnpacked(sign, exponent, significand, uSign, uExponent, uSignificand);
  return packZ<T>();
}

export function sqrt<T>(a: T): T {
  if (isNaN<T>(a)) return propagate<T>(a, a);
  unpackFloat<T>(flushInput<T>(a));
  if (uKind == ZERO) return flushInput<T>(a);
  if (uSign) return invalid<T>();
  admit<T>(a);
  if (uKind == INFINITE) return a;
  squareRootUnpacked(uExponent, uSignificand);
  return packZ<T>();
}

/** Orders two numbers; 2 if either is a NaN. Denormal operands are reported, NaNs are not. */
export function compare<T>(a: T, b: T): i32 {
  if (isNaN<T>(a) || isNaN<T>(b)) return 2;
  a = admit<T>(a);
  b = admit<T>(b);
  const x = <i64>(a & signBit<T>() ? 0 - <u64>(a & ~signBit<T>()) : <u64>a);
  const y = <i64>(b & signBit<T>() ? 0 - <u64>(b & ~signBit<T>()) : <u64>b);
  return x < y ? -1 : x > y ? 1 : 0;
}

/** MINxx: the second operand if either is a NaN or both are zeros (SDM vol. 2, MINPS). */
export function min<T>(a: T, b: T): T {
  const order = compare<T>(a, b);
  if (order == 2) raise(IE);
  return order == -1 ? flushInput<T>(a) : flushInput<T>(b);
}

export function max<T>(a: T, b: T): T {
  const order = compare<T>(a, b);
  if (order == 2) raise(IE);
  return order == 1 ? flushInput<T>(a) : flushInput<T>(b);
}

/** One of the eight CMPPS predicates as an all-ones or all-zeros mask. */
export function predicate<T>(a: T, b: T, which: u32): T {
  const order = compare<T>(a, b);
  // LT, LE, NLT and NLE signal for any NaN, the others for signaling ones.
  const signals = (which & 3) == 1 || (which & 3) == 2;
  if (order == 2 && (signals || isSignaling<T>(a) || isSignaling<T>(b))) raise(IE);
  let holds: bool;
  switch (which & 3) {
    case 0:
      holds = order == 0;
      break;
    case 1:
      holds = order == -1;
      break;
    case 2:
      holds = order <= 0;
      break;
    default:
      holds = order == 2;
  }
  return holds != ((which & 4) != 0) ? <T>-1 : 0;
}

/** COMISx (signals for every NaN) and UCOMISx: returns the order. */
export function compareOrdered<T>(a: T, b: T, quiet: bool): i32 {
  const order = compare<T>(a, b);
  if (order == 2 && (!quiet || isSignaling<T>(a) || isSignaling<T>(b))) raise(IE);
  return order;
}
