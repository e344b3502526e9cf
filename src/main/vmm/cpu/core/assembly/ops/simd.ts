import { FP_SCRATCH } from '../../layout';
import * as R from '../../opcodes/record';
import { SimdOp } from '../../opcodes/simd-op';
import { deliverOpFault, raise } from '../exceptions';
import { updateArithmeticFlags } from '../flags';
import { takeRefused } from '../walk';
import { enterMmx, execMmx, execSimd, simdFlags, simdIndex } from '../simd/exec';
import { addressMask, commit, effectiveOffset, linear, readAddress, readPointer, opAddressSize, SEGMENT_FAULT, writeAddress, writePointer } from '../memory';
import {
  cellA, cellB, cr0, CR0_EM, CR0_TS, cr4, CR4_OSFXSR, CR4_OSXMMEXCPT, FLAGS_ARITHMETIC, GP, longCode, MF, NM, nextOp,
  opIsMemory, opSegment, RCX, RDI, reg64, segBase, setFault, setReg32, UD, XM,
} from '../state'; // prettier-ignore
import { errorPending } from '../fp/error-pin';
import { getValid, setValid, X87_CELLS, XMM_CELLS } from '../fp/state';

/** MMX and SSE: operands are fetched to 16-byte cells, executed by `simd/`, and stored from them. */
const SCRATCH: usize = FP_SCRATCH;
const RESULT: usize = FP_SCRATCH + 16;

// @ts-ignore: decorator
@inline function extra(op: usize): u32 { return load<u32>(op, 12); }
// @ts-ignore: decorator
@inline function operation(op: usize): u32 { return (extra(op) >>> R.SIMD_OP_SHIFT) & 0x3ff; }
// @ts-ignore: decorator
@inline function immediate(op: usize): u32 { return extra(op) & 0xff; }
// @ts-ignore: decorator
@inline function wide(op: usize): bool { return (extra(op) & R.SIMD_WIDE) != 0; }
function memoryBytes(op: usize): u32 {
  const code = (extra(op) >>> R.SIMD_BYTES_SHIFT) & 7;
  return code ? 1 << (code - 1) : 0;
}

// Registers as 16-byte cells; op fields are 8 × register number.
// @ts-ignore: decorator
@inline function xmmA(op: usize): usize { return XMM_CELLS + (<usize>load<u8>(op, 4) << 1); }
// @ts-ignore: decorator
@inline function xmmB(op: usize): usize { return XMM_CELLS + (<usize>load<u8>(op, 5) << 1); }
// @ts-ignore: decorator
@inline function mmxA(op: usize): usize { return X87_CELLS + (<usize>(load<u8>(op, 4) & 0x38) << 1); }
// @ts-ignore: decorator
@inline function mmxB(op: usize): usize { return X87_CELLS + (<usize>(load<u8>(op, 5) & 0x38) << 1); }

/** Whether SSE instructions may run; the fault is noted in `vector` otherwise (SDM vol. 3, 13.1). */
function sseFault(): u32 {
  if (cr0() & CR0_EM || !(cr4() & CR4_OSFXSR)) return UD;
  return cr0() & CR0_TS ? NM : 0;
}
function mmxFault(): u32 {
  if (cr0() & CR0_EM) return UD;
  if (cr0() & CR0_TS) return NM;
  return errorPending() ? MF : 0;
}

/** Loads the memory operand zero-extended into SCRATCH; 0 with the fault noted. */
function fetch(op: usize): usize {
  const bytes = memoryBytes(op);
  if (bytes == 16) return fetch16(op);
  store<u64>(SCRATCH, 0);
  store<u64>(SCRATCH, 0, 8);
  let p: usize;
  if (bytes == 8) {
    p = readPointer<u64>(readAddress<u64>(op));
    if (p) store<u64>(SCRATCH, load<u64>(p));
  } else if (bytes == 4) {
    p = readPointer<u32>(readAddress<u32>(op));
    if (p) store<u64>(SCRATCH, load<u32>(p));
  } else if (bytes == 2) {
    p = readPointer<u16>(readAddress<u16>(op));
    if (p) store<u64>(SCRATCH, load<u16>(p));
  } else {
    p = readPointer<u8>(readAddress<u8>(op));
    if (p) store<u64>(SCRATCH, load<u8>(p));
  }
  return p ? SCRATCH : 0;
}
function fetch16(op: usize): usize {
  const address = readAddress<v128>(op);
  if (!aligned(op, address)) return 0;
  const p = readPointer<v128>(address);
  if (!p) return 0;
  v128.store(SCRATCH, v128.load(p));
  return SCRATCH;
}
function aligned(op: usize, address: u64): bool {
  if (!(extra(op) & R.SIMD_ALIGNED)) return true;
  // Alignment comes before the limit of the segment. In 64-bit code it is an address like others.
  const at = address == SEGMENT_FAULT && !longCode() ? segBase(opSegment(op)) + effectiveOffset(op) : address;
  if (!(at & 15)) return true;
  setFault(GP, 0);
  return false;
}

