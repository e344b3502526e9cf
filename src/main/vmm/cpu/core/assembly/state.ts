import {
  COUNTERS, CPL, CR0, CR2, CR3, CR4, CODE_MODE, EFER, EFLAGS, EVENT_MASK, EVENTS, FAULT_ERROR, FAULT_VECTOR, MODE_64,
  OP_SIZE, PAGE_RIP, REGS, RIP, SEG_ATTRIBUTES, SEG_BASE, SEG_LIMIT, SEG_SELECTOR, SEGMENT_SIZE, SEGMENTS,
} from '../layout'; // prettier-ignore

export { FP_STATE } from '../layout';

// Register numbers, in ModR/M order.
export const RAX: u32 = 0;
export const RCX: u32 = 1;
export const RDX: u32 = 2;
export const RBX: u32 = 3;
export const RSP: u32 = 4;
export const RBP: u32 = 5;
export const RSI: u32 = 6;
export const RDI: u32 = 7;

// Segment register numbers, in encoding order; LDTR and TR follow.
export const ES: u32 = 0;
export const CS: u32 = 1;
export const SS: u32 = 2;
export const DS: u32 = 3;
export const FS: u32 = 4;
export const GS: u32 = 5;
export const LDTR: u32 = 6;
export const TR: u32 = 7;

// CR0 (SDM vol. 3, 2.5).
export const CR0_PE: u32 = 1;
export const CR0_MP: u32 = 1 << 1;
export const CR0_EM: u32 = 1 << 2;
export const CR0_TS: u32 = 1 << 3;
export const CR0_ET: u32 = 1 << 4;
export const CR0_NE: u32 = 1 << 5;
export const CR0_WP: u32 = 1 << 16;
export const CR0_AM: u32 = 1 << 18;
export const CR0_NW: u32 = 1 << 29;
export const CR0_CD: u32 = 1 << 30;
export const CR0_PG: u32 = 1 << 31;

// CR4.
export const CR4_TSD: u32 = 1 << 2;
export const CR4_DE: u32 = 1 << 3;
export const CR4_PSE: u32 = 1 << 4;
export const CR4_PAE: u32 = 1 << 5;
export const CR4_MCE: u32 = 1 << 6;
export const CR4_PGE: u32 = 1 << 7;
export const CR4_PCE: u32 = 1 << 8;
export const CR4_OSFXSR: u32 = 1 << 9;
export const CR4_OSXMMEXCPT: u32 = 1 << 10;
export const CR4_UMIP: u32 = 1 << 11;
export const CR4_FSGSBASE: u32 = 1 << 16;
export const CR4_PCIDE: u32 = 1 << 17;
export const CR4_OSXSAVE: u32 = 1 << 18;
export const CR4_SMEP: u32 = 1 << 20;
export const CR4_SMAP: u32 = 1 << 21;

// EFER.
export const EFER_SCE: u32 = 1;
export const EFER_LME: u32 = 1 << 8;
export const EFER_LMA: u32 = 1 << 10;
export const EFER_NXE: u32 = 1 << 11;

// EFLAGS.
export const FLAG_CF: u32 = 1;
export const FLAG_FIXED: u32 = 1 << 1;
export const FLAG_PF: u32 = 1 << 2;
export const FLAG_AF: u32 = 1 << 4;
export const FLAG_ZF: u32 = 1 << 6;
export const FLAG_SF: u32 = 1 << 7;
export const FLAG_TF: u32 = 1 << 8;
export const FLAG_IF: u32 = 1 << 9;
export const FLAG_DF: u32 = 1 << 10;
export const FLAG_OF: u32 = 1 << 11;
export const FLAG_IOPL: u32 = 3 << 12;
export const FLAG_NT: u32 = 1 << 14;
export const FLAG_RF: u32 = 1 << 16;
export const FLAG_VM: u32 = 1 << 17;
export const FLAG_AC: u32 = 1 << 18;
export const FLAG_VIF: u32 = 1 << 19;
export const FLAG_VIP: u32 = 1 << 20;
export const FLAG_ID: u32 = 1 << 21;
export const FLAGS_ARITHMETIC: u32 = FLAG_CF | FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF | FLAG_OF;

