import { low, multiply64 } from './wide';

/**
 * 128-bit numbers the transcendental functions are evaluated in. A "fraction" is unsigned fixed point, high:bottom with
 * the binary point after bit 127, so 0 ≤ value < 2; a significand is a fraction in [1, 2) that comes with an exponent.
 * Functions return the high word and leave the low one in {@link bottom}; they truncate, errors are a few units of 2^-127.
 */
export let bottom: u64 = 0;
/** How far the last {@link normalize} shifted. */
export let shifted: i32 = 0;

/** a × b; the product must be below 2. */
export function multiplyFractions(aHigh: u64, aLow: u64, bHigh: u64, bLow: u64): u64 {
  const carry0 = multiply64(aLow, bLow);
  const cross1 = multiply64(aHigh, bLow);
  const crossLow1 = low;
  const cross2 = multiply64(aLow, bHigh);
  const crossLow2 = low;
  const top = multiply64(aHigh, bHigh);
  const topLow = low;
  const sum1 = carry0 + crossLow1;
  const sum2 = sum1 + crossLow2;
  const carry1 = u64(sum1 < carry0) + u64(sum2 < sum1);
  const middle1 = cross1 + cross2;
  const middleCarry = u64(middle1 < cross1);
  const middle2 = middle1 + carry1;
  const word2 = middle2 + topLow;
  const word3 = top + middleCarry + u64(middle2 < middle1) + u64(word2 < middle2);
  bottom = (word2 << 1) | (sum2 >> 63);
  return (word3 << 1) | (word2 >> 63);
}

/** a / divisor, 0 < divisor < 2^32. */
export function divideFraction(high: u64, lowWord: u64, divisor: u64): u64 {
  const q3 = high / divisor;
  let rest = high % divisor;
  rest = (rest << 32) | (lowWord >> 32);
  const q1 = rest / divisor;
  rest = ((rest % divisor) << 32) | (lowWord & 0xffff_ffff);
  bottom = (q1 << 32) | (rest / divisor);
  return q3;
}

export function addFractions(aHigh: u64, aLow: u64, bHigh: u64, bLow: u64): u64 {
  bottom = aLow + bLow;
  return aHigh + bHigh + u64(bottom < aLow);
}

export function subtractFractions(aHigh: u64, aLow: u64, bHigh: u64, bLow: u64): u64 {
  bottom = aLow - bLow;
  return aHigh - bHigh - u64(aLow < bLow);
}

export function shiftFraction(high: u64, lowWord: u64, right: i32): u64 {
  if (right <= 0) {
    bottom = lowWord;
    return high;
  }
  if (right >= 128) bottom = 0;
  else if (right >= 64) bottom = high >> (right - 64);
  else bottom = (lowWord >> right) | (high << (64 - right));
  return right >= 64 ? 0 : high >> right;
}

/** Shifts left until bit 127 is set; {@link shifted} says how far. The value must not be zero. */
export function normalize(high: u64, lowWord: u64): u64 {
  shifted = 0;
  if (high == 0) {
    high = lowWord;
    lowWord = 0;
    shifted = 64;
  }
  const shift = <i32>clz(high);
  shifted += shift;
  if (shift == 0) {
    bottom = lowWord;
    return high;
  }
  bottom = lowWord << shift;
  return (high << shift) | (lowWord >> (64 - shift));
}

/** a / b for significands (or any values) with a ≤ b, b ≥ 1: one bit at a time. */
export function divideSignificands(aHigh: u64, aLow: u64, bHigh: u64, bLow: u64): u64 {
  // Halved, so that doubling the remainder never overflows.
  aLow = (aLow >> 1) | (aHigh << 63);
  aHigh >>= 1;
  bLow = (bLow >> 1) | (bHigh << 63);
  bHigh >>= 1;
  let high: u64 = 0;
  let quotientLow: u64 = 0;
  for (let i = 0; i < 128; i++) {
    high = (high << 1) | (quotientLow >> 63);
    quotientLow <<= 1;
    if (aHigh > bHigh || (aHigh == bHigh && aLow >= bLow)) {
      aHigh = aHigh - bHigh - u64(aLow < bLow);
      aLow -= bLow;
      quotientLow |= 1;
    }
    aHigh = (aHigh << 1) | (aLow >> 63);
    aLow <<= 1;
  }
  bottom = quotientLow;
  return high;
}
