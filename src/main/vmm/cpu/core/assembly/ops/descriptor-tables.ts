import { GDTR, IDTR } from '../../layout';
import { deliverOpFault, raise } from '../exceptions';
import { updateArithmeticFlags } from '../flags';
import { commit, readAddress, readPointer, rmModify, rmRead, rmStore, rmWrite, writeAddress, writePointer } from '../memory';
import {
  descriptorBase, descriptorDpl, descriptorIsCode, descriptorIsConforming, descriptorIsSystem, descriptorLimit,
  descriptorPresent, descriptorType, fetchDescriptor, fetchUpper, high, low, markDescriptor, selectorFault, setNullSegment,
  setSegment, upper,
} from '../segments'; // prettier-ignore
import {
  cellA, cellB, cpl, cr4, CR4_UMIP, FLAG_ZF, GP, LDTR, longCode, longModeActive, nextOp, NP, opIsMemory,
  putReg, realOrVirtual, segLimit, selector, TR, UD,
} from '../state'; // prettier-ignore
import { canonical } from '../walk';

/** Descriptor tables, LDTR and TR, and the instructions that look into descriptors. */

/** SGDT, SIDT, SLDT, SMSW and STR in user mode under CR4.UMIP. */
export function userModePrevented(): bool {
  return cpl() != 0 && (cr4() & CR4_UMIP) != 0;
}

function storeTable(op: usize, table: usize): usize {
  if (userModePrevented()) return raise(op, GP, 0);
  const address = writeAddress<u16>(op);
  const first = writePointer<u16>(address);
  if (!first) return deliverOpFault(op);
  store<u16>(first, <u16>load<u32>(table, 8));
  commit(first);
  if (longCode()) {
    const p = writePointer<u64>(address + 2);
    if (!p) return deliverOpFault(op);
    store<u64>(p, load<u64>(table));
    commit(p);
  } else {
    const p = writePointer<u32>(address + 2);
    if (!p) return deliverOpFault(op);
    store<u32>(p, load<u32>(table));
    commit(p);
  }
  return nextOp(op);
}
export function storeGdtr(op: usize): usize {
  return storeTable(op, GDTR);
}
export function storeIdtr(op: usize): usize {
  return storeTable(op, IDTR);
}

/** LGDT, LIDT: with a 16-bit operand size the base has 24 bits. */
function loadTable<T>(op: usize, table: usize): usize {
  if (cpl() != 0) return raise(op, GP, 0);
  const address = readAddress<u16>(op);
  const first = readPointer<u16>(address);
  if (!first) return deliverOpFault(op);
  const limit = <u32>load<u16>(first);
  const p = longCode() ? readPointer<u64>(address + 2) : readPointer<u32>(address + 2);
  if (!p) return deliverOpFault(op);
  const base: u64 = longCode() ? load<u64>(p) : sizeof<T>() == 2 ? <u64>(load<u32>(p) & 0xff_ffff) : <u64>load<u32>(p);
  if (!canonical(base)) return raise(op, GP, 0);
  store<u64>(table, base);
  store<u32>(table, limit, 8);
  return nextOp(op);
}
export function loadGdtr<T>(op: usize): usize {
  return loadTable<T>(op, GDTR);
}
export function loadIdtr<T>(op: usize): usize {
  return loadTable<T>(op, IDTR);
}

/** Stores a 16-bit system register: memory gets a word, a register is zero-extended. */
export function storeWord<T>(op: usize, value: u32): usize {
  if (!opIsMemory(op)) {
    putReg<T>(cellB(op), <T>value);
    return nextOp(op);
  }
  const p = rmWrite<u16>(op);
  if (!p) return deliverOpFault(op);
  rmStore<u16>(op, p, <u16>value);
  return nextOp(op);
}
export function storeLdtr<T>(op: usize): usize {
  if (realOrVirtual()) return raise(op, UD, 0);
  return userModePrevented() ? raise(op, GP, 0) : storeWord<T>(op, selector(LDTR));
}
export function storeTr<T>(op: usize): usize {
  if (realOrVirtual()) return raise(op, UD, 0);
  return userModePrevented() ? raise(op, GP, 0) : storeWord<T>(op, selector(TR));
}

const TYPE_LDT: u32 = 2;
const HIGH_BUSY: u32 = 1 << 9;

export function loadLdtr(op: usize): usize {
  if (realOrVirtual()) return raise(op, UD, 0);
  if (cpl() != 0) return raise(op, GP, 0);
  const p = rmRead<u16>(op);
  if (!p) return deliverOpFault(op);
  const sel = <u32>load<u16>(p);
  if (!(sel & 0xfffc)) {
    setNullSegment(LDTR, sel);
    return nextOp(op);
  }
  return systemDescriptor(sel, 1 << TYPE_LDT) && setSystemSegment(LDTR, sel) ? nextOp(op) : deliverOpFault(op);
}
export function loadTr(op: usize): usize {
  if (realOrVirtual()) return raise(op, UD, 0);
  if (cpl() != 0) return raise(op, GP, 0);
  const p = rmRead<u16>(op);
  if (!p) return deliverOpFault(op);
  const sel = <u32>load<u16>(p);
  if (!(sel & 0xfffc)) return raise(op, GP, 0);
  // Available 16-bit and 32-bit TSS; only the latter in long mode, where it is the 64-bit one.
  const types: u32 = longModeActive() ? 1 << 9 : (1 << 1) | (1 << 9);
  if (!systemDescriptor(sel, types) || !markDescriptor(HIGH_BUSY)) return deliverOpFault(op);
  return setSystemSegment(TR, sel) ? nextOp(op) : deliverOpFault(op);
}

