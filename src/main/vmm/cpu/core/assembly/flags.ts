import { EFLAGS, EVENT_INTERRUPT, EVENT_MASK, EVENT_STEP, FLAGS_AUX, FLAGS_RESULT } from '../layout';
import {
  FLAG_AC, FLAG_AF, FLAG_CF, FLAG_FIXED, FLAG_IF, FLAG_OF, FLAG_PF, FLAG_SF, FLAG_TF, FLAG_ZF, FLAGS_ARITHMETIC,
} from './state'; // prettier-ignore

/**
 * Arithmetic flags are kept lazily, and without a "kind": the sign-extended result gives ZF, SF and PF, an auxiliary
 * word the rest. Bit 31 of it is CF, bit 30 the carry into the top bit (so OF = bit 31 ^ bit 30), bit 3 AF. Bit 0 is
 * xored into SF and bits 15:8 into the byte PF is computed from, so that POPF can set every combination.
 */
export const AUX_CF: u32 = 1 << 31;
export const AUX_PO: u32 = 1 << 30;
export const AUX_AF: u32 = 1 << 3;
const AUX_CARRIES: u32 = AUX_CF | AUX_PO | AUX_AF;

// @ts-ignore: decorator
@inline export function signExtend<T>(value: T): i64 {
  if (sizeof<T>() == 1) return <i64>(<i8>value);
  if (sizeof<T>() == 2) return <i64>(<i16>value);
  if (sizeof<T>() == 4) return <i64>(<i32>value);
  return <i64>value;
}

/** Result flags, and CF, OF, AF from a vector of the carries out of each bit. */
// @ts-ignore: decorator
@inline export function setFlagsCarries<T>(result: T, carries: T): void {
  store<i64>(FLAGS_RESULT, signExtend<T>(result));
  if (sizeof<T>() == 8) store<u32>(FLAGS_AUX, (<u32>(<u64>carries >>> 32) & (AUX_CF | AUX_PO)) | (<u32>carries & AUX_AF));
  else if (sizeof<T>() == 4) store<u32>(FLAGS_AUX, <u32>carries & AUX_CARRIES);
  else {
    const shift = 32 - sizeof<T>() * 8;
    store<u32>(FLAGS_AUX, ((<u32>carries << shift) & (AUX_CF | AUX_PO)) | (<u32>carries & AUX_AF));
  }
}

/** Result flags with CF = OF = AF = 0. */
// @ts-ignore: decorator
@inline export function setFlagsLogic<T>(result: T): void {
  store<i64>(FLAGS_RESULT, signExtend<T>(result));
  store<u32>(FLAGS_AUX, 0);
}

/** Result flags, and the auxiliary word. */
// @ts-ignore: decorator
@inline export function setFlagsCells<T>(result: T, aux: u32): void {
  store<i64>(FLAGS_RESULT, signExtend<T>(result));
  store<u32>(FLAGS_AUX, aux);
}

/** Result flags, CF and OF given (0 or 1), AF cleared. */
// @ts-ignore: decorator
@inline export function setFlagsShift<T>(result: T, cf: u32, overflow: u32): void {
  store<i64>(FLAGS_RESULT, signExtend<T>(result));
  store<u32>(FLAGS_AUX, (cf << 31) | ((cf ^ overflow) << 30));
}

// @ts-ignore: decorator
@inline export function getCF(): u32 { return load<u32>(FLAGS_AUX) >>> 31; }
// @ts-ignore: decorator
@inline export function getOF(): u32 { const aux = load<u32>(FLAGS_AUX); return (aux ^ (aux << 1)) >>> 31; }
// @ts-ignore: decorator
@inline export function getZF(): bool { return load<i64>(FLAGS_RESULT) == 0; }
// @ts-ignore: decorator
@inline export function getSF(): u32 { return <u32>(load<u64>(FLAGS_RESULT) >>> 63) ^ (load<u32>(FLAGS_AUX) & 1); }
// @ts-ignore: decorator
@inline export function getPF(): u32 {
  const byte = (load<u32>(FLAGS_RESULT) ^ (load<u32>(FLAGS_AUX) >>> 8)) & 0xff;
  return (popcnt<u32>(byte) & 1) ^ 1;
}
// @ts-ignore: decorator
@inline export function getAF(): u32 { return (load<u32>(FLAGS_AUX) >>> 3) & 1; }