/** Stores the low bytes of RESULT to the memory operand; false with the fault noted. */
function putResult(op: usize, bytes: u32): bool {
  let p: usize;
  if (bytes == 16) {
    const address = writeAddress<v128>(op);
    if (!aligned(op, address)) return false;
    p = writePointer<v128>(address);
    if (p) v128.store(p, v128.load(RESULT));
  } else if (bytes == 8) {
    p = writePointer<u64>(writeAddress<u64>(op));
    if (p) store<u64>(p, load<u64>(RESULT));
  } else if (bytes == 4) {
    p = writePointer<u32>(writeAddress<u32>(op));
    if (p) store<u32>(p, load<u32>(RESULT));
  } else if (bytes == 2) {
    p = writePointer<u16>(writeAddress<u16>(op));
    if (p) store<u16>(p, load<u16>(RESULT));
  } else {
    p = writePointer<u8>(writeAddress<u8>(op));
    if (p) store<u8>(p, load<u8>(RESULT));
  }
  if (p) commit(p);
  return p != 0;
}

/** What follows an executed SSE instruction: an unmasked exception, flags, an index. */
function finish(op: usize, ok: bool): usize {
  if (!ok) return raise(op, cr4() & CR4_OSXMMEXCPT ? XM : UD, 0);
  const bits = extra(op);
  if (bits & R.SIMD_FLAGS) updateArithmeticFlags(simdFlags, FLAGS_ARITHMETIC);
  if (bits & R.SIMD_INDEX) setReg32(RCX, simdIndex);
  return nextOp(op);
}

// Handlers by operand letters: destination, then source.
export function simdVW(op: usize): usize {
  const fault = sseFault();
  if (fault) return raise(op, fault, 0);
  const source = opIsMemory(op) ? fetch(op) : xmmB(op);
  if (!source) return deliverOpFault(op);
  return finish(op, execSimd(operation(op), xmmA(op), source, immediate(op)));
}
export function simdVU(op: usize): usize {
  return simdVW(op);
}
export function simdU(op: usize): usize {
  const fault = sseFault();
  if (fault) return raise(op, fault, 0);
  return finish(op, execSimd(operation(op), xmmB(op), xmmB(op), immediate(op)));
}
export function simdWV(op: usize): usize {
  const fault = sseFault();
  if (fault) return raise(op, fault, 0);
  if (!opIsMemory(op)) return finish(op, execSimd(operation(op), xmmB(op), xmmA(op), immediate(op)));
  v128.store(RESULT, i64x2.splat(0));
  execSimd(operation(op), RESULT, xmmA(op), immediate(op));
  return putResult(op, memoryBytes(op)) ? nextOp(op) : deliverOpFault(op);
}

/** A general register or memory operand in SCRATCH, zero-extended to 64 bits. */
function fetchGeneral(op: usize): usize {
  if (opIsMemory(op)) {
    // REX.W does not widen PINSRB and PINSRW.
    if (!wide(op) || memoryBytes(op) < 4) return fetch(op);
    const p = readPointer<u64>(readAddress<u64>(op));
    if (!p) return 0;
    store<u64>(SCRATCH, load<u64>(p));
  } else {
    store<u64>(SCRATCH, wide(op) ? load<u64>(cellB(op)) : <u64>load<u32>(cellB(op)));
  }
  store<u64>(SCRATCH, 0, 8);
  return SCRATCH;
}
export function simdVE(op: usize): usize {
  const fault = sseFault();
  if (fault) return raise(op, fault, 0);
  const source = fetchGeneral(op);
  if (!source) return deliverOpFault(op);
  return finish(op, execSimd(operation(op), xmmA(op), source, immediate(op)));
}
/** Bytes a general operand has in memory: REX.W widens MOVD's, but not EXTRACTPS's. */
function generalBytes(op: usize): u32 {
  return wide(op) && operation(op) == SimdOp.MOVQ ? 8 : memoryBytes(op);
}
/** RESULT to a general register or to memory. */
function putGeneral(op: usize): usize {
  if (!opIsMemory(op)) {
    store<u64>(cellB(op), wide(op) ? load<u64>(RESULT) : <u64>load<u32>(RESULT));
    return nextOp(op);
  }
  return putResult(op, generalBytes(op)) ? nextOp(op) : deliverOpFault(op);
}
function clearResult(): void {
  store<u64>(RESULT, 0);
  store<u64>(RESULT, 0, 8);
}
export function simdEV(op: usize): usize {
  const fault = sseFault();
  if (fault) return raise(op, fault, 0);
  clearResult();
  execSimd(operation(op), RESULT, xmmA(op), immediate(op));
  return putGeneral(op);
}
/** To a general register from an xmm register or memory. */
export function simdGW(op: usize): usize {
  const fault = sseFault();
  if (fault) return raise(op, fault, 0);
  const source = opIsMemory(op) ? fetch(op) : xmmB(op);
  if (!source) return deliverOpFault(op);
  clearResult();
  const ok = execSimd(operation(op), RESULT, source, immediate(op));
  if (ok) store<u64>(cellA(op), wide(op) ? load<u64>(RESULT) : <u64>load<u32>(RESULT));
  return finish(op, ok);
}
export function simdGU(op: usize): usize {
  return simdGW(op);
}

