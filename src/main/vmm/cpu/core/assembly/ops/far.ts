import { EFLAGS, EVENT_STEP, EVENTS, FAULT_VECTOR, NMI_MASKED, RIP } from '../../layout';
import { systemRead } from '../access';
import { lookup } from '../code-cache';
import { deliverDebugTrap, deliverOpFault, deliverTransferFault } from '../exceptions';
import { setFlags, getFlags, updateEventMask } from '../flags';
import { innerStackPointer, innerStackSelector, longStackPointer, readInnerStack } from '../interrupts';
import { addressBeyond, readAddress, readPointer } from '../memory';
import { setCpl, updateMode } from '../privilege';
import {
  descriptorDpl, descriptorIsBig, descriptorIsCode, descriptorIsConforming, descriptorIsLong,
  descriptorIsStack, descriptorIsSystem, descriptorLimit, descriptorPresent, descriptorType, dropInnerSegments,
  fetchDescriptor, fetchUpper, high, low, markAccessed, selectorFault, setCodeSegment, setNullStack, setRealSegment,
  setSegment, setSegmentFromDescriptor, upper,
} from '../segments'; // prettier-ignore
import {
  cpl, CS, DS, ES, FLAG_AC, FLAG_DF, FLAG_ID, FLAG_IF, FLAG_IOPL, FLAG_NT, FLAG_RF, FLAG_TF, FLAG_VIF, FLAG_VIP, FLAG_VM,
  FLAGS_ARITHMETIC, FS, GP, gpFault, GS, iopl, longCode, longModeActive, NP, opDisp, opImm, opNextRip, protectedMode,
  realOrVirtual, reg64, RSP, segAttributes, segBase, segLimit, selector, setReg64, setRip, SS, SS_FAULT, TR, virtual8086,
} from '../state'; // prettier-ignore
import { BY_CALL, BY_IRET, BY_JMP, taskSwitch, taskTrapPending } from '../task-switch';
import { canonical } from '../walk';
import { dropStack, peek, push, setStackPointer, stackMask } from './stack';

/** Far jumps, calls and returns, gates, IRET (SDM vol. 3, 5.8; vol. 2, JMP, CALL, RET, IRET). */

// System descriptor types.
const TSS16: u32 = 1;
const CALL_GATE16: u32 = 4;
const TASK_GATE: u32 = 5;
const TSS32: u32 = 9;
const CALL_GATE32: u32 = 12;

/** Goes on at RIP in whatever mode the new code segment has. */
function arrive(): usize {
  updateMode();
  return taskTrapPending() ? deliverDebugTrap() : lookup(load<u64>(RIP));
}

export function jumpFar<T>(op: usize): usize {
  return transfer<T>(op, <u32>opImm(op), <u64>(<u32>opDisp(op)), false);
}
export function callFar<T>(op: usize): usize {
  return transfer<T>(op, <u32>opImm(op), <u64>(<u32>opDisp(op)), true);
}
function throughMemory<T>(op: usize, call: bool): usize {
  const first = readPointer<T>(readAddress<T>(op));
  if (!first) return deliverOpFault(op);
  const offset = <u64>load<T>(first);
  const second = readPointer<u16>(addressBeyond(op, sizeof<T>(), 2));
  if (!second) return deliverOpFault(op);
  return transfer<T>(op, load<u16>(second), offset, call);
}
export function jumpFarMemory<T>(op: usize): usize {
  return throughMemory<T>(op, false);
}
export function callFarMemory<T>(op: usize): usize {
  return throughMemory<T>(op, true);
}

function transfer<T>(op: usize, sel: u32, offset: u64, call: bool): usize {
  const done = realOrVirtual() ? transferReal<T>(op, sel, offset, call) : transferProtected<T>(op, sel, offset, call);
  return done ? arrive() : deliverTransferFault(op);
}

