import { C2, getFsw, setFsw } from '../fp/state';
import { bottom, divideFraction, divideSignificands, multiplyFractions, normalize, shiftFraction, shifted, subtractFractions } from '../softfloat/fixed';
import { BIAS, TOP_BIT } from '../softfloat/rounding';
import { INFINITE, ZERO } from '../softfloat/unpacked';
import { begin, commit, resultExponent, resultSign, resultSignExponent, resultSignificand, roundResult, setInvalid, setNearly, setResult, setZero } from './extended';
import { aExponent, aKind, aSign, aSignificand, loadA, reportDenormalA, specialOperand } from './operands';
import { isEmpty, markValid, overflow, push, setC1, st, underflow, writeIndefinite } from './stack';

/**
 * FSIN, FCOS, FSINCOS, FPTAN (SDM vol. 1, 8.3.8 and 8.3.10; vol. 2). Arguments are reduced exactly, by the processor's
 * own 66-bit π; then Taylor series in 128-bit fixed point give results that are correctly rounded but for about one case
 * in 2^50.
 */

/** π/2 × 2^65, from the 66-bit π. */
const HALF_PI_HIGH: u64 = 0x3;
const HALF_PI_LOW: u64 = 0x243f_6a88_85a3_08d3;
/** Arguments from 2^63 up are not reduced. */
const TOO_LARGE: i32 = BIAS + 63;
/** Below 2^-2 there is nothing to reduce. */
const SMALL: i32 = BIAS - 2;
/** Up to 2^-34 the sine and tangent are the angle, and the cosine is 1, to more bits than processors carry. */
const TINY: i32 = BIAS - 34;
/** Terms after which the series on [0, π/4] is below 2^-128. */
const TERMS: u32 = 17;
const ALL_ONES: u64 = 0xffff_ffff_ffff_ffff;

/** The reduced argument in [0, π/4]: significand, exponent, and which multiple of π/2 (modulo 4) it is relative to. */
let angleHigh: u64 = 0;
let angleLow: u64 = 0;
let angleExponent: i32 = 0;
let quadrant: u32 = 0;
/** The angle is to be subtracted from that multiple. */
let subtracted: bool = false;

/** Sine and cosine of the reduced angle: significand and exponent. */
let sineHigh: u64 = 0;
let sineLow: u64 = 0;
let sineExponent: i32 = 0;
let cosineHigh: u64 = 0;
let cosineLow: u64 = 0;
let cosineExponent: i32 = 0;

/** Reduces |A|, which is below 2^63. */
function reduce(): void {
  quadrant = 0;
  subtracted = false;
  angleHigh = aSignificand;
  angleLow = 0;
  angleExponent = aExponent;
  if (aExponent < SMALL) return;
  let high: u64 = 0;
  let rest = aSignificand;
  for (let left = aExponent - SMALL; ; left--) {
    if (high > HALF_PI_HIGH || (high == HALF_PI_HIGH && rest >= HALF_PI_LOW)) {
      high = high - HALF_PI_HIGH - u64(rest < HALF_PI_LOW);
      rest -= HALF_PI_LOW;
      quadrant |= 1;
    }
    if (left == 0) break;
    high = (high << 1) | (rest >> 63);
    rest <<= 1;
    quadrant <<= 1;
  }
  // Above π/4 the distance to the next multiple is the smaller angle.
  const otherHigh = HALF_PI_HIGH - high - u64(HALF_PI_LOW < rest);
  const otherLow = HALF_PI_LOW - rest;
  if (otherHigh < high || (otherHigh == high && otherLow < rest)) {
    high = otherHigh;
    rest = otherLow;
    quadrant++;
    subtracted = true;
  }
  angleHigh = normalize(high, rest);
  angleLow = bottom;
  angleExponent = SMALL + 64 - shifted;
}

/** 1 − z/(n(n+1)) · (1 − z/((n+2)(n+3)) · (…)), a fraction just below 1 when z vanishes. */
function alternatingSeries(zHigh: u64, zLow: u64, n: u32): void {
  let high = TOP_BIT;
  let lowWord: u64 = 0;
  for (let i = TERMS + 1; i > 0; i--) {
    const k = <u64>(n + 2 * (i - 1));
    high = multiplyFractions(zHigh, zLow, high, lowWord);
    high = divideFraction(high, bottom, k * (k + 1));
    high = subtractFractions(TOP_BIT, 0, high, bottom);
    lowWord = bottom;
  }
  if (high == TOP_BIT && lowWord == 0) {
    high = TOP_BIT - 1;
    lowWord = ALL_ONES;
  }
  seriesHigh = high;
  seriesLow = lowWord;
}

let seriesHigh: u64 = 0;
let seriesLow: u64 = 0;

/** Sine and cosine of the reduced angle. */
function evaluate(): void {
  const high = shiftFraction(angleHigh, angleLow, BIAS - angleExponent);
  const lowWord = bottom;
  const squareHigh = multiplyFractions(high, lowWord, high, lowWord);
  const squareLow = bottom;
  alternatingSeries(squareHigh, squareLow, 2);
  sineHigh = multiplyFractions(angleHigh, angleLow, seriesHigh, seriesLow);
  sineHigh = normalize(sineHigh, bottom);
  sineLow = bottom;
  sineExponent = angleExponent - shifted;
  alternatingSeries(squareHigh, squareLow, 1);
  cosineHigh = normalize(seriesHigh, seriesLow);
  cosineLow = bottom;
  cosineExponent = BIAS - shifted;
}

