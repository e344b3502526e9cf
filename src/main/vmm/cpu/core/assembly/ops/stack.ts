import { deliverOpFault, raise } from '../exceptions';
import { FLAG_VISIBLE } from './flags';
import { getFlags, setFlags } from '../flags';
import { takeRefused } from '../walk';
import {
  commit, hostPointer, linear, misses, readEntry, readPointer, rmRead, rmStore, rmWrite, writeEntry, writePointer,
} from '../memory'; // prettier-ignore
import {
  ATTR_DB, cellA, codeMode, cpl, FLAG_IF, FLAG_IOPL, FLAG_RF, FLAG_VIF, FLAG_VIP, FLAG_VM, GP, iopl, nextOp, opDisp, opImm,
  protectedMode, putReg, putRegister, RBP, reg64, RSP, segAttributes, setFault, SS_FAULT, setReg16, setReg32, setReg64, SS,
  virtual8086,
} from '../state'; // prettier-ignore
import { EA_MASK } from '../../layout';

/** The stack (SDM vol. 1, chapter 6). */

/** And-mask of the stack pointer: 64 bits in 64-bit mode, else by SS.B. */
export function stackMask(): u64 {
  if (codeMode() & 2) return load<u64>(EA_MASK);
  return segAttributes(SS) & ATTR_DB ? 0xffff_ffff : 0xffff;
}

/** Stores a stack pointer of the current width. */
export function setStackPointer(value: u64, mask: u64): void {
  if (mask == 0xffff) setReg16(RSP, <u32>value);
  else setReg64(RSP, value & mask);
}

/** Linear address of a stack slot. */
export function stackAddress<T>(offset: u64, write: bool): u64 {
  return codeMode() & 2 ? offset : linear(SS, offset, sizeof<T>(), write);
}

/** Whether the stack is flat: in 64-bit mode, and in 32-bit mode with flat segments. */
// @ts-ignore: decorator
@inline export function flatStack<T>(): bool { return sizeof<T>() == 8 || (codeMode() & 2) != 0; }

/** Pushes on a flat stack; false with the fault noted and nothing changed. */
// @ts-ignore: decorator
@inline export function pushFlat<T>(value: T): bool {
  const pointer = (reg64(RSP) - sizeof<T>()) & load<u64>(EA_MASK);
  const p = noted(writePointer<T>(pointer));
  if (!p) return false;
  store<T>(p, value);
  commit(p);
  setReg64(RSP, pointer);
  return true;
}

/** Pushes on a flat stack that the TLB knows; false with nothing done, not even a fault noted, if it is no such. */
// @ts-ignore: decorator
@inline export function tryPush<T>(value: T): bool {
  if (!flatStack<T>()) return false;
  const at = (reg64(RSP) - sizeof<T>()) & load<u64>(EA_MASK);
  const entry = writeEntry(at);
  if (misses<T>(entry, at)) return false;
  store<T>(hostPointer(entry, at), value);
  setReg64(RSP, at);
  return true;
}
/** The same for popping to a register. */
// @ts-ignore: decorator
@inline export function tryPop<T>(slot: usize): bool {
  if (!flatStack<T>()) return false;
  const at = reg64(RSP) & load<u64>(EA_MASK);
  const entry = readEntry(at);
  if (misses<T>(entry, at)) return false;
  const value = load<T>(hostPointer(entry, at));
  dropFlat(sizeof<T>());
  putRegister<T>(slot, value);
  return true;
}

/** Pushes; false with the fault noted and nothing changed. */
export function push<T>(value: T): bool {
  if (flatStack<T>()) return pushFlat<T>(value);
  const mask = stackMask();
  const pointer = (reg64(RSP) - sizeof<T>()) & mask;
  const p = noted(writePointer<T>(stackAddress<T>(pointer, true)));
  if (!p) return false;
  store<T>(p, value);
  commit(p);
  setStackPointer(pointer, mask);
  return true;
}

