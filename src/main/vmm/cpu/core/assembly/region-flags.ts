import { EFLAGS, EVENT_INTERRUPT, EVENT_MASK, EVENTS } from '../layout';
import { getFlags, setFlags, setSystemFlags } from './flags';
import { castShadow } from './loop';
import { popWritable } from './ops/stack';
import { cpl, FLAG_AC, FLAG_FIXED, FLAG_IF, FLAG_RF, FLAG_TF, FLAG_VM, FLAGS_ARITHMETIC, iopl } from './state';

/**
 * Flags of EFLAGS as regions change them, which are in protected mode and not in virtual-8086 mode. Answers are 0 where
 * the interpreter must execute the instruction instead, because it faults or because something wants attention behind it.
 */

/** Whether something is pending, or would be if interrupts were enabled. */
function pendingWithInterrupts(): bool {
  return (load<u32>(EVENTS) & (load<u32>(EVENT_MASK) | EVENT_INTERRUPT)) != 0;
}

/** STI in front of the instruction at `next`. */
export function enableInterrupts(next: u64): u32 {
  if (cpl() > iopl()) return 0;
  const flags = load<u32>(EFLAGS);
  if (flags & FLAG_IF) return 1;
  if (pendingWithInterrupts()) return 0;
  setSystemFlags(flags | FLAG_IF);
  castShadow(1, next);
  return 1;
}

/** What PUSHF pushes. */
export function flagsImage(): u32 {
  return getFlags() & ~(FLAG_VM | FLAG_RF);
}

/** POPF of 32 or 64 bits. */
export function replaceFlags(value: u32): u32 {
  const old = load<u32>(EFLAGS);
  const writable = popWritable();
  const next = ((old & ~writable) | (value & writable)) & ~(FLAG_RF | FLAGS_ARITHMETIC | FLAG_FIXED);
  const changed = old ^ next;
  if ((next | old) & FLAG_TF || changed & FLAG_AC) return 0;
  if (changed & next & FLAG_IF && pendingWithInterrupts()) return 0;
  setFlags(next | (value & FLAGS_ARITHMETIC));
  return 1;
}

/** STAC, CLAC at CPL 0. */
export function setAlignmentFlag(on: bool): void {
  const flags = load<u32>(EFLAGS) & ~FLAG_AC;
  setSystemFlags(on ? flags | FLAG_AC : flags);
}
