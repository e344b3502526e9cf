import { low, shiftRightJam } from './wide';

/** Rounding control as FCW and MXCSR encode it (SDM vol. 1, table 4-8). */
export const NEAREST: u32 = 0;
export const DOWN: u32 = 1;
export const UP: u32 = 2;
export const TOWARD_ZERO: u32 = 3;

/** Exponent of 1.0 in the unpacked form: the bias of the 80-bit format, used for every format. */
export const BIAS: i32 = 0x3fff;
export const TOP_BIT: u64 = 0x8000_0000_0000_0000;

/** Whether the last rounding lost anything, and whether it went away from zero. */
export let inexact: bool = false;
export let roundedUp: bool = false;
/** 1 if the last rounding carried out of the significand, which then is 1.0 one exponent up. */
export let carried: i32 = 0;

/**
 * Rounds the significand high:bottom (binary point after bit 63 of high) to its `bits` upper bits. The position is
 * fixed: a denormalized significand has fewer significant ones.
 */
export function roundSignificand(sign: u32, high: u64, bottom: u64, bits: u32, mode: u32): u64 {
  let lost = bottom;
  let unit: u64 = 1;
  if (bits < 64) {
    unit = (<u64>1) << (64 - bits);
    lost = (high << bits) | u64(bottom != 0);
    high &= ~(unit - 1);
  }
  carried = 0;
  inexact = lost != 0;
  roundedUp = false;
  if (!inexact) return high;
  if (mode == NEAREST) roundedUp = lost > TOP_BIT || (lost == TOP_BIT && (high & unit) != 0);
  else roundedUp = mode == (sign ? DOWN : UP);
  if (!roundedUp) return high;
  high += unit;
  if (high != 0) return high;
  carried = 1;
  return TOP_BIT;
}

/** Whether a magnitude below the normal range would still be there when rounded with an unbounded exponent (IEEE 754, 7.5). */
export function tinyAfterRounding(
  sign: u32,
  exponent: i32,
  high: u64,
  bottom: u64,
  bits: u32,
  minimum: i32,
  mode: u32,
): bool {
  if (exponent >= minimum) return false;
  if (exponent < minimum - 1) return true;
  roundSignificand(sign, high, bottom, bits, mode);
  return carried == 0;
}

/** As {@link roundSignificand}, after moving the significand to the exponent `minimum`. */
export function roundDenormal(
  sign: u32,
  exponent: i32,
  high: u64,
  bottom: u64,
  bits: u32,
  minimum: i32,
  mode: u32,
): u64 {
  const shifted = shiftRightJam(high, bottom, minimum - exponent);
  return roundSignificand(sign, shifted, low, bits, mode);
}

/** Whether overflow gives the largest finite number rather than infinity. */
export function overflowsToFinite(sign: u32, mode: u32): bool {
  return mode == TOWARD_ZERO || mode == (sign ? UP : DOWN);
}
