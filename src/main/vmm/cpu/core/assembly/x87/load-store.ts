import { DE, IE, OE, PE, UE } from '../fp/state';
import { encode, indefinite, infinity, largest, maximum, minimum, precision, quietBit, withSign } from '../softfloat/format';
import { carried, inexact, overflowsToFinite, roundDenormal, roundSignificand, tinyAfterRounding } from '../softfloat/rounding';
import { INFINITE, QNAN, SNAN, UNSUPPORTED, ZERO, uDenormal, uExponent, uKind, uSign, uSignificand, unpack32, unpack64 } from '../softfloat/unpacked';
import { EXPONENT_FIELD, QUIET, begin, conclude, concludeStore, isMasked, noteAway, noteRounding, raise, roundingMode } from './extended';
import { aExponent, aKind, aSign, aSignificand, loadA } from './operands';
import { isEmpty, markValid, pop, push, roomToPush, setC1, signal, significandOf, signExponentOf, st, underflow, writeCell, writeIndefinite } from './stack';

/** FLD, FST(P), FXCH, FCMOVcc, FCHS, FABS (SDM vol. 1, 8.3.3 and 8.3.4). */

/** Pushes the datum last unpacked, a single or double: every value is exact, but NaNs and denormals are reported. */
function pushUnpacked(): void {
  if (!roomToPush()) return;
  begin();
  if (uKind == SNAN) raise(IE);
  if (!conclude()) return;
  // Reported, but even unmasked it does not keep the register from being loaded.
  if (uDenormal) signal(DE);
  const sign = uSign << 15;
  if (uKind == ZERO) push(sign, 0);
  else if (uKind == SNAN) push(sign | EXPONENT_FIELD, uSignificand | QUIET);
  else push(sign | <u32>uExponent, uSignificand);
}

export function load32(memory: usize): void {
  unpack32(load<u32>(memory));
  pushUnpacked();
}

export function load64(memory: usize): void {
  unpack64(load<u64>(memory));
  pushUnpacked();
}

/** Without looking at what it is. */
export function load80(memory: usize): void {
  if (!roomToPush()) return;
  setC1(false);
  push(<u32>load<u16>(memory, 8), load<u64>(memory));
}

export function loadStack(i: u32): void {
  if (isEmpty(i)) {
    if (underflow()) {
      push(0, 0);
      writeIndefinite(st(0));
    }
    return;
  }
  if (!roomToPush()) return;
  setC1(false);
  const cell = st(i);
  push(signExponentOf(cell), significandOf(cell));
}

/** ST(0) rounded to T, the masked responses included. Returns whether the store may happen. */
function storeRounded<T>(memory: usize): bool {
  if (isEmpty(0)) {
    if (!underflow()) return false;
    store<T>(memory, indefinite<T>());
    return true;
  }
  loadA(st(0));
  begin();
  const value = narrowed<T>();
  if (!concludeStore()) return false;
  store<T>(memory, value);
  return true;
}

/** A rounded to T. */
export function narrowed<T>(): T {
  switch (aKind) {
    case ZERO:
      return withSign<T>(aSign, 0);
    case INFINITE:
      return withSign<T>(aSign, infinity<T>());
    case UNSUPPORTED:
      raise(IE);
      return indefinite<T>();
    case SNAN:
    case QNAN:
      if (aKind == SNAN) raise(IE);
      return withSign<T>(aSign, infinity<T>() | quietBit<T>() | <T>((aSignificand << 1) >> (65 - precision<T>())));
    default:
      return narrowedFinite<T>();
  }
}

function narrowedFinite<T>(): T {
  const mode = roundingMode();
  const bits = precision<T>();
  let significand: u64;
  let exponent = aExponent;
  if (exponent < minimum<T>()) {
    const tiny = tinyAfterRounding(aSign, exponent, aSignificand, 0, bits, minimum<T>(), mode);
    significand = roundDenormal(aSign, exponent, aSignificand, 0, bits, minimum<T>(), mode);
    noteRounding();
    if (tiny && (inexact || !isMasked(UE))) raise(UE);
    // Its top bit is the exponent field: 0 if denormal, 1 if rounded up to the smallest normal number.
    return withSign<T>(aSign, <T>(significand >> (64 - bits)));
  }
  significand = roundSignificand(aSign, aSignificand, 0, bits, mode);
  exponent += carried;
  if (exponent <= maximum<T>()) {
    noteRounding();
    return withSign<T>(aSign, encode<T>(exponent, significand));
  }
  const finite = overflowsToFinite(aSign, mode);
  raise(OE | PE);
  noteAway(!finite);
  return withSign<T>(aSign, finite ? largest<T>() : infinity<T>());
}

export function store32(memory: usize): bool {
  return storeRounded<u32>(memory);
}

export function store64(memory: usize): bool {
  return storeRounded<u64>(memory);
}

export function store80(memory: usize): bool {
  if (isEmpty(0)) {
    if (!underflow()) return false;
    writeIndefinite(memory);
    return true;
  }
  setC1(false);
  writeCell(memory, signExponentOf(st(0)), significandOf(st(0)));
  return true;
}

/** FSTP by its alias D9 D8+i ("FSTPNCE"): an empty ST(0) is no exception. */
export function storeUncheckedAndPop(i: u32): void {
  if (!isEmpty(0)) storeStack(i);
  else setC1(false);
  pop();
}

/** FST(P) to a register. Returns whether it happened. */
export function storeStack(i: u32): bool {
  const target = st(i);
  if (isEmpty(0)) {
    if (!underflow()) return false;
    writeIndefinite(target);
  } else {
    setC1(false);
    writeCell(target, signExponentOf(st(0)), significandOf(st(0)));
  }
  markValid(i);
  return true;
}

export function popAfter(stored: bool): bool {
  if (stored) pop();
  return stored;
}

export function exchange(i: u32): void {
  if (isEmpty(0) || isEmpty(i)) {
    if (!underflow()) return;
    if (isEmpty(0)) writeIndefinite(st(0));
    if (isEmpty(i)) writeIndefinite(st(i));
    markValid(0);
    markValid(i);
  } else setC1(false);
  const a = st(0);
  const b = st(i);
  const signExponent = signExponentOf(a);
  const significand = significandOf(a);
  writeCell(a, signExponentOf(b), significandOf(b));
  writeCell(b, signExponent, significand);
}

export function moveIf(condition: bool, i: u32): void {
  if (isEmpty(0) || isEmpty(i)) {
    if (underflow()) {
      markValid(0);
      writeIndefinite(st(0));
    }
    return;
  }
  if (condition) writeCell(st(0), signExponentOf(st(i)), significandOf(st(i)));
}

function replaceSign(clear: u32, flip: u32): void {
  const cell = st(0);
  if (isEmpty(0)) {
    if (underflow()) {
      markValid(0);
      writeIndefinite(cell);
    }
    return;
  }
  setC1(false);
  store<u16>(cell, <u16>((signExponentOf(cell) & ~clear) ^ flip), 8);
}

export function changeSign(): void {
  replaceSign(0, 0x8000);
}

export function absolute(): void {
  replaceSign(0x8000, 0);
}
