import { FP_SCRATCH } from '../../../src/main/vmm/cpu/core/layout.js';
import type { X87Instruction } from '../../../src/main/vmm/cpu/core/opcodes/opcode.js';
import { X87_INSTRUCTIONS } from '../../../src/main/vmm/cpu/core/opcodes/x87.js';
import { FP, type FpCore } from './core-module.js';

/** State before and after one x87 instruction, as a fixed record. Registers not listed hold {@link FILLER}. */
export const X87_RECORD = {
  /** Index in {@link X87_TESTED}. */
  instruction: 0,
  fcw: 2,
  fsw: 4,
  /** One bit for each physical register that is not empty. */
  valid: 6,
  /** 1 if a register not listed changed. */
  othersChanged: 7,
  /** Arithmetic bits of EFLAGS. */
  flags: 8,
  fswAfter: 10,
  validAfter: 12,
  flagsAfter: 14,
  memory: 16,
  /** ST(0), ST(1) and ST(7), ten bytes each; afterwards the same physical registers. */
  registers: 32,
  memoryAfter: 64,
  registersAfter: 80,
  bytes: 112,
} as const;

export const LISTED = [0, 1, 7] as const;
/** 1.0 */
export const FILLER = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0x80, 0xff, 0x3f);

/** Everything but environment images, which hold instruction pointers, and FNSTSW AX. */
export const X87_TESTED: readonly X87Instruction[] = X87_INSTRUCTIONS.filter(
  ({ bytes, operands }) => bytes <= 10 && operands !== 'AX',
);

export function topOf(fsw: number): number {
  return (fsw >> 11) & 7;
}

/** Runs the record's instruction in the core and writes the outcome over its "after" fields. */
export function runX87Case(core: FpCore, record: Uint8Array): void {
  const fields = new DataView(record.buffer, record.byteOffset, record.length);
  const { op, bytes, access } = X87_TESTED[fields.getUint16(X87_RECORD.instruction, true)]!;
  const memory = new Uint8Array(core.memory.buffer);
  const view = new DataView(core.memory.buffer);
  const base = core.fpState.value;
  const fsw = fields.getUint16(X87_RECORD.fsw, true);
  const cell = (i: number): number => base + FP.x87 + ((topOf(fsw) + i) & 7) * 16;
  for (let i = 0; i < 8; i++) memory.set(FILLER, cell(i));
  LISTED.forEach((i, k) => {
    memory.set(record.subarray(X87_RECORD.registers + k * 10, X87_RECORD.registers + k * 10 + 10), cell(i));
  });
  view.setUint32(base + FP.fcw, fields.getUint16(X87_RECORD.fcw, true), true);
  view.setUint32(base + FP.fsw, fsw, true);
  view.setUint32(base + FP.valid, fields.getUint8(X87_RECORD.valid), true);
  memory.set(record.subarray(X87_RECORD.memory, X87_RECORD.memory + 16), FP_SCRATCH);
  core.setSimdFlags(fields.getUint16(X87_RECORD.flags, true));
  const stores = core.execX87(op, 1, FP_SCRATCH) !== 0 && access === 'store';
  fields.setUint16(X87_RECORD.fswAfter, view.getUint32(base + FP.fsw, true), true);
  fields.setUint8(X87_RECORD.validAfter, view.getUint32(base + FP.valid, true));
  fields.setUint16(X87_RECORD.flagsAfter, core.simdFlags.value, true);
  record.copyWithin(X87_RECORD.memoryAfter, X87_RECORD.memory, X87_RECORD.memory + 16);
  if (stores) record.set(memory.subarray(FP_SCRATCH, FP_SCRATCH + bytes), X87_RECORD.memoryAfter);
  LISTED.forEach((i, k) => {
    record.set(memory.subarray(cell(i), cell(i) + 10), X87_RECORD.registersAfter + k * 10);
  });
  const others = [2, 3, 4, 5, 6].every((i) => FILLER.every((byte, k) => memory[cell(i) + k] === byte));
  fields.setUint8(X87_RECORD.othersChanged, others ? 0 : 1);
}
