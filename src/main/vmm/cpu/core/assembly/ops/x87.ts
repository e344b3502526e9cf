import { FP_SCRATCH, FP_STATE, TLB_USER_ALIGNED, XCR0 } from '../../layout';
import * as R from '../../opcodes/record';
import { directRead, directWrite } from '../access';
import { deliverOpFault, raise } from '../exceptions';
import { fxrstor, fxsave, xrstor, xsave } from '../fp/area';
import { errorPending } from '../fp/error-pin';
import {
  getFsw, getMxcsr, MXCSR_MASK, setFcs, setFdp, setFds, setFip, setFop, setMxcsr,
} from '../fp/state'; // prettier-ignore
import { arithmeticFlags, updateArithmeticFlags } from '../flags';
import { commit, effectiveOffset, linear, readPointer, rmRead, SEGMENT_FAULT, writeAddress, writePointer } from '../memory';
import { currentPrivilege } from '../privilege';
import { setSimdFlags, simdFlags } from '../simd/exec';
import {
  AC, cr0, CR0_EM, CR0_MP, CR0_TS, cr4, CR4_OSFXSR, CR4_OSXSAVE, CS, FLAGS_ARITHMETIC, GP, longCode, MF, NM, nextOp,
  opIsMemory, opRip, opSegment, RAX, realOrVirtual, reg32, selector, setReg16, UD,
} from '../state'; // prettier-ignore
import { takeRefused } from '../walk';
import { execX87 } from '../x87/exec';

/** x87 instructions, and saving and restoring of floating-point state. */
const OPERAND: usize = FP_SCRATCH + 32;
/** FXSAVE and XSAVE images are worked on here. */
const IMAGE: usize = FP_SCRATCH + 256;
const FXSAVE_BYTES: u32 = 512;
const XSAVE_BYTES: u32 = 576;

// @ts-ignore: decorator
@inline function extra(op: usize): u32 { return load<u32>(op, 12); }
// @ts-ignore: decorator
@inline function operation(op: usize): u32 { return (extra(op) >>> R.X87_OP_SHIFT) & 0x3ff; }

/** The fault an x87 instruction starts with, or 0 (SDM vol. 3, 2.5 and 6.15). */
function x87Fault(op: usize): u32 {
  if (cr0() & (CR0_EM | CR0_TS)) return NM;
  return extra(op) & R.X87_WAITS && errorPending() ? MF : 0;
}

/** Bytes of an access to a memory operand: state images are made of words or doublewords, which alignment checks see. */
function pieceOf(bytes: u32): u32 {
  return bytes <= 10 || bytes >= FXSAVE_BYTES ? 8 : bytes & 3 ? 2 : 4;
}

/** Whether all of a state image can be copied at once: memory that is there, on both sides of a page border. */
function isPlain(op: usize, bytes: u32, write: bool): bool {
  if (bytes < FXSAVE_BYTES || currentPrivilege() == TLB_USER_ALIGNED) return false;
  const first = firstPart(op, bytes, write);
  return direct(op, 0, first, bytes, write) != 0 && (first == bytes || direct(op, first, bytes - first, bytes, write) != 0);
}
/** Bytes of a state image in the page it starts in. */
function firstPart(op: usize, bytes: u32, write: bool): u32 {
  return min<u32>(bytes, 4096 - (<u32>operandAddress(op, 0, bytes, write) & 0xfff));
}
/** Host pointer to a part of a state image, or 0. */
function direct(op: usize, at: u32, part: u32, bytes: u32, write: bool): usize {
  const address = operandAddress(op, at, bytes, write);
  return write ? directWrite(address, part) : directRead(address);
}
function copyPages(op: usize, image: usize, bytes: u32, write: bool): void {
  const first = firstPart(op, bytes, write);
  copyPart(op, image, 0, first, bytes, write);
  if (first < bytes) copyPart(op, image, first, bytes - first, bytes, write);
}
function copyPart(op: usize, image: usize, at: u32, part: u32, bytes: u32, write: bool): void {
  const there = direct(op, at, part, bytes, write);
  if (write) memory.copy(there, image + at, part);
  else memory.copy(image + at, there, part);
}