/** Host pointer to the top slot of a flat stack; 0 with the fault noted. */
// @ts-ignore: decorator
@inline export function topFlat<T>(): usize { return noted(readPointer<T>(reg64(RSP) & load<u64>(EA_MASK))); }
// @ts-ignore: decorator
@inline export function dropFlat(bytes: u32): void { setReg64(RSP, (reg64(RSP) + bytes) & load<u64>(EA_MASK)); }

/** Host pointer to the stack slot `depth` bytes above the top; 0 with the fault noted. */
export function peek<T>(depth: u32): usize {
  return stackRead<T>((reg64(RSP) + depth) & stackMask());
}

/** A host pointer to the stack as it is; if it is 0 for an address that is not canonical, the fault is #SS. */
function noted(pointer: usize): usize {
  if (!pointer && takeRefused() != u64.MAX_VALUE) setFault(SS_FAULT, 0);
  return pointer;
}

/** Host pointer to an offset of the stack for reading; 0 with the fault noted, which is the stack's. */
function stackRead<T>(offset: u64): usize {
  return noted(readPointer<T>(stackAddress<T>(offset, false)));
}

export function dropStack(bytes: u32): void {
  const mask = stackMask();
  setStackPointer((reg64(RSP) + bytes) & mask, mask);
}

export function pushRegister<T>(op: usize): usize {
  if (flatStack<T>()) return pushFlat<T>(load<T>(cellA(op))) ? nextOp(op) : deliverOpFault(op);
  return push<T>(load<T>(cellA(op))) ? nextOp(op) : deliverOpFault(op);
}
export function pushImmediate<T>(op: usize): usize {
  return push<T>(<T>opImm(op)) ? nextOp(op) : deliverOpFault(op);
}
export function pushOperand<T>(op: usize): usize {
  const p = rmRead<T>(op);
  return p && push<T>(load<T>(p)) ? nextOp(op) : deliverOpFault(op);
}
/** A 32-bit push of a segment register writes only 16 bits, as processors do (SDM vol. 2, PUSH). */
export function pushSegmentRegister<T>(op: usize, sel: u32): usize {
  if (sizeof<T>() != 4) return push<T>(<T>sel) ? nextOp(op) : deliverOpFault(op);
  const mask = stackMask();
  const pointer = (reg64(RSP) - 4) & mask;
  const p = noted(writePointer<u16>(stackAddress<u16>(pointer, true)));
  if (!p) return deliverOpFault(op);
  store<u16>(p, sel);
  commit(p);
  setStackPointer(pointer, mask);
  return nextOp(op);
}
export function popRegister<T>(op: usize): usize {
  if (flatStack<T>()) {
    const top = topFlat<T>();
    if (!top) return deliverOpFault(op);
    const popped = load<T>(top);
    dropFlat(sizeof<T>());
    putReg<T>(cellA(op), popped);
    return nextOp(op);
  }
  const p = peek<T>(0);
  if (!p) return deliverOpFault(op);
  const value = load<T>(p);
  dropStack(sizeof<T>());
  putReg<T>(cellA(op), value);
  return nextOp(op);
}
/** POP to memory addresses its operand with the stack pointer already moved (SDM vol. 2, POP). */
export function popOperand<T>(op: usize): usize {
  const p = peek<T>(0);
  if (!p) return deliverOpFault(op);
  const value = load<T>(p);
  const before = reg64(RSP);
  dropStack(sizeof<T>());
  const target = rmWrite<T>(op);
  if (!target) {
    setReg64(RSP, before);
    return deliverOpFault(op);
  }
  rmStore<T>(op, target, value);
  return nextOp(op);
}

