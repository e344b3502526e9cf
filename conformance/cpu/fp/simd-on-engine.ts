import { SimdOp } from '../../../src/main/vmm/cpu/core/opcodes/simd-op.js';
import type { EngineCase, EngineOutcome } from './engine-runner.js';
import { SIMD_RECORD, setsFlags, writesIndex, writesXmm0 } from './simd-case.js';
import type { SimdForm, SimdInstruction } from './simd-instructions.js';
import { encodeSimd } from './simd-encode.js';

const ARITHMETIC_FLAGS = 0x8d5;
const ALL_MASKED = 0x1f80;
const ST = 32;
const XMM = 160;

/** Instructions whose memory form does something else or does not exist. */
const REGISTER_ONLY: ReadonlySet<SimdOp> = new Set([
  SimdOp.MERGE32, SimdOp.MERGE64, SimdOp.MOVHLPS, SimdOp.MOVLHPS, SimdOp.INSERTPS, SimdOp.MOVMSKPS, SimdOp.MOVMSKPD, SimdOp.PMOVMSKB,
]); // prettier-ignore

/** Whether the record's instruction can be run with its source in memory, to the same effect. */
export function hasMemoryForm({ op, form, code }: SimdInstruction): boolean {
  if (REGISTER_ONLY.has(op) || form === 'xi' || form === 'mi' || form === 'r<xi') return false;
  return !code.endsWith('0fc5');
}

/** Exceptions that are unmasked need a handler: those records are for the bare operations only. */
export function isMaskedCase(record: Uint8Array): boolean {
  const mxcsr = record[SIMD_RECORD.mxcsr]! | (record[SIMD_RECORD.mxcsr + 1]! << 8);
  return (mxcsr & ALL_MASKED) === ALL_MASKED;
}

export function simdEngineCase(instruction: SimdInstruction, record: Uint8Array, inMemory: boolean): EngineCase {
  const { form } = instruction;
  const fields = new DataView(record.buffer, record.byteOffset, record.length);
  const operand = (at: number): Uint8Array => record.subarray(at, at + 16);
  const fx = new Uint8Array(512);
  const view = new DataView(fx.buffer);
  view.setUint16(0, 0x37f, true);
  view.setUint32(24, fields.getUint16(SIMD_RECORD.mxcsr, true), true);
  fx.set(operand(SIMD_RECORD.third), XMM);
  fx.set(operand(SIMD_RECORD.dst), (form.startsWith('m') ? ST : XMM) + 16);
  const general = form.includes('r') && !form.startsWith('r');
  const memory = new Uint8Array(128);
  if (inMemory) memory.set(operand(SIMD_RECORD.src));
  else if (!general) fx.set(operand(SIMD_RECORD.src), (form.slice(1).includes('m') ? ST : XMM) + 32);
  const text = instruction.operands === 'text';
  const rax = general && !inMemory ? fields.getBigUint64(SIMD_RECORD.src, true) : 0n;
  return {
    code: encodeSimd(instruction, record[SIMD_RECORD.imm]!, inMemory),
    fx,
    memory,
    rax: text ? fields.getBigUint64(SIMD_RECORD.third, true) : rax,
    rdx: text ? fields.getBigUint64(SIMD_RECORD.third + 8, true) : 0n,
    rflags: 2,
  };
}

/** Writes what the engine did over the "after" fields of a copy of the record. */
export function simdOutcome({ op, form }: SimdInstruction, before: Uint8Array, outcome: EngineOutcome): Uint8Array {
  const record = Uint8Array.from(before);
  const fields = new DataView(record.buffer);
  const fx = new DataView(outcome.fx.buffer);
  fields.setUint16(SIMD_RECORD.mxcsrAfter, fx.getUint16(24, true), true);
  fields.setUint16(SIMD_RECORD.flagsAfter, setsFlags(op) ? outcome.rflags & ARITHMETIC_FLAGS : 0, true);
  fields.setUint32(SIMD_RECORD.indexAfter, writesIndex(op) ? Number(outcome.rcx) : 0, true);
  record.fill(0, SIMD_RECORD.result, SIMD_RECORD.result + 16);
  if (writesXmm0(op)) record.set(outcome.fx.subarray(XMM, XMM + 16), SIMD_RECORD.result);
  else if (form.startsWith('r')) fields.setBigUint64(SIMD_RECORD.result, outcome.rax, true);
  else record.set(resultCell(form, outcome.fx), SIMD_RECORD.result);
  return record;
}

function resultCell(form: SimdForm, fx: Uint8Array): Uint8Array {
  return form.startsWith('m') ? fx.subarray(ST + 16, ST + 24) : fx.subarray(XMM + 16, XMM + 32);
}
