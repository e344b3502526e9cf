import { C0, C1, C2, C3, CONDITION_CODES, getFsw, setFsw } from '../fp/state';
import { INFINITE, ZERO } from '../softfloat/unpacked';
import { begin, commit, roundResult, setInvalid, setResult, setZero } from './extended';
import { aExponent, aKind, aSign, aSignificand, bExponent, bKind, bSignificand, loadA, loadB, reportDenormals, specialOperands } from './operands';
import { isEmpty, markValid, st, underflow, writeIndefinite } from './stack';

/** FPREM (quotient truncated) and FPREM1 (quotient to nearest), SDM vol. 2. */

/** Quotient bits an incomplete reduction takes at once leave an exponent difference below 64 when it is complete. */
const COMPLETE_BELOW: i32 = 64;

/** Low bits of the quotient, and whether the reduction is complete. */
let quotient: u64 = 0;
let complete: bool = true;
/** Whether there is a quotient at all: not for NaNs and invalid operands. */
let defined: bool = false;

/** Long division of high × 2^`steps` by B's significand; returns the remainder. */
function reduce(high: u64, steps: i32): u64 {
  quotient = 0;
  let carry: u64 = 0;
  for (let left = steps; left >= 0; left--) {
    quotient <<= 1;
    if (carry || high >= bSignificand) {
      high -= bSignificand;
      quotient |= 1;
    }
    if (left == 0) break;
    carry = high >> 63;
    high <<= 1;
  }
  return high;
}

/** After truncation, goes to the other side of zero if that is nearer, or as near and even. Returns the remainder. */
function toNearest(rest: u64, below: bool): u64 {
  // `below`: A's exponent was one less than B's, so A itself is the remainder, at half scale.
  const twiceExceeds = below ? rest > bSignificand : rest > bSignificand - rest;
  const tie = below ? rest == bSignificand : rest == bSignificand - rest;
  if (!twiceExceeds && !(tie && (quotient & 1))) return rest;
  quotient++;
  flipped = true;
  return below ? (bSignificand << 1) - rest : bSignificand - rest;
}

let flipped: bool = false;
/** A divided by infinity is A as it stands, however small: no underflow. */
let unchanged: bool = false;

function finish(sign: u32, exponent: i32, significand: u64): void {
  if (significand == 0) {
    setZero(sign);
    return;
  }
  const shift = <i32>clz(significand);
  roundResult(sign, exponent - shift, significand << shift, 0, 64);
}

function remainder(nearest: bool): void {
  quotient = 0;
  complete = true;
  flipped = false;
  unchanged = false;
  defined = false;
  if (specialOperands()) return;
  if (aKind == INFINITE || bKind == ZERO) {
    setInvalid();
    return;
  }
  defined = true;
  reportDenormals();
  if (aKind == ZERO) {
    setZero(aSign);
    return;
  }
  if (bKind == INFINITE) {
    unchanged = true;
    return;
  }
  const difference = aExponent - bExponent;
  if (difference < -1 || (difference < 0 && !nearest)) {
    roundResult(aSign, aExponent, aSignificand, 0, 64);
    return;
  }
  if (difference == -1) {
    const rest = toNearest(aSignificand, true);
    finish(flipped ? aSign ^ 1 : aSign, aExponent, rest);
    return;
  }
  if (difference < COMPLETE_BELOW) {
    const truncated = reduce(aSignificand, difference);
    const rest = nearest ? toNearest(truncated, false) : truncated;
    finish(flipped ? aSign ^ 1 : aSign, bExponent, rest);
    return;
  }
  // Incomplete: 32 to 63 bits at once, keeping the difference congruent modulo 32.
  complete = false;
  const steps = (difference & 31) | 32;
  const rest = reduce(aSignificand, steps);
  quotient = 0;
  finish(aSign, aExponent - steps, rest);
}

/** C2: incomplete; C0, C3, C1: bits 2, 1, 0 of the quotient. */
function setConditions(): void {
  let codes: u32 = complete ? 0 : C2;
  if (quotient & 1) codes |= C1;
  if (quotient & 2) codes |= C3;
  if (quotient & 4) codes |= C0;
  setFsw((getFsw() & ~CONDITION_CODES) | codes);
}

/** Exponent of a finite value; a pseudo-denormal's is that of the normal number it stands for. */
function exponentField(cell: usize): i32 {
  const field = <i32>load<u16>(cell, 8) & 0x7fff;
  return field == 0 && load<i64>(cell) < 0 ? 1 : field;
}

export function partialRemainder(nearest: bool): void {
  const cell = st(0);
  setFsw(getFsw() & ~C2);
  if (isEmpty(0) || isEmpty(1)) {
    if (underflow()) {
      markValid(0);
      writeIndefinite(cell);
    }
    return;
  }
  loadA(cell);
  loadB(st(1));
  begin();
  remainder(nearest);
  if (unchanged) setResult(aSign, exponentField(cell), load<u64>(cell));
  if (commit(cell) && defined) setConditions();
}