export function pushAll<T>(op: usize): usize {
  const pointer = reg64(RSP);
  for (let i: u32 = 0; i < 8; i++) {
    const value = i == RSP ? <T>pointer : <T>reg64(i);
    if (!push<T>(value)) {
      setReg64(RSP, pointer);
      return deliverOpFault(op);
    }
  }
  return nextOp(op);
}
export function popAll<T>(op: usize): usize {
  const before = reg64(RSP);
  for (let i: u32 = 0; i < 8; i++) {
    const p = peek<T>(0);
    if (!p) {
      // What has been popped stays popped, but for the stack pointer.
      setReg64(RSP, before);
      return deliverOpFault(op);
    }
    const value = load<T>(p);
    dropStack(sizeof<T>());
    const index: u32 = 7 - i;
    if (index == RSP) continue;
    if (sizeof<T>() == 2) setReg16(index, <u32>value);
    else setReg32(index, <u32>value);
  }
  return nextOp(op);
}

export function leave<T>(op: usize): usize {
  const mask = stackMask();
  const frame = reg64(RBP) & mask;
  const p = stackRead<T>(frame);
  if (!p) return deliverOpFault(op);
  const value = load<T>(p);
  setStackPointer((frame + sizeof<T>()) & mask, mask);
  if (sizeof<T>() == 2) setReg16(RBP, <u32>value);
  else setReg64(RBP, <u64>value);
  return nextOp(op);
}

export function enter<T>(op: usize): usize {
  const before = reg64(RSP);
  const level = <u32>opImm(op) & 31;
  const mask = stackMask();
  if (!push<T>(<T>reg64(RBP))) return deliverOpFault(op);
  // On a 16-bit stack too, all of the pointer is counted down.
  const frame = before - sizeof<T>();
  if (level) {
    let from = reg64(RBP);
    for (let i: u32 = 1; i < level; i++) {
      from -= sizeof<T>();
      const p = stackRead<T>(from & mask);
      if (!p || !push<T>(load<T>(p))) return undoEnter(op, before);
    }
    if (!push<T>(<T>frame)) return undoEnter(op, before);
  }
  const pointer = (reg64(RSP) - <u64>(<u32>opDisp(op))) & mask;
  // The new top must be writable (SDM vol. 2, ENTER).
  if (!noted(writePointer<T>(stackAddress<T>(pointer, true)))) return undoEnter(op, before);
  setStackPointer(pointer, mask);
  if (sizeof<T>() == 2) setReg16(RBP, <u32>frame);
  else setReg64(RBP, sizeof<T>() == 4 ? frame & 0xffff_ffff : frame);
  return nextOp(op);
}
function undoEnter(op: usize, pointer: u64): usize {
  setReg64(RSP, pointer);
  return deliverOpFault(op);
}

export function pushFlags<T>(op: usize): usize {
  if (virtual8086() && iopl() < 3) return raise(op, GP, 0);
  const flags = getFlags() & ~(FLAG_VM | FLAG_RF);
  return push<T>(<T>flags) ? nextOp(op) : deliverOpFault(op);
}

/** POPF: IOPL changes only at CPL 0, IF only where IOPL allows; both silently (SDM vol. 2, POPF). */
export function popFlags<T>(op: usize): usize {
  if (virtual8086() && iopl() < 3) return raise(op, GP, 0);
  const p = peek<T>(0);
  if (!p) return deliverOpFault(op);
  const value = <u32>load<T>(p);
  dropStack(sizeof<T>());
  loadFlags(value, sizeof<T>() == 2);
  return nextOp(op);
}

/** The flags POPF may change. */
export function popWritable(): u32 {
  let writable = FLAG_VISIBLE & ~(FLAG_VM | FLAG_VIP | FLAG_VIF | FLAG_RF);
  const privileged = !protectedMode() || (!virtual8086() && cpl() == 0);
  if (!privileged) writable &= ~FLAG_IOPL;
  if (!privileged && cpl() > iopl()) writable &= ~FLAG_IF;
  return writable;
}

/** Flags as POPF loads them. */
function loadFlags(value: u32, narrow: bool): void {
  const old = getFlags();
  let writable = popWritable();
  if (narrow) writable &= 0xffff;
  // RF is cleared whatever was pushed.
  setFlags(((old & ~writable) | (value & writable)) & ~FLAG_RF);
}
