import { DE, EXCEPTIONS, IE, PE, ZE, getMxcsr, setMxcsr } from '../fp/state';

/** MXCSR control bits (SDM vol. 1, 10.2.3). */
const DAZ: u32 = 0x40;
const FTZ: u32 = 0x8000;
const MASKS: u32 = 0x1f80;
const MASK_SHIFT: u32 = 7;
const ROUNDING_SHIFT: u32 = 13;

/** Exceptions the instruction under way has met so far, in any element. */
let raised: u32 = 0;

export function beginFloat(): void {
  raised = 0;
}

export function raise(flags: u32): void {
  raised |= flags;
}

/** Exceptions of the current instruction whose handler is enabled, had they all been reported. */
function unmasked(flags: u32): u32 {
  return flags & ~(getMxcsr() >> MASK_SHIFT) & EXCEPTIONS;
}

/**
 * Makes the exceptions met sticky. An unmasked one found before computing (IE, DE, ZE) in any element keeps the
 * others from being looked for (SDM vol. 1, 11.5.2).
 * @returns whether the destination may be written; else the core raises #XM
 */
export function endFloat(): bool {
  const before = raised & (IE | DE | ZE);
  const reported = unmasked(before) ? before : raised;
  setMxcsr(getMxcsr() | reported);
  return unmasked(reported) == 0;
}

export function rounding(): u32 {
  return (getMxcsr() >> ROUNDING_SHIFT) & 3;
}

export function denormalsAreZeros(): bool {
  return (getMxcsr() & DAZ) != 0;
}

export function flushesToZero(): bool {
  return (getMxcsr() & FTZ) != 0;
}

export function isMasked(exception: u32): bool {
  return ((getMxcsr() >> MASK_SHIFT) & exception) != 0;
}

/**
 * Round to nearest, everything masked, no DAZ or FTZ: for ordinary operands and results WebAssembly computes what SSE
 * does, and of the flags only PE can change.
 */
export function defaultControl(): bool {
  return (getMxcsr() & ~EXCEPTIONS) == MASKS;
}

/** {@link defaultControl} with PE set already, so that no flag can change. */
export function defaultAndInexact(): bool {
  return (getMxcsr() & ~(EXCEPTIONS & ~PE)) == (MASKS | PE);
}

/** Whether exactness is of no interest because PE is sticky. */
export function precisionFlagSet(): bool {
  return (getMxcsr() & PE) != 0;
}

/** Sets PE on the fast path, where it is known to be masked. */
export function setPrecisionFlag(): void {
  setMxcsr(getMxcsr() | PE);
}