/** A present system descriptor of the GDT whose type is in a set. */
function systemDescriptor(sel: u32, types: u32): bool {
  if (sel & 4) return selectorFault(GP, sel);
  if (!fetchDescriptor(sel, GP)) return false;
  if (!descriptorIsSystem(high) || !(types & (1 << descriptorType(high)))) return selectorFault(GP, sel);
  return descriptorPresent(high) ? true : selectorFault(NP, sel);
}

function setSystemSegment(index: u32, sel: u32): bool {
  const lowDword = low;
  const highDword = high;
  let base = <u64>descriptorBase(lowDword, highDword);
  if (longModeActive()) {
    if (!fetchUpper(sel, GP)) return false;
    base |= <u64>upper << 32;
    if (!canonical(base)) return selectorFault(GP, sel);
  }
  setSegment(index, sel, base, descriptorLimit(lowDword, highDword), (highDword >>> 8) & 0xffff);
  return true;
}

/** Fetches a descriptor for LAR, LSL, VERR or VERW: what is no fault of theirs clears ZF. */
const ABSENT: u32 = 0;
const FOUND: u32 = 1;
const FAULT: u32 = 2;
function look(sel: u32): u32 {
  if (!(sel & 0xfffc)) return ABSENT;
  const limit = sel & 4 ? segLimit(LDTR) : load<u32>(GDTR, 8);
  if ((sel | 7) > limit || (sel & 4 && !(selector(LDTR) & 0xfffc))) return ABSENT;
  return fetchDescriptor(sel, GP) ? FOUND : FAULT;
}
function visible(sel: u32): bool {
  if (!descriptorIsSystem(high) && descriptorIsCode(high) && descriptorIsConforming(high)) return true;
  const dpl = descriptorDpl(high);
  return dpl >= cpl() && dpl >= (sel & 3);
}
function answer(op: usize, zero: bool): usize {
  updateArithmeticFlags(zero ? FLAG_ZF : 0, FLAG_ZF);
  return nextOp(op);
}

// System types LAR and LSL accept: bit sets (SDM vol. 2, LAR and LSL).
const LAR_TYPES: u32 = (1 << 1) | (1 << 2) | (1 << 3) | (1 << 4) | (1 << 5) | (1 << 9) | (1 << 11) | (1 << 12);
const LSL_TYPES: u32 = (1 << 1) | (1 << 2) | (1 << 3) | (1 << 9) | (1 << 11);
const LONG_TYPES: u32 = (1 << 2) | (1 << 9) | (1 << 11) | (1 << 12);

function typeAccepted(types: u32): bool {
  if (!descriptorIsSystem(high)) return true;
  const set = longModeActive() ? types & LONG_TYPES : types;
  return ((set >>> descriptorType(high)) & 1) != 0;
}

export function loadAccessRights<T>(op: usize): usize {
  if (realOrVirtual()) return raise(op, UD, 0);
  const p = rmRead<u16>(op);
  if (!p) return deliverOpFault(op);
  const sel = <u32>load<u16>(p);
  const found = look(sel);
  if (found == FAULT) return deliverOpFault(op);
  if (found == ABSENT || !typeAccepted(LAR_TYPES) || !visible(sel)) return answer(op, false);
  putReg<T>(cellA(op), <T>(high & 0x00ff_ff00));
  return answer(op, true);
}
export function loadSegmentLimit<T>(op: usize): usize {
  if (realOrVirtual()) return raise(op, UD, 0);
  const p = rmRead<u16>(op);
  if (!p) return deliverOpFault(op);
  const sel = <u32>load<u16>(p);
  const found = look(sel);
  if (found == FAULT) return deliverOpFault(op);
  if (found == ABSENT || !typeAccepted(LSL_TYPES) || !visible(sel)) return answer(op, false);
  putReg<T>(cellA(op), <T>descriptorLimit(low, high));
  return answer(op, true);
}

function verify(op: usize, write: bool): usize {
  if (realOrVirtual()) return raise(op, UD, 0);
  const p = rmRead<u16>(op);
  if (!p) return deliverOpFault(op);
  const sel = <u32>load<u16>(p);
  const found = look(sel);
  if (found == FAULT) return deliverOpFault(op);
  if (found == ABSENT || descriptorIsSystem(high) || !visible(sel)) return answer(op, false);
  const bit = (high & (1 << 9)) != 0;
  const code = descriptorIsCode(high);
  return answer(op, write ? !code && bit : !code || bit);
}
export function verifyRead(op: usize): usize {
  return verify(op, false);
}
export function verifyWrite(op: usize): usize {
  return verify(op, true);
}

/** ARPL writes only what it raises. */
export function adjustRpl(op: usize): usize {
  if (realOrVirtual()) return raise(op, UD, 0);
  const read = rmRead<u16>(op);
  if (!read) return deliverOpFault(op);
  const target = load<u16>(read);
  const rpl = load<u16>(cellA(op)) & 3;
  const raised = (target & 3) < rpl;
  if (raised) {
    const p = rmModify<u16>(op);
    if (!p) return deliverOpFault(op);
    rmStore<u16>(op, p, (target & ~3) | rpl);
  }
  return answer(op, raised);
}
