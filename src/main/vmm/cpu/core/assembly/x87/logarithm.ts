import { PE, UE, ZE } from '../fp/state';
import { addFractions, bottom, divideFraction, divideSignificands, multiplyFractions, normalize, shiftFraction, shifted, subtractFractions } from '../softfloat/fixed';
import { BIAS, TOP_BIT } from '../softfloat/rounding';
import { FINITE, INFINITE, ZERO } from '../softfloat/unpacked';
import { begin, commit, raise, resultExponent, roundResult, setInfinity, setInvalid, setNearly, setZero } from './extended';
import {
  aExponent, aKind, aSign, aSignificand, bExponent, bKind, bSign, bSignificand, loadA, loadB, reportDenormals, specialOperands,
} from './operands'; // prettier-ignore
import { isEmpty, markValid, pop, st, underflow, writeIndefinite } from './stack';

/** FYL2X and FYL2XP1: ST(1) × log2 of ST(0), or of ST(0) + 1 (SDM vol. 2, tables 3-47 and 3-48). */

/** log2 e as a significand. */
const LOG2E_HIGH: u64 = 0xb8aa_3b29_5c17_f0bb;
const LOG2E_LOW: u64 = 0xbe87_fed0_691d_3e88;
/** √2, in its upper 64 bits: significands above it count as below 1, at the next exponent. */
const SQRT2: u64 = 0xb504_f333_f9de_6484;
/** Terms after which the series on [0, 0.172] is below 2^-128. */
const TERMS: u32 = 27;

/** The logarithm: sign, significand and exponent; a zero significand is an exact zero. */
let logSign: u32 = 0;
let logHigh: u64 = 0;
let logLow: u64 = 0;
let logExponent: i32 = 0;

function setLog(sign: u32, high: u64, lowWord: u64, exponent: i32): void {
  logSign = sign;
  logHigh = high;
  logLow = lowWord;
  logExponent = exponent;
}

/**
 * log2((1 + s) / (1 − s)) = 2 log2 e · (s + s³/3 + s⁵/5 + …), |s| ≤ 0.172 given as significand and exponent.
 */
function logOfRatio(sign: u32, high: u64, lowWord: u64, exponent: i32): void {
  const fraction = shiftFraction(high, lowWord, BIAS - exponent);
  const fractionLow = bottom;
  const squareHigh = multiplyFractions(fraction, fractionLow, fraction, fractionLow);
  const squareLow = bottom;
  let sumHigh: u64 = 0;
  let sumLow: u64 = 0;
  for (let n = TERMS; n > 0; n--) {
    const termHigh = divideFraction(TOP_BIT, 0, <u64>(2 * n - 1));
    const termLow = bottom;
    sumHigh = multiplyFractions(squareHigh, squareLow, sumHigh, sumLow);
    sumHigh = addFractions(termHigh, termLow, sumHigh, bottom);
    sumLow = bottom;
  }
  // Quartered on the way, so that the products stay below 2; sumHigh is in [1, 1.01).
  const scaledHigh = shiftFraction(high, lowWord, 1);
  let product = multiplyFractions(scaledHigh, bottom, sumHigh, sumLow);
  product = shiftFraction(product, bottom, 1);
  product = multiplyFractions(product, bottom, LOG2E_HIGH, LOG2E_LOW);
  product = normalize(product, bottom);
  setLog(sign, product, bottom, exponent + 3 - shifted);
}

/** log2 of a number in (√½, √2): significand × 2^power, power 0 or −1; not 1 itself. */
function logNearOne(high: u64, lowWord: u64, power: i32): void {
  const sign = u32(power < 0);
  // |v − 1|, as a fraction at half scale if power is −1; and (v + 1) / 2, in (0.85, 1.21).
  const difference = power < 0 ? subtractFractions(0, 0, high, lowWord) : subtractFractions(high, lowWord, TOP_BIT, 0);
  const distance = normalize(difference, bottom);
  const distanceLow = bottom;
  const exponent = BIAS - shifted + power;
  const half = shiftFraction(high, lowWord, 1 - power);
  logOfQuotient(sign, distance, distanceLow, exponent, half + (TOP_BIT >> 1), bottom);
}

/** s = difference / (2 × half), the difference given as significand and exponent, the half sum as a fraction. */
function logOfQuotient(sign: u32, high: u64, lowWord: u64, exponent: i32, halfHigh: u64, halfLow: u64): void {
  const divisor = normalize(halfHigh, halfLow);
  const divisorLow = bottom;
  const divisorShift = shifted;
  const numerator = shiftFraction(high, lowWord, 1);
  const quotient = divideSignificands(numerator, bottom, divisor, divisorLow);
  const normalized = normalize(quotient, bottom);
  logOfRatio(sign, normalized, bottom, exponent - shifted + divisorShift);
}

/** Adds an integer to the logarithm, whose magnitude is at most ½. */
function addInteger(k: i32): void {
  if (k == 0) return;
  const sign = u32(k < 0);
  const magnitude = <u64>abs(k);
  const high = shiftFraction(logHigh, logLow, BIAS - logExponent + 16);
  const sum =
    logSign == sign ? addFractions(magnitude << 47, 0, high, bottom) : subtractFractions(magnitude << 47, 0, high, bottom);
  const normalized = normalize(sum, bottom);
  setLog(sign, normalized, bottom, BIAS + 16 - shifted);
}