/** Copies between guest memory and scratch, in pieces that never cross a page twice. */
function readBytes(op: usize, target: usize, bytes: u32): bool {
  if (isPlain(op, bytes, false)) {
    copyPages(op, target, bytes, false);
    return true;
  }
  // Ten bytes are loaded as eight and two, each checked on its own.
  if (bytes == 10 && !readPointer<u64>(linear(opSegment(op), effectiveOffset(op), 8, false))) return false;
  const piece = pieceOf(bytes);
  for (let i: u32 = 0; i < bytes; ) {
    const left = min<u32>(bytes - i, piece);
    const address = operandAddress(op, i, bytes, false);
    if (left >= 8) {
      const p = readPointer<u64>(address);
      if (!p) return false;
      store<u64>(target + i, load<u64>(p));
      i += 8;
    } else if (left >= 4) {
      const p = readPointer<u32>(address);
      if (!p) return false;
      store<u32>(target + i, load<u32>(p));
      i += 4;
    } else {
      const p = readPointer<u16>(address);
      if (!p) return false;
      store<u16>(target + i, load<u16>(p));
      i += 2;
    }
  }
  return true;
}
function writeBytes(op: usize, source: usize, bytes: u32): bool {
  if (isPlain(op, bytes, true)) {
    copyPages(op, source, bytes, true);
    return true;
  }
  // The end first: a fault must come before anything is written.
  if (!writePointer<u8>(operandAddress(op, bytes - 1, bytes, true))) return false;
  const piece = pieceOf(bytes);
  for (let i: u32 = 0; i < bytes; ) {
    const left = min<u32>(bytes - i, piece);
    const address = operandAddress(op, i, bytes, true);
    if (left >= 8) {
      const p = writePointer<u64>(address);
      if (!p) return false;
      store<u64>(p, load<u64>(source + i));
      commit(p);
      i += 8;
    } else if (left >= 4) {
      const p = writePointer<u32>(address);
      if (!p) return false;
      store<u32>(p, load<u32>(source + i));
      commit(p);
      i += 4;
    } else {
      const p = writePointer<u16>(address);
      if (!p) return false;
      store<u16>(p, load<u16>(source + i));
      commit(p);
      i += 2;
    }
  }
  return true;
}
/** Linear address `at` bytes into a memory operand whose whole length is checked against its segment. */
function operandAddress(op: usize, at: u32, bytes: u32, write: bool): u64 {
  const start = linear(opSegment(op), effectiveOffset(op), bytes, write);
  return start == SEGMENT_FAULT ? start : longCode() ? start + <u64>at : (start + <u64>at) & 0xffff_ffff;
}

export function x87(op: usize): usize {
  const bytes = (extra(op) >>> R.X87_BYTES_SHIFT) & 0xff;
  return execute(op, bytes, <u32>load<u8>(op, 5) >>> 3);
}
/** FNSTSW AX. */
export function x87StatusToAx(op: usize): usize {
  const fault = x87Fault(op);
  if (fault) return raise(op, fault, 0);
  setReg16(RAX, getFsw());
  return nextOp(op);
}
/** FNSTENV, FLDENV, FNSAVE, FRSTOR: the image's format depends on operand size and mode (SDM vol. 1, 8.1.10). */
export function x87Image<T>(op: usize): usize {
  let bytes = (extra(op) >>> R.X87_BYTES_SHIFT) & 0xff;
  if (sizeof<T>() == 2) bytes -= 14;
  return execute(op, bytes, (sizeof<T>() == 2 ? 1 : 0) | (realOrVirtual() ? 0 : 2));
}

function execute(op: usize, bytes: u32, i: u32): usize {
  const fault = x87Fault(op);
  if (fault) return raise(op, fault, 0);
  const bits = extra(op);
  if (bits & R.X87_LOAD && !readBytes(op, OPERAND, bytes)) return deliverOpFault(op);
  // The store must be possible before the instruction changes anything.
  if (bits & R.X87_STORE && opIsMemory(op) && !writable(op, bytes)) return storeRefused(op, bytes, i);
  if (bits & R.X87_FLAGS) setSimdFlags(arithmeticFlags());
  const stored = execX87(operation(op), i, OPERAND);
  if (bits & R.X87_POINTERS) setPointers(op);
  if (bits & R.X87_FLAGS) updateArithmeticFlags(simdFlags, FLAGS_ARITHMETIC);
  if (bits & R.X87_STORE && stored) writeBytes(op, OPERAND, bytes);
  return nextOp(op);
}
/** Whether a memory operand can be written; the fault is that of its first access. */
function writable(op: usize, bytes: u32): bool {
  if (bytes == 10) return extendedWritable(op);
  const address = operandAddress(op, 0, bytes, true);
  if (bytes == 2) return writePointer<u16>(address) != 0;
  if (bytes == 4) return writePointer<u32>(address) != 0;
  if (bytes == 8) return writePointer<u64>(address) != 0;
  const first = pieceOf(bytes) == 4 ? writePointer<u32>(address) : writePointer<u16>(address);
  return first != 0 && writePointer<u16>(operandAddress(op, bytes - 2, bytes, true)) != 0;
}

function writeFirst(op: usize): void {
  const p = writePointer<u64>(linear(opSegment(op), effectiveOffset(op), 8, true));
  if (!p) return;
  store<u64>(p, load<u64>(OPERAND));
  commit(p);
}

/** Ten bytes are stored as eight and two, each checked on its own. */
function extendedWritable(op: usize): bool {
  if (!writePointer<u64>(linear(opSegment(op), effectiveOffset(op), 8, true))) return false;
  return writePointer<u16>(operandAddress(op, 8, 10, true)) != 0;
}