/** Room for two pushes, so that the second cannot fault after the first. */
function pushReturn<T>(op: usize): bool {
  const before = reg64(RSP);
  if (push<T>(<T>selector(CS)) && push<T>(<T>opNextRip(op))) return true;
  setReg64(RSP, before);
  return false;
}

// CS and the stack pointer before a far call.
let callerCs: u32 = 0;
let callerBase: u64 = 0;
let callerLimit: u32 = 0;
let callerAttributes: u32 = 0;
let callerPointer: u64 = 0;

/**
 * Pushes the return address of a call to the code segment of low/high as that segment's mode has it: on the way between
 * compatibility and 64-bit mode the stack is already the new mode's. False with the fault noted and nothing changed.
 */
function pushReturnInMode<T>(op: usize, sel: u32, level: u32): bool {
  callerCs = selector(CS);
  callerBase = segBase(CS);
  callerLimit = segLimit(CS);
  callerAttributes = segAttributes(CS);
  callerPointer = reg64(RSP);
  const back = opNextRip(op);
  if ((longModeActive() && descriptorIsLong(high)) != longCode()) {
    setCodeSegment(sel, level, low, high);
    updateMode();
  }
  if (push<T>(<T>callerCs) && push<T>(<T>back)) return true;
  undoCall();
  return false;
}
function undoCall(): void {
  setSegment(CS, callerCs, callerBase, callerLimit, callerAttributes);
  setReg64(RSP, callerPointer);
  updateMode();
}

function transferReal<T>(op: usize, sel: u32, offset: u64, call: bool): bool {
  if (offset > 0xffff) return gpFault(0);
  if (call && !pushReturn<T>(op)) return false;
  setRealSegment(CS, sel);
  setRip(offset);
  return true;
}

function transferProtected<T>(op: usize, sel: u32, offset: u64, call: bool): bool {
  if (!(sel & 0xfffc)) return gpFault(0);
  if (!fetchDescriptor(sel, GP)) return false;
  if (descriptorIsSystem(high)) return throughSystem<T>(op, sel, call);
  if (!descriptorIsCode(high)) return selectorFault(GP, sel);
  const dpl = descriptorDpl(high);
  const allowed = descriptorIsConforming(high) ? dpl <= cpl() : dpl == cpl() && (sel & 3) <= cpl();
  if (!allowed) return selectorFault(GP, sel);
  if (!descriptorPresent(high)) return selectorFault(NP, sel);
  return enterCode<T>(op, sel, cpl(), offset, call);
}

/** To the code segment in low/high at an unchanged level. */
function enterCode<T>(op: usize, sel: u32, level: u32, offset: u64, call: bool): bool {
  const codeLow = low;
  const codeHigh = high;
  const valid = targetValid(offset);
  if (!markAccessed()) return false;
  if (call && !pushReturnInMode<T>(op, sel, level)) return false;
  // What a call has pushed stays in memory, as processors leave it.
  if (!valid) {
    if (call) undoCall();
    return gpFault(0);
  }
  setCodeSegment(sel, level, codeLow, codeHigh);
  setRip(offset);
  return true;
}

/** Whether an offset may be entered in the code segment of low/high; L and D together are not a segment. */
function targetValid(offset: u64): bool {
  if (longModeActive() && descriptorIsLong(high)) return !descriptorIsBig(high) && canonical(offset);
  return offset <= <u64>descriptorLimit(low, high);
}

function throughSystem<T>(op: usize, sel: u32, call: bool): bool {
  const type = descriptorType(high);
  const dpl = descriptorDpl(high);
  const long = longModeActive();
  const known = long
    ? type == CALL_GATE32
    : type == TSS16 || type == TSS32 || type == TASK_GATE || type == CALL_GATE16 || type == CALL_GATE32;
  if (!known || dpl < cpl() || dpl < (sel & 3)) return selectorFault(GP, sel);
  if (!descriptorPresent(high)) return selectorFault(NP, sel);
  const cause = call ? BY_CALL : BY_JMP;
  if (type == TSS16 || type == TSS32) return taskSwitch(sel, cause, <u32>opNextRip(op), false, 0);
  if (type == TASK_GATE) return taskSwitch(low >>> 16, cause, <u32>opNextRip(op), false, 0);
  return long ? throughLongGate(op, sel, call) : throughCallGate(op, sel, call, type == CALL_GATE32);
}

