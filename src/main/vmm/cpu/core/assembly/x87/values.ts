import { X87_RESULT } from '../../layout';
import { C0, C1, C3, PE, getFcw, getFsw, setFsw } from '../fp/state';
import { divideUnpacked, squareRootUnpacked, zExponent, zHigh, zLow } from '../softfloat/arithmetic';
import { BIAS, NEAREST, TOP_BIT, TOWARD_ZERO } from '../softfloat/rounding';
import { ADD, DIVIDE, MULTIPLY, SUBTRACT, compute, computeSquareRoot } from './arithmetic';
import { QUIET, conditions, setConditions } from './compare';
import { execX87 } from './exec';
import { begin, conclude, concludeQuietly, concludeStore, resultSignExponent, resultSignificand, roundingMode } from './extended';
import { integerOfA } from './integers';
import { narrowed } from './load-store';
import { setA, setB } from './operands';

/**
 * x87 operations for translated regions, on values in registers: a significand, and sign and exponent as a register
 * holds them. Every exception is masked. Exception flags and C1 go to FSW; a result's sign and exponent are left at
 * X87_RESULT. Each has a way of its own for normal numbers rounded to nearest; all else goes the interpreter's way.
 */

const SIGN: u32 = 0x8000;
const EXPONENT: u32 = 0x7fff;
/** FCW: rounding to nearest, to 64 bits. */
const ROUNDING_AND_PRECISION: u32 = 0x0f00;
const NEAREST_EXTENDED: u32 = 0x0300;
const ROUNDING: u32 = 0x0c00;
const LOW_WORD: u64 = 0xffff_ffff;

// @ts-ignore: decorator
@inline function nearestExtended(): bool { return (getFcw() & ROUNDING_AND_PRECISION) == NEAREST_EXTENDED; }
/** A normal number: its significand's top bit is set, its exponent is neither all zeros nor all ones. */
// @ts-ignore: decorator
@inline function normal(significand: u64, signExponent: u32): bool { return <i64>significand < 0 && (signExponent & EXPONENT) - 1 < 0x7ffe; }
/** Normal numbers far from either end of the exponents: from 2000h to 5FFFh, which 2000h more leave bit 14 set. */
// @ts-ignore: decorator
@inline function moderate(significandA: u64, a: u32, significandB: u64, b: u32): bool {
  return <i64>(significandA & significandB) < 0 && ((a + 0x2000) & (b + 0x2000) & 0x4000) != 0;
}
// @ts-ignore: decorator
@inline function zero(significand: u64, signExponent: u32): bool { return (significand | <u64>(signExponent & EXPONENT)) == 0; }
// @ts-ignore: decorator
@inline function answer(significand: u64, signExponent: u32): u64 { store<u32>(X87_RESULT, signExponent); return significand; }
/** C1, and PE if it was inexact. */
// @ts-ignore: decorator
@inline function note(inexact: bool, up: u32): void { setFsw((getFsw() & ~C1) | (up << 9) | (inexact ? PE : 0)); }

/** The operation in the interpreter's way. */
function general(kind: u32, significandA: u64, a: u32, significandB: u64, b: u32): u64 {
  setB(significandB, b);
  setA(significandA, a);
  begin();
  compute(kind);
  conclude();
  return answer(resultSignificand, resultSignExponent());
}

/**
 * Rounds high:bottom to nearest even: high's top bit is set, and the exponent is not at either end of its range, where
 * rounding or normalization could take it out.
 */
// @ts-ignore: decorator
@inline function rounded(sign: u32, exponent: i32, high: u64, bottom: u64): u64 {
  const up = (bottom >> 63) & (u64((bottom << 1) != 0) | high);
  high += up;
  if (high == 0) {
    high = TOP_BIT;
    exponent++;
  }
  note(bottom != 0, <u32>up);
  return answer(high, sign | <u32>exponent);
}

// @ts-ignore: decorator
@inline function inside(exponent: i32): bool { return <u32>(exponent - 2) < 0x7ffb; }

export function x87Multiply(significandA: u64, a: u32, significandB: u64, b: u32): u64 {
  const sign = (a ^ b) & SIGN;
  if (moderate(significandA, a, significandB, b)) {
    let exponent = <i32>((a & EXPONENT) + (b & EXPONENT)) - 0x3ffe;
    if (inside(exponent) && nearestExtended()) {
      const aHigh = significandA >> 32;
      const aLow = significandA & LOW_WORD;
      const bHigh = significandB >> 32;
      const bLow = significandB & LOW_WORD;
      const middle = aHigh * bLow + ((aLow * bLow) >> 32);
      const middle2 = aLow * bHigh + (middle & LOW_WORD);
      let high = aHigh * bHigh + (middle >> 32) + (middle2 >> 32);
      let bottom = significandA * significandB;
      const shift = (high >> 63) ^ 1;
      high = (high << shift) | ((bottom >> 63) & shift);
      bottom <<= shift;
      exponent -= <i32>shift;
      return rounded(sign, exponent, high, bottom);
    }
  } else if (
    (zero(significandA, a) && (normal(significandB, b) || zero(significandB, b))) ||
    (zero(significandB, b) && normal(significandA, a))
  ) {
    note(false, 0);
    return answer(0, sign);
  }
  return general(MULTIPLY, significandA, a, significandB, b);
}