/** A store that would fault: an unmasked exception keeps it from being tried at all. */
function storeRefused(op: usize, bytes: u32, i: u32): usize {
  memory.copy(IMAGE, FP_STATE, FXSAVE_BYTES);
  if (!execX87(operation(op), i, OPERAND)) {
    // The refusal is nobody's: a later #GP on the stack must not take it for its own.
    takeRefused();
    if (extra(op) & R.X87_POINTERS) setPointers(op);
    return nextOp(op);
  }
  memory.copy(FP_STATE, IMAGE, FXSAVE_BYTES);
  // The first eight of ten bytes are stored on their own, before the others fault.
  if (bytes == 10) writeFirst(op);
  writable(op, bytes);
  return deliverOpFault(op);
}

function setPointers(op: usize): void {
  setFip(opRip(op));
  setFcs(longCode() ? 0 : selector(CS));
  setFop(((<u32>load<u8>(op, 4) >>> 3) << 8) | (extra(op) & 0xff));
  if (opIsMemory(op)) {
    setFdp(effectiveOffset(op));
    setFds(longCode() ? 0 : selector(opSegment(op)));
  }
}

/** FWAIT. */
export function waitX87(op: usize): usize {
  if ((cr0() & (CR0_MP | CR0_TS)) == (CR0_MP | CR0_TS)) return raise(op, NM, 0);
  return errorPending() ? raise(op, MF, 0) : nextOp(op);
}

// @ts-ignore: decorator
@inline function registers(): u32 { return longCode() ? 16 : 8; }

function stateFault(): u32 {
  return cr0() & CR0_EM ? UD : cr0() & CR0_TS ? NM : 0;
}
/** What a state image that is not aligned raises: #AC where alignment is checked and it is off by less than 4, as processors choose (SDM vol. 2, FXSAVE). */
function misalignment(op: usize): u32 {
  return currentPrivilege() == TLB_USER_ALIGNED && !aligned(op, 4) ? AC : GP;
}
function aligned(op: usize, alignment: u64): bool {
  return (operandAddress(op, 0, 1, false) & (alignment - 1)) == 0;
}

export function saveFpState<T>(op: usize): usize {
  const fault = cr0() & (CR0_EM | CR0_TS) ? NM : 0;
  if (fault) return raise(op, fault, 0);
  if (!aligned(op, 16)) return raise(op, misalignment(op), 0);
  // Bytes it leaves alone are read back; a fault is one of writing.
  if (!writePointer<u8>(operandAddress(op, 0, FXSAVE_BYTES, true))) return deliverOpFault(op);
  if (!readBytes(op, IMAGE, FXSAVE_BYTES)) return deliverOpFault(op);
  fxsave(IMAGE, sizeof<T>() == 8, registers());
  return writeBytes(op, IMAGE, FXSAVE_BYTES) ? nextOp(op) : deliverOpFault(op);
}
export function restoreFpState<T>(op: usize): usize {
  const fault = cr0() & (CR0_EM | CR0_TS) ? NM : 0;
  if (fault) return raise(op, fault, 0);
  if (!aligned(op, 16)) return raise(op, misalignment(op), 0);
  if (!readBytes(op, IMAGE, FXSAVE_BYTES)) return deliverOpFault(op);
  return fxrstor(IMAGE, sizeof<T>() == 8, registers()) ? nextOp(op) : raise(op, GP, 0);
}

export function loadMxcsr(op: usize): usize {
  const fault = sseStateFault();
  if (fault) return raise(op, fault, 0);
  const p = rmRead<u32>(op);
  if (!p) return deliverOpFault(op);
  const value = load<u32>(p);
  if (value & ~MXCSR_MASK) return raise(op, GP, 0);
  setMxcsr(value);
  return nextOp(op);
}
export function storeMxcsr(op: usize): usize {
  const fault = sseStateFault();
  if (fault) return raise(op, fault, 0);
  const p = writePointer<u32>(writeAddress<u32>(op));
  if (!p) return deliverOpFault(op);
  store<u32>(p, getMxcsr());
  commit(p);
  return nextOp(op);
}
function sseStateFault(): u32 {
  return cr4() & CR4_OSFXSR ? stateFault() : UD;
}

function extendedFault(op: usize): u32 {
  if (!(cr4() & CR4_OSXSAVE)) return UD;
  return cr0() & CR0_TS ? NM : aligned(op, 64) ? 0 : GP;
}
/** The components EDX:EAX asks for among those XCR0 enables. */
function requested(): u32 {
  return reg32(RAX) & load<u32>(XCR0);
}
export function saveExtendedState<T>(op: usize): usize {
  const fault = extendedFault(op);
  if (fault) return raise(op, fault, 0);
  if (!readBytes(op, IMAGE, XSAVE_BYTES)) return deliverOpFault(op);
  xsave(IMAGE, requested(), sizeof<T>() == 8, registers(), false);
  return writeBytes(op, IMAGE, XSAVE_BYTES) ? nextOp(op) : deliverOpFault(op);
}
export function restoreExtendedState<T>(op: usize): usize {
  const fault = extendedFault(op);
  if (fault) return raise(op, fault, 0);
  if (!readBytes(op, IMAGE, XSAVE_BYTES)) return deliverOpFault(op);
  const ok = xrstor(IMAGE, requested(), load<u64>(XCR0), sizeof<T>() == 8, registers());
  return ok ? nextOp(op) : raise(op, GP, 0);
}
