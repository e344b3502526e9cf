import { CPL, EFLAGS, IDTR, RIP, SEG_ATTRIBUTES, SEG_BASE, SEG_LIMIT, SEG_SELECTOR, TLB_SUPERVISOR, TLB_USER } from '../layout';
import { systemRead, writeStack } from './access';
import { hasErrorCode, SOURCE_EXCEPTION, SOURCE_EXTERNAL, SOURCE_SOFTWARE, SOURCE_TRAP } from './exceptions';
import { getFlags, setSystemFlags } from './flags';
import { commit } from './memory';
import { setCpl, updateMode } from './privilege';
import {
  descriptorBase, descriptorDpl, descriptorIsBig, descriptorIsCode, descriptorIsConforming, descriptorIsLong, descriptorIsStack,
  descriptorIsSystem, descriptorLimit, descriptorPresent, external, fetchDescriptor, high, low, markAccessed, selectorFault, setCodeSegment,
  setExternal, setNullSegment, setNullStack, setRealSegment, setSegmentFromDescriptor,
} from './segments'; // prettier-ignore
import {
  ATTR_CODE, ATTR_DB, ATTR_DC, BP, cpl, CS, DB, DF, DS, ES, FLAG_AC, FLAG_IF, FLAG_NT, FLAG_RF, FLAG_TF, FLAG_VM, FS, GP, GS,
  longCode, longModeActive, NP, OF, PF, protectedMode, reg64, RSP, segAttributes, segBase, segLimit, segment, selector, setFault,
  setReg64, setRip, SS, SS_FAULT, TR, TS, virtual8086,
} from './state'; // prettier-ignore
import { BY_INTERRUPT, taskSwitch } from './task-switch';
import { canonical } from './walk';

/** Interrupt and exception delivery (SDM vol. 3, chapter 6). */

const GATE_TASK: u32 = 5;
const GATE_INTERRUPT16: u32 = 6;
const GATE_TRAP16: u32 = 7;
const GATE_INTERRUPT32: u32 = 14;
const GATE_TRAP32: u32 = 15;

/**
 * Enters the handler of a vector: RIP, CS, flags and stack become the handler's. False with the fault noted, and
 * nothing changed, if that faults.
 */
export function enterHandler(vector: u32, source: u32, error: u32): bool {
  if (!protectedMode()) return enterReal(vector);
  setExternal(source == SOURCE_SOFTWARE ? 0 : 1);
  const ok = longModeActive() ? enterLong(vector, source, error) : enterProtected(vector, source, error);
  setExternal(0);
  return ok;
}

function enterReal(vector: u32): bool {
  if (vector * 4 + 3 > load<u32>(IDTR, 8)) {
    setFault(GP, 0);
    return false;
  }
  const p = systemRead(load<u64>(IDTR) + <u64>(vector * 4), 4);
  if (!p) return false;
  const ip = <u32>load<u16>(p);
  const cs = <u32>load<u16>(p, 2);
  openStack(segBase(SS), segLimit(SS), segAttributes(SS), reg64(RSP), false);
  if (!push(2, getFlags()) || !push(2, selector(CS)) || !push(2, load<u64>(RIP))) return false;
  closeStack();
  setSystemFlags(load<u32>(EFLAGS) & ~(FLAG_IF | FLAG_TF | FLAG_AC | FLAG_RF));
  setRealSegment(CS, cs);
  updateMode();
  setRip(ip);
  return true;
}

// The stack being pushed to.
let stackBase: u64 = 0;
let stackLimit: u32 = 0;
let stackAttributes: u32 = 0;
let stackPointer: u64 = 0;
let stackLong: bool = false;
let stackUser: bool = false;
/** What a #SS names: the selector of a new stack, nothing for the present one. */
let stackName: u32 = 0;

/** Starts pushing on a stack; nothing of it is visible until {@link closeStack}. */
function openStack(base: u64, limit: u32, attributes: u32, pointer: u64, user: bool, name: u32 = 0): void {
  stackName = name;
  stackBase = base;
  stackLimit = limit;
  stackAttributes = attributes;
  stackPointer = pointer;
  stackLong = false;
  stackUser = user;
}

function openLongStack(pointer: u64, user: bool): void {
  stackPointer = pointer;
  stackLong = true;
  stackUser = user;
  stackName = 0;
}

function push(bytes: u32, value: u64): bool {
  const mask: u64 = stackLong ? u64.MAX_VALUE : stackAttributes & ATTR_DB ? 0xffff_ffff : 0xffff;
  const offset = (stackPointer - <u64>bytes) & mask;
  let address = offset;
  if (!stackLong) {
    if (!onStack(<u32>offset, bytes)) return selectorFault(SS_FAULT, stackName);
    address = (offset + stackBase) & 0xffff_ffff;
  } else if (!canonical(address)) {
    return selectorFault(SS_FAULT, 0);
  }
  const p = writeStack(address, bytes, stackUser);
  if (!p) return false;
  if (bytes == 8) store<u64>(p, value);
  else if (bytes == 4) store<u32>(p, <u32>value);
  else store<u16>(p, <u16>value);
  commit(p);
  stackPointer = (stackPointer & ~mask) | offset;
  return true;
}