/** No result is exact: the lowest bit stands for what was cut off. */
function roundSine(sign: u32): void {
  if (aExponent < TINY) setNearly(sign, aExponent, aSignificand);
  else roundResult(sign, sineExponent, sineHigh, sineLow | 1, 64);
}

function roundCosine(sign: u32): void {
  if (aExponent < TINY) setNearly(sign, BIAS, TOP_BIT);
  else roundResult(sign, cosineExponent, cosineHigh, cosineLow | 1, 64);
}

/** sin A, after {@link evaluate}. */
function sineOfA(): void {
  const below = quadrant & 1 ? 0 : u32(subtracted);
  const sign = aSign ^ ((quadrant >> 1) & 1) ^ below;
  if (quadrant & 1) roundCosine(sign);
  else roundSine(sign);
}

function cosineOfA(): void {
  const sign = ((quadrant + 1) >> 1) & 1;
  if (quadrant & 1) roundSine(sign ^ u32(subtracted));
  else roundCosine(sign);
}

function tangentOfA(): void {
  if (aExponent < TINY) {
    setNearly(aSign, aExponent, aSignificand);
    return;
  }
  const inverted = (quadrant & 1) != 0;
  let highA = inverted ? cosineHigh : sineHigh;
  let lowA = inverted ? cosineLow : sineLow;
  let exponent = BIAS + (inverted ? cosineExponent - sineExponent : sineExponent - cosineExponent);
  const highB = inverted ? sineHigh : cosineHigh;
  const lowB = inverted ? sineLow : cosineLow;
  if (highA > highB || (highA == highB && lowA > lowB)) {
    highA = shiftFraction(highA, lowA, 1);
    lowA = bottom;
    exponent++;
  }
  let high = divideSignificands(highA, lowA, highB, lowB);
  high = normalize(high, bottom);
  roundResult(aSign ^ (quadrant & 1) ^ u32(subtracted), exponent - shifted, high, bottom | 1, 64);
}

/** Whether A is beyond reduction: C2 set, nothing else happens. */
function tooLarge(): bool {
  if (aKind == INFINITE || aKind == ZERO || aExponent < TOO_LARGE) {
    setFsw(getFsw() & ~C2);
    return false;
  }
  setFsw(getFsw() | C2);
  setC1(false);
  return true;
}

/** Results for everything but ordinary numbers. Returns whether the result is settled. */
function special(zeroIsOne: bool): bool {
  if (specialOperand()) return true;
  if (aKind == INFINITE) {
    setInvalid();
    return true;
  }
  reportDenormalA();
  if (aKind != ZERO) return false;
  if (zeroIsOne) setResult(0, <u32>BIAS, TOP_BIT);
  else setZero(aSign);
  return true;
}

function emptyTop(): bool {
  if (!isEmpty(0)) return false;
  setFsw(getFsw() & ~C2);
  if (underflow()) {
    markValid(0);
    writeIndefinite(st(0));
  }
  return true;
}

export function sine(): void {
  if (emptyTop()) return;
  loadA(st(0));
  begin();
  if (!special(false)) {
    if (tooLarge()) return;
    reduce();
    evaluate();
    sineOfA();
  } else setFsw(getFsw() & ~C2);
  commit(st(0));
}

export function cosine(): void {
  if (emptyTop()) return;
  loadA(st(0));
  begin();
  if (!special(true)) {
    if (tooLarge()) return;
    reduce();
    evaluate();
    cosineOfA();
  } else setFsw(getFsw() & ~C2);
  commit(st(0));
}

/** An operand missing, or no room for the second result. Returns whether the instruction is over. */
function cannotPush(): bool {
  const empty = isEmpty(0);
  if (!empty && isEmpty(7)) return false;
  setFsw(getFsw() & ~C2);
  if (!(empty ? underflow() : overflow())) return true;
  markValid(0);
  writeIndefinite(st(0));
  push(0, 0);
  writeIndefinite(st(0));
  return true;
}

export function tangent(): void {
  if (cannotPush()) return;
  loadA(st(0));
  begin();
  const settled = special(false);
  if (!settled) {
    if (tooLarge()) return;
    reduce();
    evaluate();
    tangentOfA();
  } else setFsw(getFsw() & ~C2);
  const number = aKind == ZERO || !settled;
  if (!commit(st(0))) return;
  if (number) push(<u32>BIAS, TOP_BIT);
  else push(resultSignExponent(), resultSignificand);
}

/** The sine replaces ST(0), the cosine is pushed. */
export function sineAndCosine(): void {
  if (cannotPush()) return;
  const cell = st(0);
  loadA(cell);
  begin();
  const settled = special(true);
  if (settled) {
    setFsw(getFsw() & ~C2);
    if (!commit(cell)) return;
    const signExponent = resultSignExponent();
    const significand = resultSignificand;
    if (aKind == ZERO) {
      setZero(aSign);
      commit(cell);
    }
    push(signExponent, significand);
    return;
  }
  if (tooLarge()) return;
  reduce();
  evaluate();
  cosineOfA();
  const sign = resultSign;
  const exponent = resultExponent;
  const significand = resultSignificand;
  sineOfA();
  if (!commit(cell)) return;
  push((sign << 15) | exponent, significand);
}
