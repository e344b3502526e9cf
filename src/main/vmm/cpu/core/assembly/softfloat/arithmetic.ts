import { TOP_BIT } from './rounding';
import { divide128, low, multiply64, shiftRightJam } from './wide';

/**
 * Arithmetic on finite, nonzero, unpacked numbers: sign, exponent biased by 3FFFh, significand with bit 63 set. The
 * exact result, or one that rounds like it (sticky bit), is left in z*: zHigh is normalized unless the result is zero.
 */
export let zSign: u32 = 0;
export let zExponent: i32 = 0;
export let zHigh: u64 = 0;
export let zLow: u64 = 0;

export function setZ(sign: u32, exponent: i32, high: u64, bottom: u64): void {
  zSign = sign;
  zExponent = exponent;
  zHigh = high;
  zLow = bottom;
}

function normalize(sign: u32, exponent: i32, high: u64, bottom: u64): void {
  if (high == 0) {
    high = bottom;
    bottom = 0;
    exponent -= 64;
  }
  const shift = <i32>clz(high);
  if (shift != 0 && shift < 64) {
    high = (high << shift) | (bottom >> (64 - shift));
    bottom <<= shift;
  }
  setZ(sign, exponent - shift, high, bottom);
}

/** a + b. An exact zero leaves zHigh = 0; its sign is for the caller to choose. */
export function addUnpacked(signA: u32, expA: i32, sigA: u64, signB: u32, expB: i32, sigB: u64): void {
  if (expA < expB || (expA == expB && sigA < sigB)) {
    const sign = signA;
    signA = signB;
    signB = sign;
    const exponent = expA;
    expA = expB;
    expB = exponent;
    const significand = sigA;
    sigA = sigB;
    sigB = significand;
  }
  const high = shiftRightJam(sigB, 0, expA - expB);
  const bottom = low;
  if (signA == signB) {
    const sum = sigA + high;
    if (sum < sigA) setZ(signA, expA + 1, TOP_BIT | (sum >> 1), (sum << 63) | (bottom >> 1) | (bottom & 1));
    else setZ(signA, expA, sum, bottom);
    return;
  }
  normalize(signA, expA, sigA - high - u64(bottom != 0), 0 - bottom);
}

export function multiplyUnpacked(signA: u32, expA: i32, sigA: u64, signB: u32, expB: i32, sigB: u64): void {
  const high = multiply64(sigA, sigB);
  const exponent = expA + expB - 0x3ffe;
  if (high & TOP_BIT) setZ(signA ^ signB, exponent, high, low);
  else setZ(signA ^ signB, exponent - 1, (high << 1) | (low >> 63), low << 1);
}

export function divideUnpacked(signA: u32, expA: i32, sigA: u64, signB: u32, expB: i32, sigB: u64): void {
  let exponent = expA - expB + 0x3fff;
  let quotient: u64;
  if (sigA >= sigB) {
    quotient = divide128(sigA >> 1, sigA << 63, sigB);
  } else {
    quotient = divide128(sigA, 0, sigB);
    exponent--;
  }
  setZ(signA ^ signB, exponent, quotient, remainderAsFraction(low, sigB));
}

/** What rounding needs to know of remainder / divisor: zero, below, at or above one half. */
function remainderAsFraction(remainder: u64, divisor: u64): u64 {
  if (remainder == 0) return 0;
  const rest = divisor - remainder;
  return remainder > rest ? TOP_BIT | 1 : remainder == rest ? TOP_BIT : 1;
}

/** Largest double below 2^64. */
const BELOW_2_64: f64 = 18446744073709549568.0;
const TWO_32: f64 = 4294967296.0;
const TWO_64: f64 = 18446744073709551616.0;

/** Square root of a positive number: a double's, and one step of Newton's method on the exact remainder. */
export function squareRootUnpacked(exponent: i32, significand: u64): void {
  // value = significand × 2^(exponent − bias − 63); make the exponent of the radicand even.
  const odd = (exponent & 1) == 0;
  const high = odd ? significand : significand >> 1;
  const bottom: u64 = odd ? 0 : significand << 63;
  // Within 2^12 of the root.
  const estimate = <u64>min<f64>(Math.sqrt(<f64>high) * TWO_32, BELOW_2_64);
  const squareHigh = multiply64(estimate, estimate);
  const restHigh = <i64>(high - squareHigh - u64(bottom < low));
  const restLow = bottom - low;
  const step = (<f64>restHigh * TWO_64 + <f64>restLow) / (2.0 * <f64>estimate);
  let root = estimate + <u64>(<i64>Math.floor(step));
  if (root < TOP_BIT) root = ~(<u64>0);
  // Now at most one off.
  let remainderHigh = high - multiply64(root, root) - u64(bottom < low);
  let remainder = bottom - low;
  if (<i64>remainderHigh < 0) {
    root--;
    // Of (r + 1)² = r² + 2r + 1.
    const more = remainder + root + root + 1;
    remainderHigh += (root >> 63) + u64(remainder + (root << 1) < remainder) + u64(more < remainder + (root << 1));
    remainder = more;
  } else if (remainderHigh > root >> 63 || (remainderHigh == root >> 63 && remainder > root << 1)) {
    const less = remainder - (root << 1) - 1;
    remainderHigh -= (root >> 63) + u64(remainder < root << 1) + u64(remainder - (root << 1) < 1);
    remainder = less;
    root++;
  }
  // The next bit is set if remainder > root, and a tie is impossible.
  const rest: u64 = remainderHigh != 0 || remainder > root ? TOP_BIT | 1 : remainder != 0 ? 1 : 0;
  setZ(0, ((exponent - 0x3fff) >> 1) + 0x3fff, root, rest);
}
