import { DE, IE } from '../fp/state';
import { QNAN, SNAN, UNSUPPORTED, uDenormal, uExponent, uKind, uSign, uSignificand, unpack32, unpack64, unpack80 } from '../softfloat/unpacked';
import { EXPONENT_FIELD, QUIET, raise, setInvalid, setResult } from './extended';
import { signExponentOf, significandOf } from './stack';

/** The two operands of an x87 operation, unpacked. */
export let aKind: u32 = 0;
export let aSign: u32 = 0;
export let aExponent: i32 = 0;
export let aSignificand: u64 = 0;
let aDenormal: bool = false;

export let bKind: u32 = 0;
export let bSign: u32 = 0;
export let bExponent: i32 = 0;
export let bSignificand: u64 = 0;
let bDenormal: bool = false;

function takeA(): void {
  aKind = uKind;
  aSign = uSign;
  aExponent = uExponent;
  aSignificand = uSignificand;
  aDenormal = uDenormal;
}

function takeB(): void {
  bKind = uKind;
  bSign = uSign;
  bExponent = uExponent;
  bSignificand = uSignificand;
  bDenormal = uDenormal;
}

export function loadA(cell: usize): void {
  unpack80(signExponentOf(cell), significandOf(cell));
  takeA();
}

export function loadB(cell: usize): void {
  unpack80(signExponentOf(cell), significandOf(cell));
  takeB();
}

/** A from a significand and a sign and exponent. */
export function setA(significand: u64, signExponent: u32): void {
  unpack80(signExponent, significand);
  takeA();
}

export function setB(significand: u64, signExponent: u32): void {
  unpack80(signExponent, significand);
  takeB();
}

export function loadB32(memory: usize): void {
  unpack32(load<u32>(memory));
  takeB();
}

export function loadB64(memory: usize): void {
  unpack64(load<u64>(memory));
  takeB();
}

export function loadBInteger(value: i64): void {
  const sign = u32(value < 0);
  const magnitude = <u64>(sign ? 0 - value : value);
  const shift = clz(magnitude);
  unpack80(magnitude == 0 ? 0 : (sign << 15) | <u32>(0x403e - shift), magnitude == 0 ? 0 : magnitude << shift);
  takeB();
}

/** FTST and the one-operand routines compare or pair with +0. */
export function loadBZero(): void {
  unpack80(0, 0);
  takeB();
}

export function swapOperands(): void {
  const kind = aKind;
  const sign = aSign;
  const exponent = aExponent;
  const significand = aSignificand;
  const denormal = aDenormal;
  aKind = bKind;
  aSign = bSign;
  aExponent = bExponent;
  aSignificand = bSignificand;
  aDenormal = bDenormal;
  bKind = kind;
  bSign = sign;
  bExponent = exponent;
  bSignificand = significand;
  bDenormal = denormal;
}

function isNaNKind(kind: u32): bool {
  return kind == QNAN || kind == SNAN;
}

/** Reports denormal operands; only once it is known that neither a NaN nor an invalid combination comes first. */
export function reportDenormals(): void {
  if (aDenormal || bDenormal) raise(DE);
}

export function reportDenormalA(): void {
  if (aDenormal) raise(DE);
}

/**
 * Unsupported encodings and NaNs (SDM vol. 1, table 4-7): a signaling one is invalid; of a signaling and a quiet NaN the
 * quiet one is the result, of two alike the one with the larger significand. Returns whether the result is settled.
 */
export function specialOperands(): bool {
  if (aKind == UNSUPPORTED || bKind == UNSUPPORTED) {
    setInvalid();
    return true;
  }
  if (!isNaNKind(aKind) && !isNaNKind(bKind)) return false;
  if (aKind == SNAN || bKind == SNAN) raise(IE);
  if (chooseA()) setResult(aSign, EXPONENT_FIELD, aSignificand | QUIET);
  else setResult(bSign, EXPONENT_FIELD, bSignificand | QUIET);
  return true;
}

function chooseA(): bool {
  if (!isNaNKind(bKind)) return true;
  if (!isNaNKind(aKind)) return false;
  if (aKind != bKind) return aKind == QNAN;
  if (aSignificand != bSignificand) return aSignificand > bSignificand;
  return aSign < bSign;
}

/** The same for one operand, A. */
export function specialOperand(): bool {
  if (aKind == UNSUPPORTED) {
    setInvalid();
    return true;
  }
  if (!isNaNKind(aKind)) return false;
  if (aKind == SNAN) raise(IE);
  setResult(aSign, EXPONENT_FIELD, aSignificand | QUIET);
  return true;
}