/** Reads and checks the code segment a call gate leads to. */
function readGateTarget(target: u32, call: bool): bool {
  if (!(target & 0xfffc)) return gpFault(0);
  if (!fetchDescriptor(target, GP)) return false;
  const dpl = descriptorDpl(high);
  if (descriptorIsSystem(high) || !descriptorIsCode(high) || dpl > cpl()) return selectorFault(GP, target);
  if (!call && !descriptorIsConforming(high) && dpl != cpl()) return selectorFault(GP, target);
  return descriptorPresent(high) ? true : selectorFault(NP, target);
}

function throughCallGate(op: usize, sel: u32, call: bool, wide: bool): bool {
  const target = low >>> 16;
  const offset: u64 = wide ? <u64>((low & 0xffff) | (high & 0xffff_0000)) : <u64>(low & 0xffff);
  const parameters = high & 31;
  if (!readGateTarget(target, call)) return false;
  const dpl = descriptorDpl(high);
  if (call && !descriptorIsConforming(high) && dpl < cpl()) {
    return wide ? callInner<u32>(op, target, offset, parameters) : callInner<u16>(op, target, offset, parameters);
  }
  return wide ? enterCode<u32>(op, target, cpl(), offset, call) : enterCode<u16>(op, target, cpl(), offset, call);
}

// Parameters being carried to an inner stack.
const carried: usize = memory.data(31 * 4, 4);

/** A call gate to an inner level: stack switch, parameters copied (SDM vol. 3, 5.8.5). */
function callInner<T>(op: usize, target: u32, offset: u64, parameters: u32): bool {
  const codeLow = low;
  const codeHigh = high;
  const level = descriptorDpl(high);
  if (!targetValid(offset)) return gpFault(0);
  if (!readInnerStack(level)) return false;
  const stackLow = low;
  const stackHigh = high;
  const stackSelector = innerStackSelector();
  for (let i: u32 = 0; i < parameters; i++) {
    const p = peek<T>(i * sizeof<T>());
    if (!p) return false;
    store<u32>(carried + (i << 2), <u32>load<T>(p));
  }
  const oldSs = selector(SS);
  const oldPointer = reg64(RSP);
  const oldCs = selector(CS);
  const saved = saveStack();
  setCpl(level);
  setSegmentFromDescriptor(SS, stackSelector, stackLow, stackHigh);
  setReg64(RSP, innerStackPointer());
  updateMode();
  let ok = push<T>(<T>oldSs) && push<T>(<T>oldPointer);
  for (let i = <i32>parameters - 1; ok && i >= 0; i--) ok = push<T>(<T>load<u32>(carried + (<u32>i << 2)));
  ok = ok && push<T>(<T>oldCs) && push<T>(<T>opNextRip(op));
  if (!ok) {
    restoreStack(saved, oldPointer);
    // A stack without room is named (vol. 2, CALL).
    return load<u32>(FAULT_VECTOR) == SS_FAULT ? selectorFault(SS_FAULT, stackSelector) : false;
  }
  fetchDescriptor(target, GP);
  markAccessed();
  setCodeSegment(target, level, codeLow, codeHigh);
  setRip(offset);
  return true;
}

// The outer stack segment while an inner one is tried.
let savedBase: u64 = 0;
let savedLimit: u32 = 0;
let savedAttributes: u32 = 0;
let savedSelector: u32 = 0;
function saveStack(): u32 {
  savedBase = segBase(SS);
  savedLimit = segLimit(SS);
  savedAttributes = segAttributes(SS);
  savedSelector = selector(SS);
  return cpl();
}
function restoreStack(level: u32, pointer: u64): void {
  setCpl(level);
  setSegment(SS, savedSelector, savedBase, savedLimit, savedAttributes);
  setReg64(RSP, pointer);
  updateMode();
}

