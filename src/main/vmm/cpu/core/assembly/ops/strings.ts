import { EFLAGS, FLAGS_AUX, FLAGS_RESULT, REGS, SEG_BASE, SEG_READ_END, SEG_WRITE_END, STEPPING, TLB_USER_ALIGNED } from '../../layout';
import { directRead, directWrite } from '../access';
import { cmp } from '../alu';
import { deliverOpFault } from '../exceptions';
import { getZF } from '../flags';
import { attend } from '../loop';
import { currentPrivilege } from '../privilege';
import { addressMask, commit, linear, opAddressSize, readPointer, writePointer } from '../memory';
import { codeMode, ES, FLAG_DF, FLAG_RF, nextOp, opRip, opSegment, pendingEvents, putReg, RCX, RDI, reg16, reg64, RSI, segment, setReg16, setReg64, setRip, RDX } from '../state'; // prettier-ignore
import { readPort, mayAccessPort, writePort } from './ports';

/**
 * String instructions. Repeats go by runs within a page where they can, and stop between runs when something is
 * pending, with the registers telling where to go on (SDM vol. 2, REP).
 */
const REPEAT_EQUAL: u32 = 1;

// @ts-ignore: decorator
@inline function repeat(op: usize): u32 { return load<u8>(op, 4); }
// @ts-ignore: decorator
@inline function backwards(): bool { return (load<u32>(EFLAGS) & FLAG_DF) != 0; }

/** Moves an index register by an amount, in the width of the address size. */
export function advance(index: u32, amount: u64, mask: u64): void {
  const value = (reg64(index) + amount) & mask;
  if (mask == 0xffff) setReg16(index, <u32>value);
  else setReg64(index, value);
}
// @ts-ignore: decorator
@inline export function stepOf<T>(): u64 { return backwards() ? <u64>(-(<i64>sizeof<T>())) : sizeof<T>(); }

/** Leaves a repeat unfinished: what is pending goes first. */
function interrupted(op: usize): usize {
  setRip(opRip(op));
  // The flags a trap between two iterations pushes have RF set (SDM vol. 3, 17.3.1.1).
  if (load<u32>(STEPPING)) store<u32>(EFLAGS, load<u32>(EFLAGS) | FLAG_RF);
  return attend();
}

/** Bytes from an offset that need no closer check: to the end of the page, and within the segment and address size. */
function straight(seg: u32, offset: u64, mask: u64, write: bool): u64 {
  const at = segment(seg);
  const address = offset + (codeMode() == 2 && seg < 4 ? 0 : load<u64>(at, SEG_BASE));
  let bytes: u64 = 4096 - (address & 0xfff);
  if (codeMode() != 2) {
    const end = write ? load<u64>(at, SEG_WRITE_END) : load<u64>(at, SEG_READ_END);
    if (offset >= end) return 0;
    if (end - offset < bytes) bytes = end - offset;
  }
  const toWrap = mask - offset;
  return toWrap < bytes ? toWrap : bytes;
}

/** Repeats with 32-bit addresses in 64-bit code clear the upper halves of these registers, even if they do nothing. */
function narrow(mask: u64, source: bool, target: bool): void {
  if (mask != 0xffff_ffff) return;
  setReg64(RCX, reg64(RCX) & mask);
  if (source) setReg64(RSI, reg64(RSI) & mask);
  if (target) setReg64(RDI, reg64(RDI) & mask);
}

// @ts-ignore: decorator
@inline function min(a: u64, b: u64): u64 { return a < b ? a : b; }

/** Elements worth moving at once. */
const BULK: u64 = 4;

