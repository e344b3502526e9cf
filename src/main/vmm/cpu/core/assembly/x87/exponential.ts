import { bottom, divideFraction, multiplyFractions, normalize, addFractions, shiftFraction, shifted, subtractFractions } from '../softfloat/fixed';
import { BIAS, TOP_BIT } from '../softfloat/rounding';
import { INFINITE, ZERO } from '../softfloat/unpacked';
import { begin, commit, roundResult, setInfinity, setNearly, setResult, setZero } from './extended';
import { aExponent, aKind, aSign, aSignificand, loadA, reportDenormalA, specialOperand } from './operands';
import { isEmpty, markValid, st, underflow, writeIndefinite } from './stack';

/** F2XM1: 2^x − 1 for −1 ≤ x ≤ 1 (SDM vol. 2). */

/** ln 2, as a fraction. */
const LN2_HIGH: u64 = 0x58b9_0bfb_e8e7_bcd5;
const LN2_LOW: u64 = 0xe4f1_d9cc_01f9_7b57;
/** Terms after which the series on [0, ln 2] is below 2^-128. */
const TERMS: u32 = 36;
const ALL_ONES: u64 = 0xffff_ffff_ffff_ffff;

let seriesHigh: u64 = 0;
let seriesLow: u64 = 0;

/** (e^±y − 1) / ±y = 1 ± y/2 · (1 ± y/3 · (…)), y being a fraction. */
function series(yHigh: u64, yLow: u64, negative: bool): void {
  let high = TOP_BIT;
  let lowWord: u64 = 0;
  for (let n = TERMS; n >= 2; n--) {
    high = multiplyFractions(yHigh, yLow, high, lowWord);
    high = divideFraction(high, bottom, <u64>n);
    high = negative ? subtractFractions(TOP_BIT, 0, high, bottom) : addFractions(TOP_BIT, 0, high, bottom);
    lowWord = bottom;
  }
  if (negative && high == TOP_BIT && lowWord == 0) {
    high = TOP_BIT - 1;
    lowWord = ALL_ONES;
  }
  seriesHigh = high;
  seriesLow = lowWord;
}

/** 2^A − 1 for 0 < |A| < 1. */
function exponentialOfA(): void {
  let yHigh = multiplyFractions(aSignificand, 0, LN2_HIGH, LN2_LOW);
  yHigh = normalize(yHigh, bottom);
  const yLow = bottom;
  const exponent = aExponent - shifted;
  const fraction = shiftFraction(yHigh, yLow, BIAS - exponent);
  series(fraction, bottom, aSign != 0);
  // Halved: the product of the two may reach 2.
  let high = shiftFraction(seriesHigh, seriesLow, 1);
  high = multiplyFractions(yHigh, yLow, high, bottom);
  high = normalize(high, bottom);
  roundResult(aSign, exponent + 1 - shifted, high, bottom | 1, 64);
}

export function exponential(): void {
  const cell = st(0);
  if (isEmpty(0)) {
    if (underflow()) {
      markValid(0);
      writeIndefinite(cell);
    }
    return;
  }
  loadA(cell);
  begin();
  if (!specialOperand()) {
    reportDenormalA();
    if (aKind == ZERO) setZero(aSign);
    else if (aKind == INFINITE) {
      if (aSign) setResult(1, <u32>BIAS, TOP_BIT);
      else setInfinity(0);
    } else if (aExponent < BIAS) exponentialOfA();
    else if (aExponent == BIAS && aSignificand == TOP_BIT) setNearly(aSign, BIAS - aSign, TOP_BIT);
    // Out of range the result is undefined: processors leave the operand.
    else setNearly(aSign, aExponent, aSignificand);
  }
  commit(cell);
}
