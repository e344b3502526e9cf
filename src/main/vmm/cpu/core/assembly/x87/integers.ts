import { IE } from '../fp/state';
import { BIAS, TOWARD_ZERO, carried, roundDenormal, roundSignificand } from '../softfloat/rounding';
import { FINITE, ZERO } from '../softfloat/unpacked';
import { begin, commit, concludeStore, noteRounding, raise, roundingMode, setInfinity, setResult, setZero } from './extended';
import { aExponent, aKind, aSign, aSignificand, loadA, reportDenormalA, specialOperand } from './operands';
import { isEmpty, markValid, push, roomToPush, setC1, st, underflow, writeIndefinite } from './stack';

/** FILD, FIST(P), FISTTP and FRNDINT (SDM vol. 1, 8.3.3 and 8.3.5). */

export function loadInteger(value: i64): void {
  if (!roomToPush()) return;
  setC1(false);
  if (value == 0) {
    push(0, 0);
    return;
  }
  const sign = u32(value < 0);
  const magnitude = <u64>(sign ? 0 - value : value);
  const shift = clz(magnitude);
  push((sign << 15) | <u32>(BIAS + 63 - <i32>shift), magnitude << shift);
}

/** |A| rounded to an integer, A being finite; anything from 2^64 up gives all ones, too large for every destination. */
export function magnitudeOfA(mode: u32): u64 {
  if (aKind == ZERO) return 0;
  if (aExponent > BIAS + 63) return ~(<u64>0);
  if (aExponent < BIAS) return roundDenormal(aSign, aExponent, aSignificand, 0, 1, BIAS, mode) >> 63;
  const bits = <u32>(aExponent - BIAS + 1);
  const significand = roundSignificand(aSign, aSignificand, 0, bits, mode);
  return carried ? (significand >> (64 - bits)) << 1 : significand >> (64 - bits);
}

function indefinite(bits: u32): i64 {
  return (<i64>-1) << <i64>(bits - 1);
}

/** A as a signed integer of `bits`; the integer indefinite where it does not fit. */
export function integerOfA(bits: u32, mode: u32): i64 {
  if (aKind != FINITE && aKind != ZERO) {
    raise(IE);
    return indefinite(bits);
  }
  const magnitude = magnitudeOfA(mode);
  const limit = (<u64>1 << (bits - 1)) - (aSign ? 0 : 1);
  if (magnitude > limit) {
    raise(IE);
    return indefinite(bits);
  }
  if (aKind == FINITE) noteRounding();
  return aSign ? 0 - <i64>magnitude : <i64>magnitude;
}

/** ST(0) as a signed integer of `bits`, at `memory`. Returns whether the store may happen. */
function storeInteger(memory: usize, bits: u32, mode: u32): bool {
  let value = indefinite(bits);
  if (isEmpty(0)) {
    if (!underflow()) return false;
  } else {
    loadA(st(0));
    begin();
    value = integerOfA(bits, mode);
    if (!concludeStore()) return false;
  }
  store<i64>(memory, value);
  return true;
}

export function storeIntegerRounded(memory: usize, bits: u32): bool {
  return storeInteger(memory, bits, roundingMode());
}

export function storeIntegerTruncated(memory: usize, bits: u32): bool {
  return storeInteger(memory, bits, TOWARD_ZERO);
}

/** FRNDINT. */
export function roundToInteger(): void {
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
    else if (aKind != FINITE) setInfinity(aSign);
    else if (aExponent >= BIAS + 63) setResult(aSign, <u32>aExponent, aSignificand);
    else {
      const magnitude = magnitudeOfA(roundingMode());
      noteRounding();
      if (magnitude == 0) setZero(aSign);
      else {
        const shift = clz(magnitude);
        setResult(aSign, <u32>(BIAS + 63 - <i32>shift), magnitude << shift);
      }
    }
  }
  commit(cell);
}
