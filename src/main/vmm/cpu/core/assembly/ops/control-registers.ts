import { CR0, CR2, CR3, MSR_TSC_AUX, XCR0 } from '../../layout';
import { randomBits, readTaskPriority, writeTaskPriority } from '../bus';
import { lookup } from '../code-cache';
import { runningContext, writeCr0, writeCr3, writeCr4, writeXcr0 } from '../control';
import { cpuid } from '../cpuid';
import { debugRegister, DR6_BD, dr6, DR6_FIXED, dr7, DR7_FIXED, DR7_GD, setDebugRegister, setDr6, setDr7 } from '../debug';
import { deliverOpFault, raise } from '../exceptions';
import { updateArithmeticFlags, updateEventMask } from '../flags';
import { effectiveOffset, linear, readAddress, readPointer, rmRead } from '../memory';
import { msrValue, readMsr as readRegister, timeStampCounter, writeMsr as writeRegister } from '../msr';
import {
  cellA, cellB, cpl, CS, cr0, CR0_EM, CR0_MP, CR0_PE, CR0_TS, cr4, CR4_DE, CR4_OSXSAVE, CR4_PCIDE, CR4_TSD, DB, FLAG_CF, FLAGS_ARITHMETIC,
  GP, longCode, nextOp, opIsMemory, opNextRip, opSegment, segBase, segLimit, putReg, RAX, RCX, RDX, reg32, setReg32, UD,
} from '../state'; // prettier-ignore
import { flushAll, flushNonGlobal, invalidatePage } from '../tlb';
import { forgetContext, forgetContexts } from '../tlb-contexts';
import { canonical } from '../walk';
import { storeWord, userModePrevented } from './descriptor-tables';

/** Control, debug and model-specific registers; identification, time, randomness, translation caches. */

/** The register number of an op's Cy or Dy operand. */
function number(op: usize): u32 {
  return load<u8>(op, 4) >>> 3;
}

/** Goes on with the next instruction, looked up anew: paging or the code mode may have changed. */
function refetch(op: usize): usize {
  return lookup(opNextRip(op));
}

function putNatural(op: usize, value: u64): usize {
  store<u64>(cellB(op), longCode() ? value : value & 0xffff_ffff);
  return nextOp(op);
}
function natural(op: usize): u64 {
  const value = load<u64>(cellB(op));
  return longCode() ? value : value & 0xffff_ffff;
}

/** CR0, CR2, CR3, CR4 and CR8; any other is #UD, even where the privilege is missing too. */
function isControlRegister(index: u32): bool {
  return index < 9 && ((0b1_0001_1101 >>> index) & 1) != 0;
}

export function readControl(op: usize): usize {
  if (!isControlRegister(number(op))) return raise(op, UD, 0);
  if (cpl() != 0) return raise(op, GP, 0);
  switch (number(op)) {
    case 0: return putNatural(op, load<u64>(CR0));
    case 2: return putNatural(op, load<u64>(CR2));
    case 3: return putNatural(op, load<u64>(CR3));
    case 4: return putNatural(op, cr4());
    default: return putNatural(op, readTaskPriority());
  }
}
export function writeControl(op: usize): usize {
  if (!isControlRegister(number(op))) return raise(op, UD, 0);
  if (cpl() != 0) return raise(op, GP, 0);
  const value = natural(op);
  switch (number(op)) {
    case 0: return writeCr0(value) ? refetch(op) : deliverOpFault(op);
    case 2: store<u64>(CR2, value); return nextOp(op);
    case 3: return writeCr3(value) ? refetch(op) : deliverOpFault(op);
    case 4: return writeCr4(value) ? refetch(op) : deliverOpFault(op);
    default:
      if (value > 15) return raise(op, GP, 0);
      writeTaskPriority(<u32>value);
      return nextOp(op);
  }
}

export function storeMachineStatus<T>(op: usize): usize {
  if (userModePrevented()) return raise(op, GP, 0);
  return storeWord<T>(op, <u32>cr0());
}
/** LMSW sets the low four bits of CR0, and cannot clear PE. */
export function loadMachineStatus(op: usize): usize {
  if (cpl() != 0) return raise(op, GP, 0);
  const p = rmRead<u16>(op);
  if (!p) return deliverOpFault(op);
  const writable = CR0_PE | CR0_MP | CR0_EM | CR0_TS;
  const value = (cr0() & ~writable) | (<u32>load<u16>(p) & writable) | (cr0() & CR0_PE);
  return writeCr0(value) ? refetch(op) : deliverOpFault(op);
}
export function clearTaskSwitched(op: usize): usize {
  if (cpl() != 0) return raise(op, GP, 0);
  store<u32>(CR0, cr0() & ~CR0_TS);
  return nextOp(op);
}

