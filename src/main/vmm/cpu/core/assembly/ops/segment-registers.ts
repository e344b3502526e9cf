import { MSR_KERNEL_GS_BASE, SEG_BASE, SEGMENT_SIZE, SEGMENTS } from '../../layout';
import { lookup } from '../code-cache';
import { deliverOpFault, raise } from '../exceptions';
import { castShadow } from '../loop';
import { addressBeyond, readAddress, readPointer, rmRead, rmStore, rmWrite } from '../memory';
import { loadDataSegment } from '../segments';
import { cellA, cellB, cpl, cr4, CR4_FSGSBASE, CS, DS, ES, FS, GP, GS, nextOp, opIsMemory, opNextRip, putReg, reg64, RSP, selector, setReg64, SS, UD } from '../state'; // prettier-ignore
import { canonical } from '../walk';
import { dropStack, peek, pushSegmentRegister } from './stack';

/** Segment registers. */
const FS_BASE: usize = SEGMENTS + 4 * SEGMENT_SIZE + SEG_BASE;
const GS_BASE: usize = SEGMENTS + 5 * SEGMENT_SIZE + SEG_BASE;

/** Segment number of an op's Sw operand. */
function segmentNumber(op: usize): u32 {
  return (load<u8>(op, 4) >>> 3) & 7;
}

/** MOV r/m, Sw: memory gets 16 bits whatever the operand size, a register is zero-extended. */
export function storeSegment<T>(op: usize): usize {
  const index = segmentNumber(op);
  if (index > GS) return raise(op, UD, 0);
  if (!opIsMemory(op)) {
    putReg<T>(cellB(op), <T>selector(index));
    return nextOp(op);
  }
  const p = rmWrite<u16>(op);
  if (!p) return deliverOpFault(op);
  rmStore<u16>(op, p, <u16>selector(index));
  return nextOp(op);
}

/** The next op after a segment register changed: the code mode may have. */
function loaded(op: usize): usize {
  return lookup(opNextRip(op));
}

/** MOV and POP to SS hold interrupts off, unlike LSS (SDM vol. 3, 6.8.3). */
function loadedAlone(op: usize, index: u32): usize {
  if (index == SS) castShadow(2, opNextRip(op));
  return loaded(op);
}

export function loadSegmentRegister(op: usize): usize {
  const index = segmentNumber(op);
  if (index == CS || index > GS) return raise(op, UD, 0);
  const p = rmRead<u16>(op);
  if (!p || !loadDataSegment(index, load<u16>(p))) return deliverOpFault(op);
  return loadedAlone(op, index);
}

export function pushEs<T>(op: usize): usize {
  return pushSegmentRegister<T>(op, selector(ES));
}
export function pushCs<T>(op: usize): usize {
  return pushSegmentRegister<T>(op, selector(CS));
}
export function pushSs<T>(op: usize): usize {
  return pushSegmentRegister<T>(op, selector(SS));
}
export function pushDs<T>(op: usize): usize {
  return pushSegmentRegister<T>(op, selector(DS));
}
export function pushFs<T>(op: usize): usize {
  return pushSegmentRegister<T>(op, selector(FS));
}
export function pushGs<T>(op: usize): usize {
  return pushSegmentRegister<T>(op, selector(GS));
}

/** Whatever the operand size, a pop reads only 16 bits. */
function popSegment<T>(op: usize, index: u32): usize {
  const p = peek<u16>(0);
  if (!p) return deliverOpFault(op);
  const sel = <u32>load<u16>(p);
  // The stack pointer moves by the old SS's width.
  const old = reg64(RSP);
  dropStack(sizeof<T>());
  if (!loadDataSegment(index, sel)) {
    setReg64(RSP, old);
    return deliverOpFault(op);
  }
  return loadedAlone(op, index);
}
export function popEs<T>(op: usize): usize {
  return popSegment<T>(op, ES);
}
export function popSs<T>(op: usize): usize {
  return popSegment<T>(op, SS);
}
export function popDs<T>(op: usize): usize {
  return popSegment<T>(op, DS);
}
export function popFs<T>(op: usize): usize {
  return popSegment<T>(op, FS);
}
export function popGs<T>(op: usize): usize {
  return popSegment<T>(op, GS);
}

function loadFar<T>(op: usize, index: u32): usize {
  if (!opIsMemory(op)) return raise(op, UD, 0);
  const first = readPointer<T>(readAddress<T>(op));
  if (!first) return deliverOpFault(op);
  const offset = load<T>(first);
  const second = readPointer<u16>(addressBeyond(op, sizeof<T>(), 2));
  if (!second || !loadDataSegment(index, load<u16>(second))) return deliverOpFault(op);
  putReg<T>(cellA(op), offset);
  return loaded(op);
}
export function loadFarEs<T>(op: usize): usize {
  return loadFar<T>(op, ES);
}
export function loadFarDs<T>(op: usize): usize {
  return loadFar<T>(op, DS);
}
export function loadFarSs<T>(op: usize): usize {
  return loadFar<T>(op, SS);
}
export function loadFarFs<T>(op: usize): usize {
  return loadFar<T>(op, FS);
}
export function loadFarGs<T>(op: usize): usize {
  return loadFar<T>(op, GS);
}

function baseEnabled(): bool {
  return (cr4() & CR4_FSGSBASE) != 0;
}
function readBase<T>(op: usize, base: usize): usize {
  if (!baseEnabled()) return raise(op, UD, 0);
  putReg<T>(cellB(op), <T>load<u64>(base));
  return nextOp(op);
}
function writeBase<T>(op: usize, base: usize): usize {
  if (!baseEnabled()) return raise(op, UD, 0);
  const value = <u64>load<T>(cellB(op));
  if (!canonical(value)) return raise(op, GP, 0);
  store<u64>(base, value);
  return nextOp(op);
}
export function readFsBase<T>(op: usize): usize {
  return readBase<T>(op, FS_BASE);
}
export function readGsBase<T>(op: usize): usize {
  return readBase<T>(op, GS_BASE);
}
export function writeFsBase<T>(op: usize): usize {
  return writeBase<T>(op, FS_BASE);
}
export function writeGsBase<T>(op: usize): usize {
  return writeBase<T>(op, GS_BASE);
}
export function swapGs(op: usize): usize {
  if (cpl() != 0) return raise(op, GP, 0);
  const base = load<u64>(GS_BASE);
  store<u64>(GS_BASE, load<u64>(MSR_KERNEL_GS_BASE));
  store<u64>(MSR_KERNEL_GS_BASE, base);
  return nextOp(op);
}