/** A ± B; `signB` is what B's sign is flipped with. */
// @ts-ignore: decorator
@inline function sum(significandA: u64, a: u32, significandB: u64, b: u32, flip: u32, kind: u32): u64 {
  if (nearestExtended()) {
    if (moderate(significandA, a, significandB, b)) {
      const exponentA = <i32>(a & EXPONENT);
      const exponentB = <i32>(b & EXPONENT);
      const swap = exponentA < exponentB;
      const signB = b ^ flip;
      const large = select<u64>(significandB, significandA, swap);
      const small = select<u64>(significandA, significandB, swap);
      let exponent = select<i32>(exponentB, exponentA, swap);
      let sign = select<u32>(signB, a, swap) & SIGN;
      const distance = abs(exponentA - exponentB);
      let high: u64;
      let bottom: u64;
      if (distance < 64) {
        high = small >> distance;
        bottom = (small << 1) << (63 - distance);
      } else {
        high = 0;
        bottom = distance < 128 ? (small >> (distance - 64)) | u64((small << 1) << (127 - distance) != 0) : 1;
      }
      if (((a ^ signB) & SIGN) == 0) {
        high += large;
        const carry = u64(high < large);
        bottom = ((high & carry) << 63) | (bottom >> carry) | (bottom & carry);
        high = (high >> carry) | (carry << 63);
        exponent += <i32>carry;
      } else {
        const borrow = u64(bottom != 0);
        bottom = 0 - bottom;
        if (large < high) {
          // Only at equal exponents, where nothing lies below.
          high -= large;
          sign ^= SIGN;
        } else high = large - high - borrow;
        if (high == 0) {
          if (bottom == 0) {
            note(false, 0);
            return answer(0, 0);
          }
          high = bottom;
          bottom = 0;
          exponent -= 64;
        }
        const shift = clz(high);
        high = (high << shift) | ((bottom >> 1) >> (63 - shift));
        bottom <<= shift;
        exponent -= <i32>shift;
      }
      return rounded(sign, exponent, high, bottom);
    } else if (zero(significandB, b) && normal(significandA, a)) {
      note(false, 0);
      return answer(significandA, a);
    } else if (zero(significandA, a) && normal(significandB, b)) {
      note(false, 0);
      return answer(significandB, b ^ flip);
    }
  }
  return general(kind, significandA, a, significandB, b);
}

export function x87Add(significandA: u64, a: u32, significandB: u64, b: u32): u64 {
  return sum(significandA, a, significandB, b, 0, ADD);
}

export function x87Subtract(significandA: u64, a: u32, significandB: u64, b: u32): u64 {
  return sum(significandA, a, significandB, b, SIGN, SUBTRACT);
}

export function x87Divide(significandA: u64, a: u32, significandB: u64, b: u32): u64 {
  if (moderate(significandA, a, significandB, b)) {
    const exponent = <i32>(a & EXPONENT) - <i32>(b & EXPONENT) + BIAS;
    if (inside(exponent) && nearestExtended()) {
      divideUnpacked(0, <i32>(a & EXPONENT), significandA, 0, <i32>(b & EXPONENT), significandB);
      return rounded((a ^ b) & SIGN, zExponent, zHigh, zLow);
    }
  }
  return general(DIVIDE, significandA, a, significandB, b);
}

export function x87SquareRoot(significand: u64, signExponent: u32): u64 {
  if (normal(significand, signExponent) && (signExponent & SIGN) == 0 && nearestExtended()) {
    squareRootUnpacked(<i32>signExponent, significand);
    return rounded(0, zExponent, zHigh, zLow);
  }
  setA(significand, signExponent);
  begin();
  computeSquareRoot();
  conclude();
  return answer(resultSignificand, resultSignExponent());
}