// MMX.
export function simd(op: usize): usize {
  const fault = mmxFault();
  if (fault) return raise(op, fault, 0);
  execMmx(operation(op), RESULT, SCRATCH, 0);
  return nextOp(op);
}
export function simdPQ(op: usize): usize {
  const fault = mmxFault();
  if (fault) return raise(op, fault, 0);
  const source = opIsMemory(op) ? fetch(op) : mmxB(op);
  if (!source) return deliverOpFault(op);
  return finish(op, execMmx(operation(op), mmxA(op), source, immediate(op)));
}
export function simdN(op: usize): usize {
  const fault = mmxFault();
  if (fault) return raise(op, fault, 0);
  return finish(op, execMmx(operation(op), mmxB(op), mmxB(op), immediate(op)));
}
export function simdQP(op: usize): usize {
  const fault = mmxFault();
  if (fault) return raise(op, fault, 0);
  if (!opIsMemory(op)) return finish(op, execMmx(operation(op), mmxB(op), mmxA(op), immediate(op)));
  const valid = getValid();
  clearResult();
  execMmx(operation(op), RESULT, mmxA(op), immediate(op));
  return putResult(op, memoryBytes(op)) ? nextOp(op) : faultOfStore(op, valid);
}
/** A store that faults leaves the x87 tags alone, but TOP is 0 by then. */
function faultOfStore(op: usize, valid: u32): usize {
  setValid(valid);
  return deliverOpFault(op);
}
export function simdPE(op: usize): usize {
  const fault = mmxFault();
  if (fault) return raise(op, fault, 0);
  const source = fetchGeneral(op);
  if (!source) return deliverOpFault(op);
  return finish(op, execMmx(operation(op), mmxA(op), source, immediate(op)));
}
export function simdEP(op: usize): usize {
  const fault = mmxFault();
  if (fault) return raise(op, fault, 0);
  const valid = getValid();
  clearResult();
  execMmx(operation(op), RESULT, mmxA(op), immediate(op));
  if (!opIsMemory(op)) return putGeneral(op);
  return putResult(op, generalBytes(op)) ? nextOp(op) : faultOfStore(op, valid);
}
export function simdGN(op: usize): usize {
  const fault = mmxFault();
  if (fault) return raise(op, fault, 0);
  clearResult();
  execMmx(operation(op), RESULT, mmxB(op), immediate(op));
  store<u64>(cellA(op), wide(op) ? load<u64>(RESULT) : <u64>load<u32>(RESULT));
  return nextOp(op);
}

// Between the two register files.
function mixedFault(): u32 {
  const fault = sseFault();
  return fault ? fault : errorPending() ? MF : 0;
}
export function simdPW(op: usize): usize {
  const fault = mixedFault();
  if (fault) return raise(op, fault, 0);
  const source = opIsMemory(op) ? fetch(op) : xmmB(op);
  if (!source) return deliverOpFault(op);
  return finish(op, execMmx(operation(op), mmxA(op), source, immediate(op)));
}
export function simdPU(op: usize): usize {
  return simdPW(op);
}
export function simdVQ(op: usize): usize {
  // An x87 error is none of its business if it does not touch that state.
  const fault = opIsMemory(op) ? sseFault() : mixedFault();
  if (fault) return raise(op, fault, 0);
  const source = opIsMemory(op) ? fetch(op) : mmxB(op);
  if (!source) return deliverOpFault(op);
  // A memory operand leaves the x87 state alone (SDM vol. 2, CVTPI2PS).
  if (opIsMemory(op)) return finish(op, execSimd(operation(op), xmmA(op), source, immediate(op)));
  return finish(op, execMmx(operation(op), xmmA(op), source, immediate(op)));
}
export function simdVN(op: usize): usize {
  return simdVQ(op);
}

/** MASKMOVDQU, MASKMOVQ: bytes whose mask byte has its top bit set go to DS:rDI. */
function maskedStore(op: usize, value: usize, mask: usize, bytes: u32): usize {
  const address = linear(opSegment(op), reg64(RDI) & addressMask(opAddressSize(op)), bytes, true);
  // All of it must be writable, whatever the mask, before any of it is written.
  if (!writePointer<u64>(address) || !writePointer<u64>(address + <u64>(bytes - 8))) {
    // Its operand is not what ModR/M says, which would make it look like one on the stack.
    takeRefused();
    return deliverOpFault(op);
  }
  for (let i: u32 = 0; i < bytes; i++) {
    if (load<i8>(mask + i) >= 0) continue;
    const p = writePointer<u8>(address + <u64>i);
    store<u8>(p, load<u8>(value + i));
    commit(p);
  }
  return nextOp(op);
}
export function maskedStoreXmm(op: usize): usize {
  const fault = sseFault();
  return fault ? raise(op, fault, 0) : maskedStore(op, xmmA(op), xmmB(op), 16);
}
export function maskedStoreMmx(op: usize): usize {
  const fault = mmxFault();
  if (fault) return raise(op, fault, 0);
  // Even if the store faults.
  enterMmx();
  return maskedStore(op, mmxA(op), mmxB(op), 8);
}