// Exception vectors (SDM vol. 3, table 6-1).
export const DE: u32 = 0;
export const DB: u32 = 1;
export const NMI: u32 = 2;
export const BP: u32 = 3;
export const OF: u32 = 4;
export const BR: u32 = 5;
export const UD: u32 = 6;
export const NM: u32 = 7;
export const DF: u32 = 8;
export const TS: u32 = 10;
export const NP: u32 = 11;
export const SS_FAULT: u32 = 12;
export const GP: u32 = 13;
export const PF: u32 = 14;
export const MF: u32 = 16;
export const AC: u32 = 17;
export const XM: u32 = 19;

// Segment attributes: descriptor bits 8–23.
export const ATTR_ACCESSED: u32 = 1;
/** Data: writable. Code: readable. */
export const ATTR_RW: u32 = 1 << 1;
/** Data: expand-down. Code: conforming. */
export const ATTR_DC: u32 = 1 << 2;
export const ATTR_CODE: u32 = 1 << 3;
export const ATTR_S: u32 = 1 << 4;
export const ATTR_PRESENT: u32 = 1 << 7;
export const ATTR_LONG: u32 = 1 << 13;
export const ATTR_DB: u32 = 1 << 14;
export const ATTR_G: u32 = 1 << 15;

/** The null host pointer: the access faulted and FAULT_VECTOR says how. */
export const FAULTED: usize = 0;

// @ts-ignore: decorator
@inline export function reg64(index: u32): u64 { return load<u64>(REGS + (index << 3)); }
// @ts-ignore: decorator
@inline export function reg32(index: u32): u32 { return load<u32>(REGS + (index << 3)); }
// @ts-ignore: decorator
@inline export function reg16(index: u32): u32 { return load<u16>(REGS + (index << 3)); }
// @ts-ignore: decorator
@inline export function reg8(index: u32): u32 { return load<u8>(REGS + (index << 3)); }
// @ts-ignore: decorator
@inline export function setReg64(index: u32, value: u64): void { store<u64>(REGS + (index << 3), value); }
/** As a 32-bit destination: the upper half is zeroed. */
// @ts-ignore: decorator
@inline export function setReg32(index: u32, value: u32): void { store<u64>(REGS + (index << 3), value); }
// @ts-ignore: decorator
@inline export function setReg16(index: u32, value: u32): void { store<u16>(REGS + (index << 3), value); }
/** Stores a register operand at a byte address of the register file. */
// @ts-ignore: decorator
@inline export function putReg<T>(cell: usize, value: T): void {
  if (sizeof<T>() == 4) store<u64>(cell, <u64>(<u32>value));
  else store<T>(cell, value);
}

/** A register by its byte offset in the register file: one machine instruction where an address would take two. */
// @ts-ignore: decorator
@inline export function getRegister<T>(slot: usize): T { return load<T>(slot, REGS); }
/** As {@link putReg}. */
// @ts-ignore: decorator
@inline export function putRegister<T>(slot: usize, value: T): void {
  if (sizeof<T>() == 4) store<u64>(slot, <u64>(<u32>value), REGS);
  else store<T>(slot, value, REGS);
}

// @ts-ignore: decorator
@inline export function cr0(): u32 { return load<u32>(CR0); }
// @ts-ignore: decorator
@inline export function cr4(): u32 { return load<u32>(CR4); }
// @ts-ignore: decorator
@inline export function efer(): u32 { return load<u32>(EFER); }
// @ts-ignore: decorator
@inline export function cpl(): u32 { return load<u32>(CPL); }
// @ts-ignore: decorator
@inline export function codeMode(): u32 { return load<u32>(CODE_MODE); }
// @ts-ignore: decorator
@inline export function longCode(): bool { return codeMode() == MODE_64; }
// @ts-ignore: decorator
@inline export function longModeActive(): bool { return (efer() & EFER_LMA) != 0; }
// @ts-ignore: decorator
@inline export function protectedMode(): bool { return (cr0() & CR0_PE) != 0; }
// @ts-ignore: decorator
@inline export function virtual8086(): bool { return (load<u32>(EFLAGS) & FLAG_VM) != 0; }
// @ts-ignore: decorator
@inline export function realOrVirtual(): bool { return !protectedMode() || virtual8086(); }
// @ts-ignore: decorator
@inline export function iopl(): u32 { return (load<u32>(EFLAGS) >> 12) & 3; }

