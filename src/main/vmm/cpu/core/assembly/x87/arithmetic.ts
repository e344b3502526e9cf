import { ZE } from '../fp/state';
import { addUnpacked, divideUnpacked, multiplyUnpacked, squareRootUnpacked, zHigh } from '../softfloat/arithmetic';
import { DOWN } from '../softfloat/rounding';
import { FINITE, INFINITE, ZERO } from '../softfloat/unpacked';
import { begin, commit, precision, raise, roundResult, roundZ, roundingMode, setInfinity, setInvalid, setZero } from './extended';
import {
  aExponent, aKind, aSign, aSignificand, bExponent, bKind, bSign, bSignificand, loadA, loadB, loadB32, loadB64, loadBInteger,
  reportDenormalA, reportDenormals, specialOperand, specialOperands, swapOperands,
} from './operands'; // prettier-ignore
import { isEmpty, markValid, pop, st, underflow, writeIndefinite } from './stack';

/** FADD, FSUB(R), FMUL, FDIV(R) in all their forms, and FSQRT (SDM vol. 1, 8.3.5; vol. 2). */

export const ADD: u32 = 0;
export const MULTIPLY: u32 = 1;
export const SUBTRACT: u32 = 4;
export const SUBTRACT_REVERSED: u32 = 5;
export const DIVIDE: u32 = 6;
export const DIVIDE_REVERSED: u32 = 7;

/** A ∘ B, by the code in the /digit of the encodings. */
export function compute(kind: u32): void {
  if (kind == SUBTRACT_REVERSED || kind == DIVIDE_REVERSED) swapOperands();
  if (specialOperands()) return;
  if (kind == ADD) addition(bSign);
  else if (kind == MULTIPLY) multiplication();
  else if (kind == SUBTRACT || kind == SUBTRACT_REVERSED) addition(bSign ^ 1);
  else division();
}

/** `signB` is B's sign, inverted for subtraction. */
function addition(signB: u32): void {
  if (aKind == INFINITE && bKind == INFINITE && aSign != signB) {
    setInvalid();
    return;
  }
  reportDenormals();
  if (aKind == INFINITE) setInfinity(aSign);
  else if (bKind == INFINITE) setInfinity(signB);
  else if (aKind == ZERO && bKind == ZERO) setZero(aSign == signB ? aSign : u32(roundingMode() == DOWN));
  else if (aKind == ZERO) roundResult(signB, bExponent, bSignificand, 0, precision());
  else if (bKind == ZERO) roundResult(aSign, aExponent, aSignificand, 0, precision());
  else {
    addUnpacked(aSign, aExponent, aSignificand, signB, bExponent, bSignificand);
    if (zHigh == 0) setZero(u32(roundingMode() == DOWN));
    else roundZ(precision());
  }
}

function multiplication(): void {
  if ((aKind == INFINITE && bKind == ZERO) || (aKind == ZERO && bKind == INFINITE)) {
    setInvalid();
    return;
  }
  reportDenormals();
  const sign = aSign ^ bSign;
  if (aKind == INFINITE || bKind == INFINITE) setInfinity(sign);
  else if (aKind == ZERO || bKind == ZERO) setZero(sign);
  else {
    multiplyUnpacked(aSign, aExponent, aSignificand, bSign, bExponent, bSignificand);
    roundZ(precision());
  }
}

function division(): void {
  const sign = aSign ^ bSign;
  if (aKind == bKind && aKind != FINITE) {
    setInvalid();
    return;
  }
  if (bKind == ZERO) {
    if (aKind == FINITE) raise(ZE);
    setInfinity(sign);
    return;
  }
  reportDenormals();
  if (aKind == INFINITE) setInfinity(sign);
  else if (aKind == ZERO || bKind == INFINITE) setZero(sign);
  else {
    divideUnpacked(aSign, aExponent, aSignificand, bSign, bExponent, bSignificand);
    roundZ(precision());
  }
}

/** ST(0) ∘ B, B being loaded already. */
function intoTop(kind: u32): void {
  const cell = st(0);
  loadA(cell);
  begin();
  compute(kind);
  commit(cell);
}

/** An empty ST(0): the masked response makes it the indefinite. */
function topIsEmpty(): bool {
  if (!isEmpty(0)) return false;
  if (underflow()) {
    markValid(0);
    writeIndefinite(st(0));
  }
  return true;
}

export function arithmetic32(kind: u32, memory: usize): void {
  if (topIsEmpty()) return;
  loadB32(memory);
  intoTop(kind);
}

export function arithmetic64(kind: u32, memory: usize): void {
  if (topIsEmpty()) return;
  loadB64(memory);
  intoTop(kind);
}

export function arithmeticInteger(kind: u32, value: i64): void {
  if (topIsEmpty()) return;
  loadBInteger(value);
  intoTop(kind);
}

/** ST(target) ∘ ST(source) → ST(target); returns whether the instruction completed, so that it may pop. */
export function arithmeticStack(kind: u32, target: u32, source: u32): bool {
  const cell = st(target);
  if (isEmpty(target) || isEmpty(source)) {
    if (!underflow()) return false;
    markValid(target);
    writeIndefinite(cell);
    return true;
  }
  loadB(st(source));
  loadA(cell);
  begin();
  compute(kind);
  return commit(cell);
}

export function arithmeticPop(kind: u32, target: u32): void {
  if (arithmeticStack(kind, target, 0)) pop();
}

/** The square root of A. */
export function computeSquareRoot(): void {
  if (specialOperand()) return;
  if (aKind == ZERO) setZero(aSign);
  else if (aSign) setInvalid();
  else {
    reportDenormalA();
    if (aKind == INFINITE) setInfinity(0);
    else {
      squareRootUnpacked(aExponent, aSignificand);
      roundZ(precision());
    }
  }
}

export function squareRoot(): void {
  if (topIsEmpty()) return;
  const cell = st(0);
  loadA(cell);
  begin();
  computeSquareRoot();
  commit(cell);
}