function onStack(offset: u32, bytes: u32): bool {
  const last = <u64>offset + <u64>(bytes - 1);
  if ((stackAttributes & (ATTR_CODE | ATTR_DC)) != ATTR_DC) return last <= <u64>stackLimit;
  return offset > stackLimit && last <= (stackAttributes & ATTR_DB ? <u64>0xffff_ffff : <u64>0xffff);
}

function closeStack(): void {
  setReg64(RSP, stackPointer);
}

/** Flags as pushed: the resume flag is set for faults, so that the handler's return is not stopped again. */
function pushedFlags(source: u32, vector: u32): u32 {
  const flags = getFlags();
  return source == SOURCE_EXCEPTION && vector != DF ? flags | FLAG_RF : flags;
}

/** Notes a fault whose error code names an IDT entry (bit 1); always false. */
function gateFault(fault: u32, vector: u32): bool {
  setFault(fault, (vector << 3) | 2 | external);
  return false;
}

// The gate being gone through.
let gateSelector: u32 = 0;
let gateOffset: u64 = 0;
let gateType: u32 = 0;
let gateIst: u32 = 0;

function readGate(vector: u32, source: u32, long: bool): bool {
  const size: u32 = long ? 16 : 8;
  if (vector * size + size - 1 > load<u32>(IDTR, 8)) return gateFault(GP, vector);
  const p = systemRead(load<u64>(IDTR) + <u64>(vector * size), size);
  if (!p) return false;
  const first = load<u32>(p);
  const second = load<u32>(p, 4);
  gateType = (second >>> 8) & 31;
  gateSelector = first >>> 16;
  gateOffset = <u64>((first & 0xffff) | (second & 0xffff_0000));
  gateIst = second & 7;
  if (long) gateOffset |= <u64>load<u32>(p, 8) << 32;
  const known = long
    ? gateType == GATE_INTERRUPT32 || gateType == GATE_TRAP32
    : gateType == GATE_TASK || (gateType | 9) == 15;
  if (!known) return gateFault(GP, vector);
  if (source == SOURCE_SOFTWARE && ((second >>> 13) & 3) < cpl()) return gateFault(GP, vector);
  if (!(second & (1 << 15))) return gateFault(NP, vector);
  return true;
}

function isTrapGate(): bool {
  return (gateType & 1) != 0;
}

/** Reads and checks the handler's code segment, left in low/high. */
function readHandlerSegment(): bool {
  if (!(gateSelector & 0xfffc)) return selectorFault(GP, 0);
  if (!fetchDescriptor(gateSelector, GP)) return false;
  if (descriptorIsSystem(high) || !descriptorIsCode(high) || descriptorDpl(high) > cpl()) {
    return selectorFault(GP, gateSelector);
  }
  if (!descriptorPresent(high)) return selectorFault(NP, gateSelector);
  return true;
}

function enterProtected(vector: u32, source: u32, error: u32): bool {
  if (!readGate(vector, source, false)) return false;
  const withError = source != SOURCE_SOFTWARE && source != SOURCE_EXTERNAL && hasErrorCode(vector);
  if (gateType == GATE_TASK) return taskSwitch(gateSelector, BY_INTERRUPT, load<u32>(RIP), withError, error);
  if (!readHandlerSegment()) return false;
  const codeLow = low;
  const codeHigh = high;
  const level: u32 = descriptorIsConforming(codeHigh) ? cpl() : descriptorDpl(codeHigh);
  const bytes: u32 = gateType >= 8 ? 4 : 2;
  const limit = descriptorLimit(codeLow, codeHigh);
  const offset: u64 = bytes == 4 ? gateOffset : gateOffset & 0xffff;
  if (offset > <u64>limit) return selectorFault(GP, 0);
  const flags = pushedFlags(source, vector);
  const fromVirtual = virtual8086();
  const inner = level < cpl();
  // From virtual-8086 mode only a ring 0 handler is possible.
  if (fromVirtual && level != 0) return selectorFault(GP, gateSelector);
  let stackSelector: u32 = 0;
  let stackLow: u32 = 0;
  let stackHigh: u32 = 0;
  if (inner) {
    if (!readInnerStack(level)) return false;
    stackSelector = innerSelector;
    stackLow = low;
    stackHigh = high;
    const attributes = (stackHigh >>> 8) & 0xffff;
    const limitOfStack = descriptorLimit(stackLow, stackHigh);
    openStack(descriptorBase(stackLow, stackHigh), limitOfStack, attributes, innerPointer, level == 3, stackSelector);
    if (fromVirtual && !pushVirtualSegments(bytes)) return false;
    if (!push(bytes, selector(SS)) || !push(bytes, reg64(RSP))) return false;
  } else {
    openStack(segBase(SS), segLimit(SS), segAttributes(SS), reg64(RSP), level == 3);
  }
  if (!push(bytes, flags) || !push(bytes, selector(CS)) || !push(bytes, load<u64>(RIP))) return false;
  if (withError && !push(bytes, error)) return false;
  markHandler();
  setHandlerFlags();
  setCpl(level);
  if (inner) setSegmentFromDescriptor(SS, stackSelector, stackLow, stackHigh);
  closeStack();
  if (fromVirtual) for (let i: u32 = ES; i <= GS; i++) if (i != CS && i != SS) setNullSegment(i, 0);
  setCodeSegment(gateSelector, level, codeLow, codeHigh);
  updateMode();
  setRip(offset);
  return true;
}