// @ts-ignore: decorator
@inline export function segment(index: u32): usize { return SEGMENTS + index * SEGMENT_SIZE; }
// @ts-ignore: decorator
@inline export function segBase(index: u32): u64 { return load<u64>(segment(index), SEG_BASE); }
// @ts-ignore: decorator
@inline export function segLimit(index: u32): u32 { return load<u32>(segment(index), SEG_LIMIT); }
// @ts-ignore: decorator
@inline export function segAttributes(index: u32): u32 { return load<u32>(segment(index), SEG_ATTRIBUTES); }
// @ts-ignore: decorator
@inline export function selector(index: u32): u32 { return load<u16>(segment(index), SEG_SELECTOR); }

/** Notes a fault; the caller answers with its failure value and somebody delivers it. */
export function setFault(vector: u32, error: u32): void {
  store<u32>(FAULT_VECTOR, vector);
  store<u32>(FAULT_ERROR, error);
}

/** #GP(error) noted; always false, for `return fail…`. */
export function gpFault(error: u32): bool {
  setFault(GP, error);
  return false;
}

// Fields of an op (16 bytes; docs/cpu-core.md).
// @ts-ignore: decorator
@inline export function opOffset(op: usize): u32 { return load<u16>(op, 2) & 0xfff; }
// @ts-ignore: decorator
@inline export function opLength(op: usize): u32 { return load<u8>(op, 3) >>> 4; }
/** Offset in the register file of the first register operand. */
// @ts-ignore: decorator
@inline export function slotA(op: usize): usize { return <usize>load<u8>(op, 4); }
/** The same for the r/m operand in its register form. */
// @ts-ignore: decorator
@inline export function slotB(op: usize): usize { return <usize>load<u8>(op, 5); }
/** Address of the register-file cell of the first register operand. */
// @ts-ignore: decorator
@inline export function cellA(op: usize): usize { return REGS + <usize>load<u8>(op, 4); }
/** The same for the r/m operand in its register form. */
// @ts-ignore: decorator
@inline export function cellB(op: usize): usize { return REGS + <usize>load<u8>(op, 5); }
// @ts-ignore: decorator
@inline export function opImm(op: usize): i32 { return <i32>load<u32>(op, 12); }
// @ts-ignore: decorator
@inline export function opDisp(op: usize): i32 { return <i32>load<u32>(op, 8); }
// @ts-ignore: decorator
@inline export function opIsMemory(op: usize): bool { return (load<u8>(op, 7) & 0x80) != 0; }
// @ts-ignore: decorator
@inline export function opSegment(op: usize): u32 { return (load<u8>(op, 7) >>> 4) & 7; }
// @ts-ignore: decorator
@inline export function nextOp(op: usize): usize { return op + OP_SIZE; }

/** And-mask of instruction pointers in the current code mode. */
export function ripMask(): u64 {
  const mode = codeMode();
  return mode == MODE_64 ? u64.MAX_VALUE : 0xffff_ffff;
}
/** Address of the instruction an op was decoded from. */
export function opRip(op: usize): u64 {
  return (load<u64>(PAGE_RIP) + <u64>opOffset(op)) & ripMask();
}
/** Address of the instruction after it. */
export function opNextRip(op: usize): u64 {
  return (load<u64>(PAGE_RIP) + <u64>(opOffset(op) + opLength(op))) & ripMask();
}
// @ts-ignore: decorator
@inline export function setRip(value: u64): void { store<u64>(RIP, value); }

export function raiseEvent(bit: u32): void {
  store<u32>(EVENTS, load<u32>(EVENTS) | bit);
}
export function dropEvent(bit: u32): void {
  store<u32>(EVENTS, load<u32>(EVENTS) & ~bit);
}
// @ts-ignore: decorator
@inline export function pendingEvents(): u32 { return load<u32>(EVENTS) & load<u32>(EVENT_MASK); }

// @ts-ignore: decorator
@inline export function count(counter: u32): void {
  const at: usize = COUNTERS + (counter << 3);
  store<u64>(at, load<u64>(at) + 1);
}

// @ts-ignore: decorator
@inline export function countMany(counter: u32, by: i32): void {
  const at: usize = COUNTERS + (counter << 3);
  store<i64>(at, load<i64>(at) + <i64>by);
}

// @ts-ignore: decorator
@inline export function cr2(): u64 { return load<u64>(CR2); }
// @ts-ignore: decorator
@inline export function cr3(): u64 { return load<u64>(CR3); }
