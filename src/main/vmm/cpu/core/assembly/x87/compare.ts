import { C0, C1, C2, C3, CONDITION_CODES, IE, getFsw, setFsw } from '../fp/state';
import { FLAG_CF, FLAG_PF, FLAG_ZF, setSimdFlags } from '../simd/results';
import { FINITE, INFINITE, QNAN, SNAN, UNSUPPORTED, ZERO } from '../softfloat/unpacked';
import { begin, conclude, concludeQuietly, raise } from './extended';
import {
  aExponent, aKind, aSign, aSignificand, bExponent, bKind, bSign, bSignificand, loadA, loadB, loadB32, loadB64, loadBInteger,
  loadBZero, reportDenormals,
} from './operands'; // prettier-ignore
import { isEmpty, pop, signExponentOf, significandOf, st, underflow } from './stack';

/** FCOM, FUCOM, FCOMI, FTST and FXAM (SDM vol. 1, 8.3.6; vol. 2). */

const LESS: i32 = -1;
const EQUAL: i32 = 0;
const GREATER: i32 = 1;
const UNORDERED: i32 = 2;

/** How FCOM signals: for every NaN, or like FUCOM for signaling ones only. */
export const SIGNALING: bool = false;
export const QUIET: bool = true;

export function setConditions(codes: u32): void {
  setFsw((getFsw() & ~CONDITION_CODES) | codes);
}

function magnitudeOrder(): i32 {
  if (aKind != bKind) {
    if (aKind == ZERO || bKind == INFINITE) return LESS;
    return GREATER;
  }
  if (aKind != FINITE) return EQUAL;
  if (aExponent != bExponent) return aExponent < bExponent ? LESS : GREATER;
  return aSignificand < bSignificand ? LESS : aSignificand > bSignificand ? GREATER : EQUAL;
}

/** C3, C2, C0 of A against B, raising what the comparison raises. */
export function conditions(quiet: bool): u32 {
  return conditionsOf(order(quiet));
}

/** A against B, raising what the comparison raises. */
function order(quiet: bool): i32 {
  const invalid = aKind == UNSUPPORTED || bKind == UNSUPPORTED || aKind == SNAN || bKind == SNAN;
  if (invalid || aKind == QNAN || bKind == QNAN) {
    if (invalid || !quiet) raise(IE);
    return UNORDERED;
  }
  reportDenormals();
  if (aKind == ZERO && bKind == ZERO) return EQUAL;
  // A zero has no sign of its own here: the other operand's decides.
  const negativeA = aKind == ZERO ? !bSign : aSign != 0;
  const negativeB = bKind == ZERO ? !aSign : bSign != 0;
  if (negativeA != negativeB) return negativeA ? LESS : GREATER;
  const magnitude = magnitudeOrder();
  return negativeA ? 0 - magnitude : magnitude;
}

function conditionsOf(result: i32): u32 {
  return result == UNORDERED ? C3 | C2 | C0 : result == EQUAL ? C3 : result == LESS ? C0 : 0;
}

/** Compares A with B into C3, C2, C0, even if an exception is unmasked; returns whether the instruction may pop. */
function compareIntoConditions(quiet: bool): bool {
  begin();
  setConditions(conditionsOf(order(quiet)));
  return conclude();
}

/** Stack underflow in a comparison: unordered. */
function underflowUnordered(): bool {
  setConditions(C3 | C2 | C0);
  return underflow();
}

export function compareStack(i: u32, quiet: bool): bool {
  if (isEmpty(0) || isEmpty(i)) return underflowUnordered();
  loadA(st(0));
  loadB(st(i));
  return compareIntoConditions(quiet);
}

export function compare32(memory: usize): bool {
  if (isEmpty(0)) return underflowUnordered();
  loadA(st(0));
  loadB32(memory);
  return compareIntoConditions(SIGNALING);
}

export function compare64(memory: usize): bool {
  if (isEmpty(0)) return underflowUnordered();
  loadA(st(0));
  loadB64(memory);
  return compareIntoConditions(SIGNALING);
}

export function compareInteger(value: i64): bool {
  if (isEmpty(0)) return underflowUnordered();
  loadA(st(0));
  loadBInteger(value);
  return compareIntoConditions(SIGNALING);
}

export function test(): void {
  if (isEmpty(0)) {
    underflowUnordered();
    return;
  }
  loadA(st(0));
  loadBZero();
  compareIntoConditions(SIGNALING);
}

export function popIf(completed: bool): void {
  if (completed) pop();
}

export function popTwiceIf(completed: bool): void {
  if (!completed) return;
  pop();
  pop();
}

/** FCOMI and kin: ZF, PF, CF through simdFlags, even if an exception is unmasked. C1 stays. Returns whether to pop. */
export function compareIntoFlags(i: u32, quiet: bool): bool {
  if (isEmpty(0) || isEmpty(i)) {
    setSimdFlags(FLAG_ZF | FLAG_PF | FLAG_CF);
    return underflow();
  }
  loadA(st(0));
  loadB(st(i));
  begin();
  const result = order(quiet);
  setSimdFlags(
    result == UNORDERED ? FLAG_ZF | FLAG_PF | FLAG_CF : result == EQUAL ? FLAG_ZF : result == LESS ? FLAG_CF : 0,
  );
  return concludeQuietly();
}

/** FXAM: C1 the sign, C3 C2 C0 the class (SDM vol. 2, table 3-42); an empty register is a class too. */
export function examine(): void {
  const cell = st(0);
  setConditions((signExponentOf(cell) & 0x8000 ? C1 : 0) | classOf(cell));
}

function classOf(cell: usize): u32 {
  if (isEmpty(0)) return C3 | C0;
  const exponent = signExponentOf(cell) & 0x7fff;
  const significand = significandOf(cell);
  if (exponent == 0) return significand == 0 ? C3 : C3 | C2;
  if ((significand >> 63) == 0) return 0;
  if (exponent != 0x7fff) return C2;
  return significand << 1 == 0 ? C2 | C0 : C0;
}