// Conditions in the order of the low opcode bits (SDM vol. 1, appendix B); the odd ones are negations.
// @ts-ignore: decorator
@inline export function condition0(): bool { return <i32>getOF() != 0; }
// @ts-ignore: decorator
@inline export function condition2(): bool { return <i32>load<u32>(FLAGS_AUX) < 0; }
// @ts-ignore: decorator
@inline export function condition4(): bool { return getZF(); }
// @ts-ignore: decorator
@inline export function condition6(): bool { return condition2() || getZF(); }
// @ts-ignore: decorator
@inline export function condition8(): bool { return getSF() != 0; }
// @ts-ignore: decorator
@inline export function condition10(): bool { return getPF() != 0; }
// @ts-ignore: decorator
@inline export function condition12(): bool { return getSF() != getOF(); }
// @ts-ignore: decorator
@inline export function condition14(): bool { return condition12() || getZF(); }

export function setCF(on: bool): void {
  const overflow = getOF();
  const cf: u32 = on ? 1 : 0;
  store<u32>(FLAGS_AUX, (load<u32>(FLAGS_AUX) & ~(AUX_CF | AUX_PO)) | (cf << 31) | ((cf ^ overflow) << 30));
}

/** CF, PF, AF, ZF, SF, OF as EFLAGS bits. */
export function arithmeticFlags(): u32 {
  return getCF() | (getPF() << 2) | (getAF() << 4) | ((getZF() ? 1 : 0) << 6) | (getSF() << 7) | (getOF() << 11);
}

/** Sets all six from EFLAGS bits. */
export function setArithmeticFlags(flags: u32): void {
  const zero = (flags & FLAG_ZF) != 0;
  const sign: u32 = flags & FLAG_SF ? 1 : 0;
  const parity: u32 = flags & FLAG_PF ? 1 : 0;
  // Result 0 has even parity, result 1 odd: the delta byte turns either into what is asked for.
  const delta: u32 = zero ? parity ^ 1 : parity;
  const cf: u32 = flags & FLAG_CF ? 1 : 0;
  const overflow: u32 = flags & FLAG_OF ? 1 : 0;
  const af: u32 = flags & FLAG_AF ? AUX_AF : 0;
  store<i64>(FLAGS_RESULT, zero ? 0 : 1);
  store<u32>(FLAGS_AUX, (cf << 31) | ((cf ^ overflow) << 30) | af | (delta << 8) | sign);
}

/** Replaces the arithmetic flags named in `mask`. */
export function updateArithmeticFlags(flags: u32, mask: u32): void {
  setArithmeticFlags((arithmeticFlags() & ~mask) | (flags & mask));
}

export function getFlags(): u32 {
  return load<u32>(EFLAGS) | arithmeticFlags() | FLAG_FIXED;
}

/** Sets every flag; the caller has already applied privilege rules. */
export function setFlags(flags: u32): void {
  setArithmeticFlags(flags);
  setSystemFlags(flags & ~(FLAGS_ARITHMETIC | FLAG_FIXED));
}

/** Sets the flags that are not arithmetic, and what hangs on them: delivery of interrupts and single-stepping. */
export function setSystemFlags(flags: u32): void {
  const changed = load<u32>(EFLAGS) ^ flags;
  store<u32>(EFLAGS, flags);
  if (changed & (FLAG_IF | FLAG_TF)) updateEventMask();
  if (changed & FLAG_AC) alignmentFlagChanged();
}

import { alignmentFlagChanged } from './privilege';
import { stepArmed } from './debug';
import { NMI_MASKED, EVENT_EXIT, EVENT_NMI, EVENTS } from '../layout';

/** Brings EVENT_MASK and the step event in line with IF, TF, the debug registers and NMI blocking. */
export function updateEventMask(): void {
  const flags = load<u32>(EFLAGS);
  let mask: u32 = EVENT_EXIT | EVENT_STEP;
  if (flags & FLAG_IF) mask |= EVENT_INTERRUPT;
  if (!load<u32>(NMI_MASKED)) mask |= EVENT_NMI;
  store<u32>(EVENT_MASK, mask);
  const events = load<u32>(EVENTS) & ~EVENT_STEP;
  store<u32>(EVENTS, stepArmed(flags) ? events | EVENT_STEP : events);
}
