/** 128-bit integer steps the floating-point routines are made of. A second result word is left in {@link low}. */

/** Low word (or remainder) of the last function here that says so. */
export let low: u64 = 0;

/** a × b: returns the high word, leaves the low one in {@link low}. */
export function multiply64(a: u64, b: u64): u64 {
  const aHigh = a >> 32;
  const aLow = a & 0xffff_ffff;
  const bHigh = b >> 32;
  const bLow = b & 0xffff_ffff;
  const bottom = aLow * bLow;
  const middle = aHigh * bLow + (bottom >> 32);
  const middle2 = aLow * bHigh + (middle & 0xffff_ffff);
  low = (middle2 << 32) | (bottom & 0xffff_ffff);
  return aHigh * bHigh + (middle >> 32) + (middle2 >> 32);
}

/**
 * (high:0) / divisor, where divisor has its top bit set and high < divisor: returns the 64-bit quotient, leaves the
 * remainder in {@link low}. Two base-2^32 digits (Knuth, algorithm D).
 */
export function divide128(high: u64, bottom: u64, divisor: u64): u64 {
  const first = digit(high, bottom >> 32, divisor);
  const second = digit(low, bottom & 0xffff_ffff, divisor);
  return (first << 32) | second;
}

/** One digit: (remainder:next) / divisor with next 32 bits wide; the new remainder in {@link low}. */
function digit(remainder: u64, next: u64, divisor: u64): u64 {
  const top = divisor >> 32;
  const rest = divisor & 0xffff_ffff;
  let quotient = remainder / top;
  let partial = remainder - quotient * top;
  while (quotient > 0xffff_ffff || quotient * rest > ((partial << 32) | next)) {
    quotient--;
    partial += top;
    if (partial > 0xffff_ffff) break;
  }
  low = ((remainder << 32) | next) - quotient * divisor;
  return quotient;
}

/** (high:bottom) >> count, count ≥ 0: returns the high word; bits lost stay as a sticky bit 0 of {@link low}. */
export function shiftRightJam(high: u64, bottom: u64, count: i32): u64 {
  if (count == 0) {
    low = bottom;
    return high;
  }
  if (count < 64) {
    low = (high << (64 - count)) | (bottom >> count) | u64(bottom << (64 - count) != 0);
    return high >> count;
  }
  if (count == 64) low = high | u64(bottom != 0);
  else if (count < 128) low = (high >> (count - 64)) | u64(((high << (128 - count)) | bottom) != 0);
  else low = u64((high | bottom) != 0);
  return 0;
}
