import { addFractions, bottom, divideFraction, divideSignificands, multiplyFractions, normalize, shiftFraction, shifted, subtractFractions } from '../softfloat/fixed';
import { BIAS, TOP_BIT } from '../softfloat/rounding';
import { FINITE, INFINITE, ZERO } from '../softfloat/unpacked';
import { divide128, low } from '../softfloat/wide';
import { begin, commit, roundResult, setZero } from './extended';
import {
  aExponent, aKind, aSign, aSignificand, bExponent, bKind, bSign, bSignificand, loadA, loadB, reportDenormals, specialOperands,
} from './operands'; // prettier-ignore
import { isEmpty, markValid, pop, st, underflow, writeIndefinite } from './stack';

/** FPATAN: the angle of the point (ST(0), ST(1)), SDM vol. 2, table 3-30. */

/** atan(k/16) for k = 0 … 16, as fractions: high word, low word. */
const TABLE: usize = memory.data<u64>([
  0x0000_0000_0000_0000, 0x0000_0000_0000_0000,
  0x07fd_56ed_cb3f_7a71, 0xb659_3c96_e071_706a,
  0x0fea_dd4d_5617_b6e3, 0x2c89_7989_f3e8_88ef,
  0x17b9_7b4b_ce5b_0226, 0x8f61_69f1_0393_8e90,
  0x1f5b_75f9_2c80_dd62, 0xadb8_f3de_bef4_42fc,
  0x26c4_ee6e_0fd7_979a, 0x716a_ed26_349e_bcca,
  0x2dec_3283_c9bd_e11c, 0xe2a8_c848_b73f_9120,
  0x34c9_dd87_9847_f96d, 0x909f_257a_4007_9c4d,
  0x3b58_ce0a_c376_9ed1, 0x5bf9_117b_2f0e_a340,
  0x4195_fa53_6cc3_3f15, 0x25b5_04e5_b0d2_8ae0,
  0x4780_2eaf_7bfa_cfcd, 0xae41_af0b_32e2_1ba3,
  0x4d17_c073_38de_ed10, 0x2113_7c71_1027_f9de,
  0x525e_3e8c_9a7b_8492, 0x0cd4_3f95_22be_d64f,
  0x5756_261c_5a6c_6040, 0x0a39_2f17_9f29_0385,
  0x5c02_9f15_e118_cf39, 0xe596_d2a9_0852_221e,
  0x6067_42dc_5629_3320, 0x44ee_b162_3749_7d12,
  0x6487_ed51_10b4_611a, 0x6263_3145_c06e_0e68,
]);
const TABLE_STEPS: u64 = 16;

/** π/4 and π/2 as fractions. */
const QUARTER_PI_HIGH: u64 = 0x6487_ed51_10b4_611a;
const QUARTER_PI_LOW: u64 = 0x6263_3145_c06e_0e68;
const HALF_PI_HIGH: u64 = 0xc90f_daa2_2168_c234;
const HALF_PI_LOW: u64 = 0xc4c6_628b_80dc_1cd1;
/** Terms after which the series on [0, 1/16] is below 2^-128. */
const TERMS: u32 = 16;
const ALL_ONES: u64 = 0xffff_ffff_ffff_ffff;

/** An angle: significand and exponent. */
let angleHigh: u64 = 0;
let angleLow: u64 = 0;
let angleExponent: i32 = 0;

/** atan of the significand and exponent given, at most 1/16: u · (1 − u²/3 + u⁴/5 − …). */
function smallAngle(high: u64, lowWord: u64, exponent: i32): void {
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
    sumHigh = subtractFractions(termHigh, termLow, sumHigh, bottom);
    sumLow = bottom;
  }
  if (sumHigh == TOP_BIT && sumLow == 0) {
    sumHigh = TOP_BIT - 1;
    sumLow = ALL_ONES;
  }
  angleHigh = multiplyFractions(high, lowWord, sumHigh, sumLow);
  angleHigh = normalize(angleHigh, bottom);
  angleLow = bottom;
  angleExponent = exponent - shifted;
}