/** DR4 and DR5 are DR6 and DR7 without CR4.DE; with general detect on, any access is a debug exception. */
function debugNumber(op: usize): i32 {
  const index = number(op);
  if (index > 7) return -1;
  if (index != 4 && index != 5) return index;
  return cr4() & CR4_DE ? -1 : index + 2;
}
function detected(op: usize): usize {
  setDr6(dr6() | DR6_BD);
  return raise(op, DB, 0);
}
export function readDebug(op: usize): usize {
  const index = debugNumber(op);
  if (index < 0) return raise(op, UD, 0);
  if (cpl() != 0) return raise(op, GP, 0);
  if (dr7() & DR7_GD) return detected(op);
  return putNatural(op, index < 4 ? debugRegister(index) : index == 6 ? <u64>dr6() : <u64>dr7());
}
export function writeDebug(op: usize): usize {
  const index = debugNumber(op);
  if (index < 0) return raise(op, UD, 0);
  if (cpl() != 0) return raise(op, GP, 0);
  if (dr7() & DR7_GD) return detected(op);
  const value = natural(op);
  if (index < 4) {
    if (!canonical(value) && longCode()) return raise(op, GP, 0);
    setDebugRegister(index, value);
  } else if (value >>> 32) {
    return raise(op, GP, 0);
  } else if (index == 6) {
    setDr6((<u32>value & ~0x1000) | DR6_FIXED);
  } else {
    setDr7((<u32>value & ~0xd800) | DR7_FIXED);
  }
  // Pages with breakpoints must not be in a TLB.
  flushAll();
  updateEventMask();
  return refetch(op);
}

export function readMsr(op: usize): usize {
  if (cpl() != 0 || !readRegister(reg32(RCX))) return raise(op, GP, 0);
  setReg32(RAX, <u32>msrValue());
  setReg32(RDX, <u32>(msrValue() >>> 32));
  return nextOp(op);
}
export function writeMsr(op: usize): usize {
  const value = ((<u64>reg32(RDX)) << 32) | <u64>reg32(RAX);
  if (cpl() != 0 || !writeRegister(reg32(RCX), value)) return raise(op, GP, 0);
  return refetch(op);
}
export function readCounter(op: usize): usize {
  return raise(op, GP, 0);
}

export function processorId(op: usize): usize {
  cpuid();
  return nextOp(op);
}

function timeAllowed(): bool {
  return cpl() == 0 || !(cr4() & CR4_TSD);
}
function putTime(): void {
  const ticks = timeStampCounter();
  setReg32(RAX, <u32>ticks);
  setReg32(RDX, <u32>(ticks >>> 32));
}
export function readTimeStamp(op: usize): usize {
  if (!timeAllowed()) return raise(op, GP, 0);
  putTime();
  return nextOp(op);
}
export function readTimeStampAndProcessor(op: usize): usize {
  if (!timeAllowed()) return raise(op, GP, 0);
  putTime();
  setReg32(RCX, load<u32>(MSR_TSC_AUX));
  return nextOp(op);
}

export function readExtendedControl(op: usize): usize {
  if (!(cr4() & CR4_OSXSAVE)) return raise(op, UD, 0);
  if (reg32(RCX) != 0) return raise(op, GP, 0);
  setReg32(RAX, load<u32>(XCR0));
  setReg32(RDX, 0);
  return nextOp(op);
}
export function writeExtendedControl(op: usize): usize {
  if (!(cr4() & CR4_OSXSAVE)) return raise(op, UD, 0);
  if (cpl() != 0 || reg32(RCX) != 0) return raise(op, GP, 0);
  const value = ((<u64>reg32(RDX)) << 32) | <u64>reg32(RAX);
  return writeXcr0(value) ? nextOp(op) : deliverOpFault(op);
}

export function randomNumber<T>(op: usize): usize {
  const low = <u64>randomBits();
  putReg<T>(cellB(op), <T>(sizeof<T>() == 8 ? low | (<u64>randomBits() << 32) : low));
  updateArithmeticFlags(FLAG_CF, FLAGS_ARITHMETIC);
  return nextOp(op);
}

export function invalidatePageEntry(op: usize): usize {
  if (cpl() != 0) return raise(op, GP, 0);
  const address = linear(opSegment(op), effectiveOffset(op), 1, false);
  if (canonical(address)) invalidatePage(address);
  return refetch(op);
}

/** INVPCID (SDM vol. 2). Of a context that is not running all is dropped that is kept of it, also for one address. */
export function invalidateContext(op: usize): usize {
  if (cpl() != 0) return raise(op, GP, 0);
  const type = longCode() ? load<u64>(cellA(op)) : <u64>load<u32>(cellA(op));
  const p = readPointer<v128>(readAddress<v128>(op));
  if (!p) return deliverOpFault(op);
  const pcid = load<u64>(p);
  const address = load<u64>(p, 8);
  if (type > 3 || pcid > 0xfff) return raise(op, GP, 0);
  if (type < 2 && pcid && !(cr4() & CR4_PCIDE)) return raise(op, GP, 0);
  if (type == 0 && !canonical(address)) return raise(op, GP, 0);
  const runs = <u32>pcid == runningContext();
  if (type == 2) {
    flushAll();
  } else if (type == 3) {
    forgetContexts();
    flushNonGlobal();
  } else if (!runs) {
    forgetContext(<u32>pcid);
  } else if (type == 0) {
    invalidatePage(address);
  } else {
    flushNonGlobal();
  }
  return refetch(op);
}

/** Caches are coherent here: INVD and WBINVD only check privilege. */
export function flushCaches(op: usize): usize {
  return cpl() != 0 ? raise(op, GP, 0) : nextOp(op);
}
/** CLFLUSH touches its operand as a load does, but in a code segment that need not be readable (SDM vol. 2, CLFLUSH). */
export function flushLine(op: usize): usize {
  return readPointer<u8>(inCodeSegment(op) ? segBase(CS) + effectiveOffset(op) : readAddress<u8>(op))
    ? nextOp(op)
    : deliverOpFault(op);
}
function inCodeSegment(op: usize): bool {
  return !longCode() && opIsMemory(op) && opSegment(op) == CS && effectiveOffset(op) <= <u64>segLimit(CS);
}