export function moveString<T>(op: usize): usize {
  const mask = addressMask(opAddressSize(op));
  if (!repeat(op)) return moveOne<T>(op, mask) ? nextOp(op) : deliverOpFault(op);
  narrow(mask, true, true);
  while (reg64(RCX) & mask) {
    if (!moveRun<T>(opSegment(op), mask)) {
      if (!moveOne<T>(op, mask)) return deliverOpFault(op);
      advance(RCX, -1, mask);
    }
    if (pendingEvents() && reg64(RCX) & mask) return interrupted(op);
  }
  return nextOp(op);
}
function moveOne<T>(op: usize, mask: u64): bool {
  const from = readPointer<T>(linear(opSegment(op), reg64(RSI) & mask, sizeof<T>(), false));
  if (!from) return false;
  const value = load<T>(from);
  const to = writePointer<T>(linear(ES, reg64(RDI) & mask, sizeof<T>(), true));
  if (!to) return false;
  store<T>(to, value);
  commit(to);
  advance(RSI, stepOf<T>(), mask);
  advance(RDI, stepOf<T>(), mask);
  return true;
}
/** As much as one page of each side allows; false if it must go element by element. */
export function moveRun<T>(seg: u32, mask: u64): bool {
  if (backwards() || load<u32>(STEPPING) || currentPrivilege() == TLB_USER_ALIGNED) return false;
  const source = reg64(RSI) & mask;
  const target = reg64(RDI) & mask;
  const room = min(straight(seg, source, mask, false), straight(ES, target, mask, true)) / sizeof<T>();
  const elements = min(reg64(RCX) & mask, room);
  if (elements < BULK) return false;
  const bytes = <u32>elements * sizeof<T>();
  const from = directRead(linear(seg, source, 1, false));
  const to = from ? directWrite(linear(ES, target, 1, true), bytes) : 0;
  if (!to) return false;
  if (to > from && to < from + bytes) {
    // Overlapping upwards, each element sees the ones before: a pattern is spread.
    for (let i: usize = 0; i < bytes; i += sizeof<T>()) store<T>(to + i, load<T>(from + i));
  } else {
    memory.copy(to, from, bytes);
  }
  advance(RSI, bytes, mask);
  advance(RDI, bytes, mask);
  advance(RCX, 0 - elements, mask);
  return true;
}

export function storeString<T>(op: usize): usize {
  const mask = addressMask(opAddressSize(op));
  if (!repeat(op)) return storeOne<T>(mask) ? nextOp(op) : deliverOpFault(op);
  narrow(mask, false, true);
  while (reg64(RCX) & mask) {
    if (!storeRun<T>(mask)) {
      if (!storeOne<T>(mask)) return deliverOpFault(op);
      advance(RCX, -1, mask);
    }
    if (pendingEvents() && reg64(RCX) & mask) return interrupted(op);
  }
  return nextOp(op);
}
function storeOne<T>(mask: u64): bool {
  const to = writePointer<T>(linear(ES, reg64(RDI) & mask, sizeof<T>(), true));
  if (!to) return false;
  store<T>(to, load<T>(REGS));
  commit(to);
  advance(RDI, stepOf<T>(), mask);
  return true;
}
export function storeRun<T>(mask: u64): bool {
  if (backwards() || load<u32>(STEPPING) || currentPrivilege() == TLB_USER_ALIGNED) return false;
  const target = reg64(RDI) & mask;
  const elements = min(reg64(RCX) & mask, straight(ES, target, mask, true) / sizeof<T>());
  if (elements < BULK) return false;
  const bytes = <u32>elements * sizeof<T>();
  const to = directWrite(linear(ES, target, 1, true), bytes);
  if (!to) return false;
  const value = load<T>(REGS);
  if (sizeof<T>() == 1 || !value) memory.fill(to, <u8>value, bytes);
  else for (let i: usize = 0; i < bytes; i += sizeof<T>()) store<T>(to + i, value);
  advance(RDI, bytes, mask);
  advance(RCX, 0 - elements, mask);
  return true;
}

export function loadString<T>(op: usize): usize {
  const mask = addressMask(opAddressSize(op));
  if (!repeat(op)) return loadOne<T>(op, mask) ? nextOp(op) : deliverOpFault(op);
  narrow(mask, false, false);
  while (reg64(RCX) & mask) {
    if (!loadOne<T>(op, mask)) return deliverOpFault(op);
    advance(RCX, -1, mask);
    if (pendingEvents() && reg64(RCX) & mask) return interrupted(op);
  }
  return nextOp(op);
}
function loadOne<T>(op: usize, mask: u64): bool {
  const p = readPointer<T>(linear(opSegment(op), reg64(RSI) & mask, sizeof<T>(), false));
  if (!p) return false;
  putReg<T>(REGS, load<T>(p));
  advance(RSI, stepOf<T>(), mask);
  return true;
}

// The arithmetic flags before a repeat: they change when it ends, not if a fault or a trap interrupts it (SDM vol. 2, REP).
let keptResult: u64 = 0;
let keptAux: u32 = 0;
export function keepFlags(): void {
  keptResult = load<u64>(FLAGS_RESULT);
  keptAux = load<u32>(FLAGS_AUX);
}
export function bringBackFlags(): void {
  store<u64>(FLAGS_RESULT, keptResult);
  store<u32>(FLAGS_AUX, keptAux);
}
function faultWithKeptFlags(op: usize): usize {
  bringBackFlags();
  return deliverOpFault(op);
}
function interruptedWithKeptFlags(op: usize): usize {
  bringBackFlags();
  return interrupted(op);
}