/** atan of a ratio at most 1, its significand and exponent given. */
function angleOfRatio(high: u64, lowWord: u64, exponent: i32): void {
  const ratio = shiftFraction(high, lowWord, BIAS - exponent);
  const ratioLow = bottom;
  // Nearest lower sixteenth; the difference is what the series sees.
  const step = ratio >> 59;
  if (step == 0) {
    smallAngle(high, lowWord, exponent);
    return;
  }
  // (t − c) / (1 + t·c)
  const numerator = ratio - (step << 59);
  let productHigh = divideFraction(ratio, ratioLow, TABLE_STEPS);
  const productLow = bottom * step;
  productHigh = productHigh * step + highProduct(bottom, step);
  const divisorHigh = addFractions(TOP_BIT, 0, productHigh, productLow);
  const divisorLow = bottom;
  let base = load<u64>(TABLE + <usize>(step << 4));
  let baseLow = load<u64>(TABLE + <usize>(step << 4), 8);
  if ((numerator | ratioLow) != 0) {
    let quotient = divideSignificands(numerator, ratioLow, divisorHigh, divisorLow);
    if ((quotient | bottom) != 0) {
      quotient = normalize(quotient, bottom);
      smallAngle(quotient, bottom, BIAS - shifted);
      const small = shiftFraction(angleHigh, angleLow, BIAS - angleExponent);
      base = addFractions(base, baseLow, small, bottom);
      baseLow = bottom;
    }
  }
  setAngle(base, baseLow);
}

/** High word of a × b, b being at most 16. */
function highProduct(a: u64, b: u64): u64 {
  return ((a >> 32) * b + (((a & 0xffff_ffff) * b) >> 32)) >> 32;
}

/** From a fraction. */
function setAngle(high: u64, lowWord: u64): void {
  angleHigh = normalize(high, lowWord);
  angleLow = bottom;
  angleExponent = BIAS - shifted;
}

/** |A| / |B| or its inverse, whichever is at most 1, into an angle of the first octant. Returns whether it was inverted. */
function octantAngle(): bool {
  const inverted = aExponent > bExponent || (aExponent == bExponent && aSignificand > bSignificand);
  const numerator = inverted ? bSignificand : aSignificand;
  const divisor = inverted ? aSignificand : bSignificand;
  const difference = inverted ? bExponent - aExponent : aExponent - bExponent;
  if (numerator == divisor) {
    angleOfRatio(TOP_BIT, 0, BIAS + difference);
    return inverted;
  }
  // A quotient in [1, 2) or, with a smaller numerator, in (½, 1).
  const larger = numerator > divisor;
  const high = larger ? divide128(numerator >> 1, numerator << 63, divisor) : divide128(numerator, 0, divisor);
  const next = divide128(low, 0, divisor);
  angleOfRatio(high, next, BIAS + difference - (larger ? 0 : 1));
  return inverted;
}

/** angle → (high:low) × 2 − angle, both as halved fractions. */
function supplement(high: u64, lowWord: u64): void {
  const half = shiftFraction(angleHigh, angleLow, BIAS + 1 - angleExponent);
  const difference = subtractFractions(high, lowWord, half, bottom);
  angleHigh = normalize(difference, bottom);
  angleLow = bottom;
  angleExponent = BIAS + 1 - shifted;
}

function angleOfOperands(): void {
  if (octantAngle()) supplement(QUARTER_PI_HIGH, QUARTER_PI_LOW);
  if (bSign) supplement(HALF_PI_HIGH, HALF_PI_LOW);
}

/** Zeros and infinities: multiples of π/4. Returns whether the angle is one of them. */
function axisAngle(): bool {
  if (aKind == FINITE && bKind == FINITE) return false;
  if (aKind == INFINITE && bKind == INFINITE) {
    setAngle(QUARTER_PI_HIGH, QUARTER_PI_LOW);
    if (bSign) supplement(HALF_PI_HIGH, HALF_PI_LOW);
  } else if (aKind == INFINITE || bKind == ZERO) setAngle(HALF_PI_HIGH, HALF_PI_LOW);
  else {
    // On the horizontal axis: π, given that its zero was dealt with before.
    setAngle(HALF_PI_HIGH, HALF_PI_LOW);
    angleExponent++;
  }
  return true;
}

/** atan(ST(1) / ST(0)) → ST(1), and pop. */
export function arctangent(): void {
  const cell = st(1);
  if (isEmpty(0) || isEmpty(1)) {
    if (!underflow()) return;
    markValid(1);
    writeIndefinite(cell);
    pop();
    return;
  }
  loadA(cell);
  loadB(st(0));
  begin();
  if (!specialOperands()) {
    reportDenormals();
    const onPositiveAxis = (aKind == ZERO || (bKind == INFINITE && aKind != INFINITE)) && bSign == 0;
    if (onPositiveAxis) setZero(aSign);
    else {
      // A zero A lies on the axis even where B is zero too: its angle is 0 or π by B's sign.
      if (aKind == ZERO) {
        setAngle(HALF_PI_HIGH, HALF_PI_LOW);
        angleExponent++;
      } else if (!axisAngle()) angleOfOperands();
      roundResult(aSign, angleExponent, angleHigh, angleLow | 1, 64);
    }
  }
  if (commit(cell)) pop();
}