/** A call gate in long mode is 16 bytes and leads to 64-bit code only. */
function throughLongGate(op: usize, sel: u32, call: bool): bool {
  const target = low >>> 16;
  const half = <u64>((low & 0xffff) | (high & 0xffff_0000));
  if (!fetchUpper(sel, GP)) return false;
  const offset = half | (<u64>upper << 32);
  if (!readGateTarget(target, call)) return false;
  if (!descriptorIsLong(high) || descriptorIsBig(high)) return selectorFault(GP, target);
  const level = descriptorDpl(high);
  if (!call || descriptorIsConforming(high) || level == cpl()) return enterCode<u64>(op, target, cpl(), offset, call);
  const codeLow = low;
  const codeHigh = high;
  if (!canonical(offset)) return gpFault(0);
  if (!longStackPointer(4 + level * 8)) return false;
  const oldPointer = reg64(RSP);
  const oldSs = selector(SS);
  const oldCs = selector(CS);
  const saved = saveStack();
  setCpl(level);
  setNullStack(level);
  setReg64(RSP, innerStackPointer());
  updateMode();
  if (!push<u64>(oldSs) || !push<u64>(oldPointer) || !push<u64>(oldCs) || !push<u64>(opNextRip(op))) {
    restoreStack(saved, oldPointer);
    return false;
  }
  fetchDescriptor(target, GP);
  markAccessed();
  setCodeSegment(target, level, codeLow, codeHigh);
  setRip(offset);
  return true;
}

export function returnFar<T>(op: usize): usize {
  const done = realOrVirtual() ? returnReal<T>(op) : returnProtected<T>(op);
  return done ? arrive() : deliverOpFault(op);
}

function returnReal<T>(op: usize): bool {
  const first = peek<T>(0);
  if (!first) return false;
  const offset = <u64>load<T>(first);
  const second = peek<T>(sizeof<T>());
  if (!second) return false;
  const sel = <u32>load<u16>(second);
  if (offset > 0xffff) return gpFault(0);
  dropStack(sizeof<T>() * 2 + <u32>opImm(op));
  setRealSegment(CS, sel);
  setRip(offset);
  return true;
}

/** Reads and checks the code segment of a return; left in low/high. */
function readReturnTarget(sel: u32): bool {
  if (!(sel & 0xfffc)) return gpFault(0);
  if (!fetchDescriptor(sel, GP)) return false;
  const rpl = sel & 3;
  const dpl = descriptorDpl(high);
  const ok = !descriptorIsSystem(high) && descriptorIsCode(high) && rpl >= cpl() && (descriptorIsConforming(high) ? dpl <= rpl : dpl == rpl);
  if (!ok) return selectorFault(GP, sel);
  return descriptorPresent(high) ? true : selectorFault(NP, sel);
}

/** Reads and checks the stack segment of a return to level `rpl`; left in low/high, null accepted in long mode. */
function readReturnStack(sel: u32, rpl: u32, toLong: bool): bool {
  if (!(sel & 0xfffc)) return toLong && rpl != 3 && (sel & 3) == rpl ? true : gpFault(0);
  if (!fetchDescriptor(sel, GP)) return false;
  if ((sel & 3) != rpl || !descriptorIsStack(high) || descriptorDpl(high) != rpl) return selectorFault(GP, sel);
  if (!descriptorPresent(high)) return selectorFault(SS_FAULT, sel);
  return markAccessed();
}

function loadReturnStack(sel: u32, stackLow: u32, stackHigh: u32): void {
  if (sel & 0xfffc) setSegmentFromDescriptor(SS, sel, stackLow, stackHigh);
  else setNullStack(sel);
}