/** After one comparison of a repeat: whether another follows. */
function goesOn(op: usize, mask: u64): bool {
  advance(RCX, -1, mask);
  return (reg64(RCX) & mask) != 0 && getZF() == (repeat(op) == REPEAT_EQUAL);
}

export function compareString<T>(op: usize): usize {
  const mask = addressMask(opAddressSize(op));
  if (!repeat(op)) return compareOne<T>(op, mask) ? nextOp(op) : deliverOpFault(op);
  narrow(mask, false, false);
  if (!(reg64(RCX) & mask)) return nextOp(op);
  keepFlags();
  while (true) {
    if (!compareOne<T>(op, mask)) return faultWithKeptFlags(op);
    if (!goesOn(op, mask)) return nextOp(op);
    if (pendingEvents()) return interruptedWithKeptFlags(op);
  }
}
function compareOne<T>(op: usize, mask: u64): bool {
  // Processors read the destination first, which shows if both fault.
  const second = readPointer<T>(linear(ES, reg64(RDI) & mask, sizeof<T>(), false));
  if (!second) return false;
  const value = load<T>(second);
  const first = readPointer<T>(linear(opSegment(op), reg64(RSI) & mask, sizeof<T>(), false));
  if (!first) return false;
  cmp<T>(load<T>(first), value);
  advance(RSI, stepOf<T>(), mask);
  advance(RDI, stepOf<T>(), mask);
  return true;
}

export function scanString<T>(op: usize): usize {
  const mask = addressMask(opAddressSize(op));
  if (!repeat(op)) return scanOne<T>(mask) ? nextOp(op) : deliverOpFault(op);
  narrow(mask, false, false);
  if (!(reg64(RCX) & mask)) return nextOp(op);
  keepFlags();
  while (true) {
    if (!scanOne<T>(mask)) return faultWithKeptFlags(op);
    if (!goesOn(op, mask)) return nextOp(op);
    if (pendingEvents()) return interruptedWithKeptFlags(op);
  }
}
function scanOne<T>(mask: u64): bool {
  const p = readPointer<T>(linear(ES, reg64(RDI) & mask, sizeof<T>(), false));
  if (!p) return false;
  cmp<T>(load<T>(REGS), load<T>(p));
  advance(RDI, stepOf<T>(), mask);
  return true;
}

/** INS: the destination is checked before the port is read, so that nothing is lost to a page fault. */
export function inputString<T>(op: usize): usize {
  const mask = addressMask(opAddressSize(op));
  if (!mayAccessPort(reg16(RDX), portBytes<T>())) return deliverOpFault(op);
  if (!repeat(op)) return inputOne<T>(mask) ? nextOp(op) : deliverOpFault(op);
  while (reg64(RCX) & mask) {
    if (!inputOne<T>(mask)) return deliverOpFault(op);
    advance(RCX, -1, mask);
    if (pendingEvents() && reg64(RCX) & mask) return interrupted(op);
  }
  return nextOp(op);
}
// @ts-ignore: decorator
@inline function portBytes<T>(): u32 { return sizeof<T>() == 8 ? 4 : sizeof<T>(); }
function inputOne<T>(mask: u64): bool {
  if (sizeof<T>() == 8) return inputOne<u32>(mask);
  const address = linear(ES, reg64(RDI) & mask, sizeof<T>(), true);
  if (!writePointer<T>(address)) return false;
  const value = <T>readPort(reg16(RDX), sizeof<T>());
  // Again: the device may have used BOUNCE or changed the mapping.
  const p = writePointer<T>(address);
  if (!p) return false;
  store<T>(p, value);
  commit(p);
  advance(RDI, stepOf<T>(), mask);
  return true;
}
export function outputString<T>(op: usize): usize {
  const mask = addressMask(opAddressSize(op));
  if (!mayAccessPort(reg16(RDX), portBytes<T>())) return deliverOpFault(op);
  if (!repeat(op)) return outputOne<T>(op, mask) ? nextOp(op) : deliverOpFault(op);
  while (reg64(RCX) & mask) {
    if (!outputOne<T>(op, mask)) return deliverOpFault(op);
    advance(RCX, -1, mask);
    if (pendingEvents() && reg64(RCX) & mask) return interrupted(op);
  }
  return nextOp(op);
}
function outputOne<T>(op: usize, mask: u64): bool {
  if (sizeof<T>() == 8) return outputOne<u32>(op, mask);
  const p = readPointer<T>(linear(opSegment(op), reg64(RSI) & mask, sizeof<T>(), false));
  if (!p) return false;
  const value = <u32>load<T>(p);
  advance(RSI, stepOf<T>(), mask);
  writePort(reg16(RDX), value, sizeof<T>());
  return true;
}
