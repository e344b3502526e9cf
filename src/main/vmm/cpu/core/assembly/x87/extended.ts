import { DE, IE, OE, PE, UE, ZE, getFcw } from '../fp/state';
import { zExponent, zHigh, zLow, zSign } from '../softfloat/arithmetic';
import { TOP_BIT, carried, inexact, overflowsToFinite, roundDenormal, roundSignificand, roundedUp, tinyAfterRounding } from '../softfloat/rounding';
import { setC1, signal, writeCell } from './stack';

/**
 * The 80-bit result under way and what it meets on its way into a register (SDM vol. 1, 8.4 and 8.5). A routine calls
 * {@link begin}, raises exceptions, sets the result to its masked response and ends with {@link commit}.
 */
export let resultSign: u32 = 0;
export let resultExponent: u32 = 0;
export let resultSignificand: u64 = 0;

let raised: u32 = 0;
let away: bool = false;

/** Found before computing: if one is unmasked, nothing is written and nothing later is reported. */
const BEFORE: u32 = IE | DE | ZE;
/** What the exponent is moved by when overflow or underflow is unmasked. */
const WRAP: i32 = 24576;
export const MINIMUM: i32 = 1;
const MAXIMUM: i32 = 0x7ffe;
export const EXPONENT_FIELD: u32 = 0x7fff;
export const QUIET: u64 = 0x4000_0000_0000_0000;
export const INDEFINITE: u64 = 0xc000_0000_0000_0000;

export function begin(): void {
  raised = 0;
  away = false;
}

export function raise(flags: u32): void {
  raised |= flags;
}

export function isMasked(exception: u32): bool {
  return (getFcw() & exception) != 0;
}

export function roundingMode(): u32 {
  return (getFcw() >> 10) & 3;
}

/** Significant bits that precision control asks of FADD, FSUB, FMUL, FDIV and FSQRT. The reserved value is extended. */
export function precision(): u32 {
  const field = (getFcw() >> 8) & 3;
  return field == 0 ? 24 : field == 2 ? 53 : 64;
}

export function setResult(sign: u32, exponent: u32, significand: u64): void {
  resultSign = sign;
  resultExponent = exponent;
  resultSignificand = significand;
}

export function setZero(sign: u32): void {
  setResult(sign, 0, 0);
}

export function setInfinity(sign: u32): void {
  setResult(sign, EXPONENT_FIELD, TOP_BIT);
}

/** Invalid operation: the indefinite NaN. */
export function setInvalid(): void {
  raise(IE);
  setResult(1, EXPONENT_FIELD, INDEFINITE);
}

export function resultSignExponent(): u32 {
  return (resultSign << 15) | resultExponent;
}

/** Remembers for C1 whether a rounding just done went away from zero. */
export function noteRounding(): void {
  away = roundedUp;
  if (inexact) raise(PE);
}

/** The same for a result whose direction is known otherwise. */
export function noteAway(value: bool): void {
  away = value;
}

/** Rounds z of softfloat/arithmetic to `bits`, with the masked or unmasked response to overflow and underflow. */
export function roundZ(bits: u32): void {
  roundResult(zSign, zExponent, zHigh, zLow, bits);
}

export function roundResult(sign: u32, exponent: i32, high: u64, bottom: u64, bits: u32): void {
  const mode = roundingMode();
  if (exponent < MINIMUM) {
    const tiny = tinyAfterRounding(sign, exponent, high, bottom, bits, MINIMUM, mode);
    if (!tiny || isMasked(UE)) {
      const significand = roundDenormal(sign, exponent, high, bottom, bits, MINIMUM, mode);
      noteRounding();
      if (tiny && inexact) raise(UE);
      setResult(sign, <u32>(significand >> 63), significand);
      return;
    }
    raise(UE);
    exponent += WRAP;
    // Still out of reach, as only FSCALE can be.
    if (exponent < MINIMUM) {
      raise(PE);
      setZero(sign);
      return;
    }
  }
  const significand = roundSignificand(sign, high, bottom, bits, mode);
  exponent += carried;
  if (exponent > MAXIMUM) {
    if (isMasked(OE)) {
      overflow(sign, bits, mode);
      return;
    }
    raise(OE);
    exponent -= WRAP;
    if (exponent > MAXIMUM) {
      raise(PE);
      away = true;
      setInfinity(sign);
      return;
    }
  }
  noteRounding();
  setResult(sign, <u32>exponent, significand);
}

/** A value taken for the result although it is not exact, whichever the rounding mode: too close to tell apart. */
export function setNearly(sign: u32, exponent: i32, significand: u64): void {
  roundResult(sign, exponent, significand, 0, 64);
  raise(exponent < MINIMUM ? UE | PE : PE);
}

function overflow(sign: u32, bits: u32, mode: u32): void {
  raise(OE | PE);
  away = !overflowsToFinite(sign, mode);
  if (away) setInfinity(sign);
  else setResult(sign, <u32>MAXIMUM, bits == 64 ? ~(<u64>0) : ~((TOP_BIT >> (bits - 1)) - 1));
}

/** Those of the exceptions met that are reported: an unmasked early one hides the later ones. */
function reported(): u32 {
  const early = raised & BEFORE;
  return early & ~getFcw() ? early : raised;
}

/** Makes the exceptions sticky; C1 stays. Returns whether a register result is to be written. */
export function concludeQuietly(): bool {
  const flags = reported();
  signal(flags);
  return (flags & BEFORE & ~getFcw()) == 0;
}

/** As {@link concludeQuietly}, and C1 says whether the result was rounded away from zero. */
export function conclude(): bool {
  const written = concludeQuietly();
  setC1(written && away);
  return written;
}

/** As {@link conclude}, for a memory destination: unmasked overflow and underflow stop the store, and hide PE. */
export function concludeStore(): bool {
  const late = raised & (OE | UE) & ~getFcw();
  if (late) {
    setC1(false);
    signal(late);
    return false;
  }
  return conclude();
}

/** {@link conclude}, and the result goes to `cell`. Returns whether it did. */
export function commit(cell: usize): bool {
  if (!conclude()) return false;
  writeCell(cell, resultSignExponent(), resultSignificand);
  return true;
}
