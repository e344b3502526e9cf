import {
  FP_CODE_SELECTOR, FP_CONTROL, FP_DATA, FP_DATA_SELECTOR, FP_INSTRUCTION, FP_MXCSR, FP_OPCODE, FP_STATE, FP_STATUS, FP_VALID,
  FP_X87_CELLS,
} from '../../layout'; // prettier-ignore

/**
 * Layout of the 512-byte floating-point block of the vCPU state. The x87 register file is physical (R0–R7, not
 * relative to TOP), each register a 16-byte cell: significand u64, sign and exponent u16. MMi is the significand of Ri
 * (SDM vol. 1, 9.2.2), so x87, MMX and XMM operands are all pointers to 16-byte cells.
 */
export const XMM_CELLS: usize = FP_STATE;
export const X87_CELLS: usize = FP_X87_CELLS;


/** MXCSR bits of this processor: everything but the reserved upper half; DAZ exists (SDM vol. 1, 11.6.6). */
export const MXCSR_MASK: u32 = 0xffff;
export const MXCSR_RESET: u32 = 0x1f80;

export const FCW_RESET: u32 = 0x037f;
export const TOP_SHIFT: u32 = 11;

// Exception bits, the same positions in FSW, FCW (as masks) and MXCSR (SDM vol. 1, 8.1.3.3 and 10.2.3).
export const IE: u32 = 0x01;
export const DE: u32 = 0x02;
export const ZE: u32 = 0x04;
export const OE: u32 = 0x08;
export const UE: u32 = 0x10;
export const PE: u32 = 0x20;
export const EXCEPTIONS: u32 = 0x3f;

// Remaining FSW bits.
export const SF: u32 = 0x40;
export const ES: u32 = 0x80;
export const C0: u32 = 0x0100;
export const C1: u32 = 0x0200;
export const C2: u32 = 0x0400;
export const TOP_FIELD: u32 = 0x3800;
export const C3: u32 = 0x4000;
export const BUSY: u32 = 0x8000;
export const CONDITION_CODES: u32 = C0 | C1 | C2 | C3;

export function xmm(index: u32): usize {
  return XMM_CELLS + ((<usize>index) << 4);
}

export function getMxcsr(): u32 {
  return load<u32>(FP_MXCSR);
}
export function setMxcsr(value: u32): void {
  store<u32>(FP_MXCSR, value);
}
export function getFcw(): u32 {
  return load<u32>(FP_CONTROL);
}
export function setFcwRaw(value: u32): void {
  store<u32>(FP_CONTROL, value);
}
export function getFsw(): u32 {
  return load<u32>(FP_STATUS);
}
export function setFsw(value: u32): void {
  store<u32>(FP_STATUS, value);
}
/** One bit for each physical register, set when it is not empty: the abridged tag word of FXSAVE. */
export function getValid(): u32 {
  return load<u32>(FP_VALID);
}
export function setValid(value: u32): void {
  store<u32>(FP_VALID, value);
}
export function getFop(): u32 {
  return load<u32>(FP_OPCODE);
}
export function setFop(value: u32): void {
  store<u32>(FP_OPCODE, value);
}
export function getFcs(): u32 {
  return load<u32>(FP_CODE_SELECTOR);
}
export function setFcs(value: u32): void {
  store<u32>(FP_CODE_SELECTOR, value);
}
export function getFds(): u32 {
  return load<u32>(FP_DATA_SELECTOR);
}
export function setFds(value: u32): void {
  store<u32>(FP_DATA_SELECTOR, value);
}
export function getFip(): u64 {
  return load<u64>(FP_INSTRUCTION);
}
export function setFip(value: u64): void {
  store<u64>(FP_INSTRUCTION, value);
}
export function getFdp(): u64 {
  return load<u64>(FP_DATA);
}
export function setFdp(value: u64): void {
  store<u64>(FP_DATA, value);
}