/** Marks the handler's code segment accessed. It has been read already: a page fault cannot happen here. */
function markHandler(): void {
  if (fetchDescriptor(gateSelector, GP)) markAccessed();
}

function setHandlerFlags(): void {
  let cleared = FLAG_TF | FLAG_VM | FLAG_RF | FLAG_NT;
  if (!isTrapGate()) cleared |= FLAG_IF;
  setSystemFlags(load<u32>(EFLAGS) & ~cleared);
}

function pushVirtualSegments(bytes: u32): bool {
  return push(bytes, selector(GS)) && push(bytes, selector(FS)) && push(bytes, selector(DS)) && push(bytes, selector(ES));
}

let innerSelector: u32 = 0;
let innerPointer: u64 = 0;

/** SS:ESP of an inner level from the TSS, its descriptor checked and left in low/high. */
export function readInnerStack(level: u32): bool {
  const wide = (segAttributes(TR) & 8) != 0;
  const at: u32 = wide ? 4 + level * 8 : 2 + level * 4;
  if (at + (wide ? 5 : 3) > segLimit(TR)) return selectorFault(TS, selector(TR));
  const p = systemRead((segBase(TR) + <u64>at) & 0xffff_ffff, wide ? 8 : 4);
  if (!p) return false;
  innerPointer = wide ? <u64>load<u32>(p) : <u64>load<u16>(p);
  innerSelector = wide ? load<u16>(p, 4) : load<u16>(p, 2);
  if (!(innerSelector & 0xfffc)) return selectorFault(TS, 0);
  if (!fetchDescriptor(innerSelector, TS)) return false;
  if ((innerSelector & 3) != level || descriptorDpl(high) != level || !descriptorIsStack(high)) {
    return selectorFault(TS, innerSelector);
  }
  if (!descriptorPresent(high)) return selectorFault(SS_FAULT, innerSelector);
  return markAccessed();
}
export function innerStackSelector(): u32 {
  return innerSelector;
}
export function innerStackPointer(): u64 {
  return innerPointer;
}

/** RSPn or ISTn of the 64-bit TSS. */
export function longStackPointer(offset: u32): bool {
  if (offset + 7 > segLimit(TR)) return selectorFault(TS, selector(TR));
  const p = systemRead(segBase(TR) + <u64>offset, 8);
  if (!p) return false;
  innerPointer = load<u64>(p);
  if (canonical(innerPointer)) return true;
  return selectorFault(SS_FAULT, 0);
}

function enterLong(vector: u32, source: u32, error: u32): bool {
  if (!readGate(vector, source, true)) return false;
  const withError = source != SOURCE_SOFTWARE && source != SOURCE_EXTERNAL && hasErrorCode(vector);
  if (!readHandlerSegment()) return false;
  if (!descriptorIsLong(high) || descriptorIsBig(high)) return selectorFault(GP, gateSelector);
  const codeLow = low;
  const codeHigh = high;
  const level: u32 = descriptorIsConforming(codeHigh) ? cpl() : descriptorDpl(codeHigh);
  const inner = level < cpl();
  if (!canonical(gateOffset)) return selectorFault(GP, 0);
  let pointer = reg64(RSP);
  if (gateIst) {
    if (!longStackPointer(36 + (gateIst - 1) * 8)) return false;
    pointer = innerPointer;
  } else if (inner) {
    if (!longStackPointer(4 + level * 8)) return false;
    pointer = innerPointer;
  }
  openLongStack(pointer & ~0xf, level == 3);
  const flags = pushedFlags(source, vector);
  // Outside 64-bit code the upper half of RSP does not exist.
  const oldPointer = longCode() ? reg64(RSP) : reg64(RSP) & 0xffff_ffff;
  if (!push(8, selector(SS)) || !push(8, oldPointer) || !push(8, flags) || !push(8, selector(CS))) return false;
  if (!push(8, load<u64>(RIP))) return false;
  if (withError && !push(8, error)) return false;
  markHandler();
  setHandlerFlags();
  setCpl(level);
  if (inner) setNullStack(level);
  closeStack();
  setCodeSegment(gateSelector, level, codeLow, codeHigh);
  updateMode();
  setRip(gateOffset);
  return true;
}