function returnProtected<T>(op: usize): bool {
  const extra = <u32>opImm(op);
  // The selector is read first, which shows if both fault.
  const second = peek<u16>(sizeof<T>());
  if (!second) return false;
  const sel = <u32>load<u16>(second);
  const first = peek<T>(0);
  if (!first) return false;
  const offset = <u64>load<T>(first);
  if (!readReturnTarget(sel)) return false;
  if (!targetValid(offset)) return gpFault(0);
  const codeLow = low;
  const codeHigh = high;
  const rpl = sel & 3;
  if (!markAccessed()) return false;
  if (rpl == cpl()) {
    dropStack(sizeof<T>() * 2 + extra);
    setCodeSegment(sel, rpl, codeLow, codeHigh);
    setRip(offset);
    return true;
  }
  const third = peek<T>(sizeof<T>() * 2 + extra);
  if (!third) return false;
  const pointer = <u64>load<T>(third);
  const fourth = peek<T>(sizeof<T>() * 3 + extra);
  if (!fourth) return false;
  const stackSelector = <u32>load<u16>(fourth);
  const toLong = longModeActive() && descriptorIsLong(codeHigh);
  if (!readReturnStack(stackSelector, rpl, toLong)) return false;
  const stackLow = low;
  const stackHigh = high;
  setCpl(rpl);
  loadReturnStack(stackSelector, stackLow, stackHigh);
  setCodeSegment(sel, rpl, codeLow, codeHigh);
  updateMode();
  const mask = stackMask();
  setStackPointer((pointer + extra) & mask, mask);
  dropInnerSegments();
  setRip(offset);
  return true;
}

export function interruptReturn<T>(op: usize): usize {
  const done = protectedMode()
    ? virtual8086()
      ? returnVirtual<T>()
      : returnInterrupt<T>(op)
    : returnRealInterrupt<T>();
  if (!done) return deliverTransferFault(op);
  store<u32>(NMI_MASKED, 0);
  updateEventMask();
  dropUnusedResume();
  return arrive();
}

/**
 * RF goes with the first instruction that completes, and only an instruction breakpoint looks at it before. It is kept
 * where instructions run one by one, which clear it; else system calls and interrupts would save one that is long over.
 */
function dropUnusedResume(): void {
  if (!(load<u32>(EVENTS) & EVENT_STEP)) store<u32>(EFLAGS, load<u32>(EFLAGS) & ~FLAG_RF);
}

const RESTORED: u32 =
  FLAGS_ARITHMETIC | FLAG_TF | FLAG_IF | FLAG_DF | FLAG_IOPL | FLAG_NT | FLAG_RF | FLAG_AC | FLAG_ID | FLAG_VIF | FLAG_VIP;

/** Replaces the flags a return may change. */
function restoreFlags<T>(value: u32, mask: u32): void {
  if (sizeof<T>() == 2) mask &= 0xffff;
  setFlags((getFlags() & ~mask) | (value & mask));
}

// Frame of the IRET in progress.
let frameOffset: u64 = 0;
let frameSelector: u32 = 0;
let frameFlags: u32 = 0;

function readFrame<T>(): bool {
  // From the top down, which shows if several fault.
  const third = peek<T>(sizeof<T>() * 2);
  if (!third) return false;
  frameFlags = <u32>load<T>(third);
  const second = peek<T>(sizeof<T>());
  if (!second) return false;
  frameSelector = load<u16>(second);
  const first = peek<T>(0);
  if (!first) return false;
  frameOffset = <u64>load<T>(first);
  return true;
}

function returnRealInterrupt<T>(): bool {
  if (!readFrame<T>()) return false;
  if (frameOffset > 0xffff) return gpFault(0);
  dropStack(sizeof<T>() * 3);
  restoreFlags<T>(frameFlags, RESTORED & ~(FLAG_VIF | FLAG_VIP));
  setRealSegment(CS, frameSelector);
  setRip(frameOffset);
  return true;
}