/** log2 of a positive number. */
function logOf(high: u64, lowWord: u64, exponent: i32): void {
  const upper = high > SQRT2;
  const k = exponent - BIAS + (upper ? 1 : 0);
  if (high != TOP_BIT || lowWord != 0) {
    logNearOne(high, lowWord, upper ? -1 : 0);
    addInteger(k);
  } else if (k == 0) setLog(0, 0, 0, 0);
  else {
    const integer = normalize(<u64>abs(k), 0);
    setLog(u32(k < 0), integer, 0, BIAS + 63 - shifted);
  }
}

/** A × the logarithm, rounded; neither is zero. */
function multiplyByA(): void {
  let high = shiftFraction(logHigh, logLow, 1);
  high = multiplyFractions(aSignificand, 0, high, bottom);
  high = normalize(high, bottom);
  // An integer logarithm (then the product fits 128 bits) still counts as inexact, as on the processor.
  const sticky = u64(logLow != 0);
  roundResult(aSign ^ logSign, aExponent + logExponent - BIAS + 1 - shifted, high, bottom | sticky, 64);
  raise(resultExponent == 0 ? UE | PE : PE);
}

/** Infinite results of a zero or infinite factor or argument; `sign` is the logarithm's. */
function product(sign: u32): void {
  if (aKind == INFINITE) setInfinity(aSign ^ sign);
  else if (aKind == ZERO) setZero(aSign ^ sign);
  else multiplyByA();
}

function logarithmOfOperands(): void {
  if (specialOperands()) return;
  if (bKind == ZERO) {
    if (aKind == ZERO) setInvalid();
    else {
      if (aKind == FINITE) {
        raise(ZE);
      }
      setInfinity(aSign ^ 1);
    }
    return;
  }
  if (bSign || (bKind == INFINITE && aKind == ZERO)) {
    setInvalid();
    return;
  }
  if (bKind == INFINITE) {
    reportDenormals();
    setInfinity(aSign);
    return;
  }
  logOf(bSignificand, 0, bExponent);
  if (logHigh == 0) {
    if (aKind == INFINITE) {
      setInvalid();
      return;
    }
    reportDenormals();
    setZero(aSign);
    return;
  }
  reportDenormals();
  product(logSign);
}

/** log2(1 + B) by s = B / (2 + B), for B in (−½, 1). */
function logOfSmall(): void {
  const half = shiftFraction(bSignificand, 0, BIAS - bExponent + 1);
  const halfSum = bSign ? subtractFractions(TOP_BIT, 0, half, bottom) : addFractions(TOP_BIT, 0, half, bottom);
  logOfQuotient(bSign, bSignificand, 0, bExponent, halfSum, bottom);
}

/** log2(1 + B) for other B > −1, outside what the manual defines: of the sum. */
function logOfSum(): void {
  if (bSign) {
    const magnitude = shiftFraction(bSignificand, 0, BIAS - bExponent);
    const sum = normalize(subtractFractions(TOP_BIT, 0, magnitude, bottom), bottom);
    logOf(sum, bottom, BIAS - shifted);
    return;
  }
  // At a scale where the sum stays below 2.
  const scale = max<i32>(bExponent, BIAS) + 1;
  const one = shiftFraction(TOP_BIT, 0, scale - BIAS);
  const oneLow = bottom;
  const magnitude = shiftFraction(bSignificand, 0, scale - bExponent);
  const sum = normalize(addFractions(one, oneLow, magnitude, bottom), bottom);
  logOf(sum, bottom, scale - shifted);
}

function logarithmPlusOneOfOperands(): void {
  if (specialOperands()) return;
  if (bKind == INFINITE) {
    if (bSign || aKind == ZERO) setInvalid();
    else {
      reportDenormals();
      setInfinity(aSign);
    }
    return;
  }
  if (bKind == ZERO) {
    if (aKind == INFINITE) setInvalid();
    else {
      reportDenormals();
      setZero(aSign ^ bSign);
    }
    return;
  }
  reportDenormals();
  if (aKind != FINITE) {
    product(bSign);
    return;
  }
  if (bExponent < BIAS - 2) logOfSmall();
  else if (!bSign || bExponent < BIAS) logOfSum();
  else {
    // 1 + B is not positive: undefined. Processors return B.
    setNearly(bSign, bExponent, bSignificand);
    return;
  }
  multiplyByA();
}

function stackIsShort(): bool {
  if (!isEmpty(0) && !isEmpty(1)) return false;
  if (!underflow()) return true;
  markValid(1);
  writeIndefinite(st(1));
  pop();
  return true;
}

/** ST(1) × log2 ST(0) → ST(1), and pop. */
export function logarithm(): void {
  if (stackIsShort()) return;
  loadA(st(1));
  loadB(st(0));
  begin();
  logarithmOfOperands();
  if (commit(st(1))) pop();
}

/** ST(1) × log2(ST(0) + 1) → ST(1), and pop. */
export function logarithmPlusOne(): void {
  if (stackIsShort()) return;
  loadA(st(1));
  loadB(st(0));
  begin();
  logarithmPlusOneOfOperands();
  if (commit(st(1))) pop();
}
