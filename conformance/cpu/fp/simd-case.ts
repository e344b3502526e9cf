import { FP, type FpCore } from './core-module.js';
import { REGS } from '../../../src/main/vmm/cpu/core/layout.js';
import { SimdOp } from '../../../src/main/vmm/cpu/core/opcodes/simd-op.js';
import type { SimdForm } from './simd-instructions.js';

/** State before or after one SIMD instruction: a fixed record, so that recorded cases are a flat file. */
export const SIMD_RECORD = {
  /** Index in the instruction list of its family. */
  instruction: 0,
  imm: 2,
  /** 1 if the instruction raised an unmasked exception. */
  raised: 3,
  mxcsr: 4,
  mxcsrAfter: 6,
  /** EFLAGS afterwards, arithmetic bits. */
  flagsAfter: 8,
  /** ECX afterwards, of PCMPxSTRI. */
  indexAfter: 10,
  /** Three 16-byte operands: destination before, source, XMM0 (or RAX and RDX). */
  dst: 16,
  src: 32,
  third: 48,
  result: 64,
  bytes: 80,
} as const;

/** Addresses the test build does not use. */
const SCRATCH_SRC = 0x8000;
const SCRATCH_DST = 0x8010;

/** Runs the record's instruction in the core and writes the outcome over the "after" fields of `record`. */
export function runSimdCase(core: FpCore, op: SimdOp, form: SimdForm, record: Uint8Array): void {
  const base = core.fpState.value;
  const bytes = new Uint8Array(core.memory.buffer);
  const view = new DataView(core.memory.buffer);
  const fields = new DataView(record.buffer, record.byteOffset, record.byteLength);
  const file = form.includes('m') ? base + FP.x87 : base + FP.xmm;
  const dstIsCell = !form.startsWith('r');
  const srcIsCell = !form.includes('r') || form.startsWith('r');
  const dst = dstIsCell ? (form.startsWith('x') ? base + FP.xmm : file) + 16 : SCRATCH_DST;
  const src = srcIsCell ? (form === 'mx' ? base + FP.xmm : file) + 32 : SCRATCH_SRC;
  bytes.set(record.subarray(SIMD_RECORD.third, SIMD_RECORD.third + 16), base + FP.xmm);
  bytes.set(record.subarray(SIMD_RECORD.third, SIMD_RECORD.third + 8), REGS);
  bytes.set(record.subarray(SIMD_RECORD.third + 8, SIMD_RECORD.third + 16), REGS + 16);
  bytes.fill(0, SCRATCH_DST, SCRATCH_DST + 16);
  bytes.set(record.subarray(SIMD_RECORD.dst, SIMD_RECORD.dst + 16), dst);
  bytes.set(record.subarray(SIMD_RECORD.src, SIMD_RECORD.src + (srcIsCell ? 16 : 8)), src);
  view.setUint32(base + FP.mxcsr, fields.getUint16(SIMD_RECORD.mxcsr, true), true);
  const imm = fields.getUint8(SIMD_RECORD.imm);
  const execute = form.includes('m') ? core.execMmx : core.execSimd;
  const done = execute(op, dst, src, imm);
  fields.setUint8(SIMD_RECORD.raised, done ? 0 : 1);
  fields.setUint16(SIMD_RECORD.mxcsrAfter, view.getUint32(base + FP.mxcsr, true), true);
  fields.setUint16(SIMD_RECORD.flagsAfter, done && setsFlags(op) ? core.simdFlags.value : 0, true);
  fields.setUint32(SIMD_RECORD.indexAfter, writesIndex(op) ? core.simdIndex.value : 0, true);
  const result = writesXmm0(op) ? base + FP.xmm : dst;
  record.set(bytes.subarray(result, result + 16), SIMD_RECORD.result);
  if (!done && form.startsWith('r')) record.fill(0, SIMD_RECORD.result, SIMD_RECORD.result + 8);
  if (!form.startsWith('x')) record.fill(0, SIMD_RECORD.result + 8, SIMD_RECORD.result + 16);
}

export function setsFlags(op: SimdOp): boolean {
  return (
    op === SimdOp.PTEST ||
    (op >= SimdOp.COMISS && op <= SimdOp.UCOMISD) ||
    (op >= SimdOp.PCMPESTRM && op <= SimdOp.PCMPESTRI64)
  );
}

export function writesIndex(op: SimdOp): boolean {
  return op === SimdOp.PCMPESTRI || op === SimdOp.PCMPISTRI || op === SimdOp.PCMPESTRI64;
}

export function writesXmm0(op: SimdOp): boolean {
  return op === SimdOp.PCMPESTRM || op === SimdOp.PCMPISTRM || op === SimdOp.PCMPESTRM64;
}