function returnVirtual<T>(): bool {
  if (iopl() < 3) return gpFault(0);
  if (!readFrame<T>()) return false;
  if (frameOffset > 0xffff) return gpFault(0);
  dropStack(sizeof<T>() * 3);
  restoreFlags<T>(frameFlags, RESTORED & ~(FLAG_IOPL | FLAG_VIF | FLAG_VIP));
  setRealSegment(CS, frameSelector);
  setRip(frameOffset);
  return true;
}

/** The flags a return at the present level may change. */
function restorable(): u32 {
  let mask = RESTORED;
  if (cpl() != 0) mask &= ~(FLAG_IOPL | FLAG_VIF | FLAG_VIP);
  if (cpl() > iopl()) mask &= ~FLAG_IF;
  return mask;
}

function returnInterrupt<T>(op: usize): bool {
  if (load<u32>(EFLAGS) & FLAG_NT) return longModeActive() ? gpFault(0) : returnTask(op);
  if (!readFrame<T>()) return false;
  if (frameFlags & FLAG_VM && cpl() == 0 && sizeof<T>() == 4 && !longModeActive()) return returnToVirtual();
  const sel = frameSelector;
  if (!readReturnTarget(sel)) return false;
  // Looked at last: a bad stack selector is reported first.
  const valid = targetValid(frameOffset);
  const codeLow = low;
  const codeHigh = high;
  const rpl = sel & 3;
  const toLong = longModeActive() && descriptorIsLong(codeHigh);
  if (!markAccessed()) return false;
  // In 64-bit mode SS:RSP is popped whatever the level (SDM vol. 2, IRET).
  if (rpl == cpl() && !longCode()) {
    if (!valid) return gpFault(0);
    dropStack(sizeof<T>() * 3);
    restoreFlags<T>(frameFlags, restorable());
    setCodeSegment(sel, rpl, codeLow, codeHigh);
    setRip(frameOffset);
    return true;
  }
  const fourth = peek<T>(sizeof<T>() * 3);
  if (!fourth) return false;
  const pointer = <u64>load<T>(fourth);
  const fifth = peek<T>(sizeof<T>() * 4);
  if (!fifth) return false;
  const stackSelector = <u32>load<u16>(fifth);
  if (!readReturnStack(stackSelector, rpl, toLong)) return false;
  const stackLow = low;
  const stackHigh = high;
  if (!valid) return gpFault(0);
  const outer = rpl != cpl();
  restoreFlags<T>(frameFlags, restorable());
  setCpl(rpl);
  loadReturnStack(stackSelector, stackLow, stackHigh);
  setCodeSegment(sel, rpl, codeLow, codeHigh);
  updateMode();
  if (toLong) setReg64(RSP, pointer);
  else setStackPointer(pointer, stackMask());
  if (outer) dropInnerSegments();
  setRip(frameOffset);
  return true;
}

/** IRET from ring 0 to virtual-8086 mode. */
function returnToVirtual(): bool {
  for (let i: u32 = 3; i < 9; i++) if (!peek<u32>(i * 4)) return false;
  const pointer = load<u32>(peek<u32>(12));
  const stack = <u32>load<u16>(peek<u16>(16));
  const es = <u32>load<u16>(peek<u16>(20));
  const ds = <u32>load<u16>(peek<u16>(24));
  const fs = <u32>load<u16>(peek<u16>(28));
  const gs = <u32>load<u16>(peek<u16>(32));
  setFlags((frameFlags & (RESTORED | FLAG_VM)) | 2);
  setCpl(3);
  setRealSegment(CS, frameSelector);
  setRealSegment(SS, stack);
  setRealSegment(ES, es);
  setRealSegment(DS, ds);
  setRealSegment(FS, fs);
  setRealSegment(GS, gs);
  setReg64(RSP, pointer);
  setRip(frameOffset & 0xffff);
  return true;
}

/** IRET with NT: back to the task in the link field of the present one. */
function returnTask(op: usize): bool {
  const p = systemRead(segBase(TR), 2);
  if (!p) return false;
  return taskSwitch(load<u16>(p), BY_IRET, <u32>opNextRip(op), false, 0);
}
