import {
  C1, ES, BUSY, EXCEPTIONS, IE, SF, TOP_FIELD, TOP_SHIFT, X87_CELLS, getFcw, getFsw, getValid, setFsw, setValid,
} from '../fp/state'; // prettier-ignore

/** The register stack and the exception bits (SDM vol. 1, 8.1). Registers are cells: significand u64, sign/exponent u16. */

const INDEFINITE_SIGN_EXPONENT: u32 = 0xffff;
const INDEFINITE_SIGNIFICAND: u64 = 0xc000_0000_0000_0000;

export function top(): u32 {
  return (getFsw() & TOP_FIELD) >> TOP_SHIFT;
}

export function setTop(value: u32): void {
  setFsw((getFsw() & ~TOP_FIELD) | ((value & 7) << TOP_SHIFT));
}

/** Cell of ST(i). */
export function st(i: u32): usize {
  return X87_CELLS + ((<usize>((top() + i) & 7)) << 4);
}

export function isEmpty(i: u32): bool {
  return ((getValid() >> ((top() + i) & 7)) & 1) == 0;
}

export function markValid(i: u32): void {
  setValid(getValid() | (1 << ((top() + i) & 7)));
}

export function markEmpty(i: u32): void {
  setValid(getValid() & ~(1 << ((top() + i) & 7)));
}

export function pop(): void {
  markEmpty(0);
  setTop(top() + 1);
}

export function signExponentOf(cell: usize): u32 {
  return load<u16>(cell, 8);
}

export function significandOf(cell: usize): u64 {
  return load<u64>(cell);
}

export function writeCell(cell: usize, signExponent: u32, significand: u64): void {
  store<u64>(cell, significand);
  store<u64>(cell, <u64>signExponent, 8);
}

/** "Real indefinite": the quiet NaN of a masked invalid operation. */
export function writeIndefinite(cell: usize): void {
  writeCell(cell, INDEFINITE_SIGN_EXPONENT, INDEFINITE_SIGNIFICAND);
}

/** Decrements TOP and fills the new ST(0). */
export function push(signExponent: u32, significand: u64): void {
  setTop(top() - 1);
  markValid(0);
  writeCell(st(0), signExponent, significand);
}

/** Makes FSW.ES and B say whether any exception flag is set whose mask is clear. */
export function updateSummary(): void {
  const fsw = getFsw();
  setFsw(fsw & ~getFcw() & EXCEPTIONS ? fsw | ES | BUSY : fsw & ~(ES | BUSY));
}

/** Sets sticky exception flags. Returns those among them that are unmasked. */
export function signal(flags: u32): u32 {
  setFsw(getFsw() | flags);
  const unmasked = flags & ~getFcw() & EXCEPTIONS;
  if (unmasked) setFsw(getFsw() | ES | BUSY);
  return unmasked;
}

export function setC1(value: bool): void {
  setFsw(value ? getFsw() | C1 : getFsw() & ~C1);
}

/** Stack underflow (an operand is empty): IE and SF, C1 clear. Returns whether the masked response is wanted. */
export function underflow(): bool {
  setC1(false);
  return signal(IE | SF) == 0;
}

/** Stack overflow (the register to be pushed into is in use): IE and SF, C1 set. */
export function overflow(): bool {
  setC1(true);
  return signal(IE | SF) == 0;
}

/** Reports a push onto a full register, whose masked response is to push the indefinite. Returns true if there is room. */
export function roomToPush(): bool {
  if (isEmpty(7)) return true;
  if (overflow()) {
    push(INDEFINITE_SIGN_EXPONENT, INDEFINITE_SIGNIFICAND);
  }
  return false;
}