/** The value as a double. */
export function x87ToDouble(significand: u64, signExponent: u32): u64 {
  const exponent = <i32>(signExponent & EXPONENT) - (BIAS - 1023);
  const sign = <u64>(signExponent & SIGN) << 48;
  if (<i64>significand < 0) {
    if (<u32>(exponent - 1) < 0x7fd && (getFcw() & ROUNDING) == 0) {
      const lost = significand & 0x7ff;
      const kept = significand >> 11;
      const up = u64(lost > 0x400) | (u64(lost == 0x400) & kept);
      note(lost != 0, <u32>up);
      // A carry out of the fraction is one more in the exponent.
      return sign | ((<u64>(exponent - 1) << 52) + kept + up);
    }
  } else if (zero(significand, signExponent)) {
    note(false, 0);
    return sign;
  }
  setA(significand, signExponent);
  begin();
  const value = narrowed<u64>();
  concludeStore();
  return value;
}

/** The value as a single. */
export function x87ToSingle(significand: u64, signExponent: u32): u32 {
  const exponent = <i32>(signExponent & EXPONENT) - (BIAS - 127);
  if (<i64>significand < 0 && <u32>(exponent - 1) < 0xfd && (getFcw() & ROUNDING) == 0) {
    const lost = significand << 24;
    const kept = <u32>(significand >> 40);
    const up = u32(lost > TOP_BIT) | (u32(lost == TOP_BIT) & kept);
    note(lost != 0, up);
    return ((signExponent & SIGN) << 16) | ((<u32>(exponent - 1) << 23) + kept + up);
  }
  setA(significand, signExponent);
  begin();
  const value = narrowed<u32>();
  concludeStore();
  return value;
}

/** The value as a signed integer of `bits`, rounded as FCW says or toward zero. */
export function x87ToInteger(significand: u64, signExponent: u32, bits: u32, truncate: bool): i64 {
  const mode = truncate ? TOWARD_ZERO : roundingMode();
  const exponent = (signExponent & EXPONENT) - <u32>BIAS;
  // One bit less than fits, so that rounding has room.
  if (<i64>significand < 0 && exponent < bits - 2 && (mode == TOWARD_ZERO || mode == NEAREST)) {
    const kept = significand >> <u64>(63 - exponent);
    const lost = (significand << <u64>exponent) << 1;
    const up = mode == NEAREST ? u64(lost > TOP_BIT) | (u64(lost == TOP_BIT) & kept) : 0;
    note(lost != 0, <u32>up);
    const magnitude = <i64>(kept + up);
    return signExponent & SIGN ? 0 - magnitude : magnitude;
  }
  setA(significand, signExponent);
  begin();
  const value = integerOfA(bits, mode);
  concludeStore();
  return value;
}

/** No C3, C2, C0. */
const NOT_ORDINARY: u32 = 0xffff_ffff;

/** C3, C2, C0 of A against B, if neither has anything to report. */
function ordinaryConditions(significandA: u64, a: u32, significandB: u64, b: u32): u32 {
  if (moderate(significandA, a, significandB, b)) {
    if (a == b && significandA == significandB) return C3;
    if ((a ^ b) & SIGN) return a & SIGN ? C0 : 0;
    const below = a == b ? significandA < significandB : a < b;
    return below == ((a & SIGN) == 0) ? C0 : 0;
  }
  if (zero(significandB, b)) {
    if (zero(significandA, a)) return C3;
    if (normal(significandA, a)) return a & SIGN ? C0 : 0;
  } else if (zero(significandA, a) && normal(significandB, b)) return b & SIGN ? 0 : C0;
  return NOT_ORDINARY;
}

/** C3, C2, C0 of A against B, in the interpreter's way. */
function generalConditions(significandA: u64, a: u32, significandB: u64, b: u32, quiet: bool): u32 {
  setA(significandA, a);
  setB(significandB, b);
  begin();
  return conditions(quiet);
}

/** FCOM, FUCOM: into FSW. */
export function x87CompareStatus(significandA: u64, a: u32, significandB: u64, b: u32, quiet: bool): void {
  const codes = ordinaryConditions(significandA, a, significandB, b);
  if (codes != NOT_ORDINARY) {
    setConditions(codes);
    return;
  }
  setConditions(generalConditions(significandA, a, significandB, b, quiet));
  conclude();
}

/** FCOMI, FUCOMI: ZF, PF and CF as C3, C2 and C0, which are 8 bits above them. */
export function x87CompareFlags(significandA: u64, a: u32, significandB: u64, b: u32, quiet: bool): u32 {
  const ordinary = ordinaryConditions(significandA, a, significandB, b);
  if (ordinary != NOT_ORDINARY) return ordinary;
  const codes = generalConditions(significandA, a, significandB, b, quiet);
  concludeQuietly();
  return codes;
}

/** An operation on ST(0), and ST(1) if at all, in memory. */
export function x87Execute(op: u32): void {
  execX87(op, 0, 0);
}
