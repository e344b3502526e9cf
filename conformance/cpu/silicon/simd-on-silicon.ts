import { SIMD_RECORD, setsFlags, writesIndex, writesXmm0 } from '../fp/simd-case.js';
import { encodeSimd } from '../fp/simd-encode.js';
import type { SimdInstruction } from '../fp/simd-instructions.js';
import { CASE, CASE_BYTES, FX, type Silicon } from './silicon.js';

const ARITHMETIC_FLAGS = 0x8d5;

/** Executes every record's instruction on the processor and fills in the "after" fields. */
export function recordSimd(silicon: Silicon, list: readonly SimdInstruction[], records: Uint8Array): void {
  const count = records.length / SIMD_RECORD.bytes;
  const cases = new Uint8Array(count * CASE_BYTES);
  const view = new DataView(cases.buffer);
  const fields = new DataView(records.buffer, records.byteOffset, records.length);
  for (let i = 0; i < count; i++) {
    const at = i * SIMD_RECORD.bytes;
    const to = i * CASE_BYTES;
    const instruction = list[fields.getUint16(at, true)]!;
    const { form } = instruction;
    const operand = (field: number): Uint8Array => records.subarray(at + field, at + field + 16);
    const code = encodeSimd(instruction, fields.getUint8(at + SIMD_RECORD.imm));
    cases[to + CASE.length] = code.length;
    cases.set(code, to + CASE.code);
    view.setBigUint64(to + CASE.rflags, 0x202n, true);
    view.setUint16(to + FX.fcw, 0x37f, true);
    view.setUint32(to + FX.mxcsr, fields.getUint16(at + SIMD_RECORD.mxcsr, true), true);
    cases.set(operand(SIMD_RECORD.third), to + FX.xmm);
    if (instruction.operands === 'text') {
      cases.set(operand(SIMD_RECORD.third).subarray(0, 8), to + CASE.rax);
      cases.set(operand(SIMD_RECORD.third).subarray(8), to + CASE.rdx);
    }
    const dstFile = form.startsWith('m') ? FX.st : FX.xmm;
    const srcFile = form.slice(1).includes('m') ? FX.st : FX.xmm;
    if (form.includes('r') && !form.startsWith('r')) cases.set(operand(SIMD_RECORD.src).subarray(0, 8), to + CASE.rax);
    else cases.set(operand(SIMD_RECORD.src), to + srcFile + 32);
    cases.set(operand(SIMD_RECORD.dst), to + dstFile + 16);
  }
  const after = silicon.run(cases);
  const afterView = new DataView(after.buffer, after.byteOffset, after.length);
  for (let i = 0; i < count; i++) {
    const at = i * SIMD_RECORD.bytes;
    const from = i * CASE_BYTES;
    const { form, op } = list[fields.getUint16(at, true)]!;
    fields.setUint8(at + SIMD_RECORD.raised, after[from + CASE.length] === 0 ? 0 : 1);
    fields.setUint16(at + SIMD_RECORD.mxcsrAfter, afterView.getUint32(from + FX.mxcsr, true), true);
    const flags = Number(afterView.getBigUint64(from + CASE.rflags, true)) & ARITHMETIC_FLAGS;
    fields.setUint16(at + SIMD_RECORD.flagsAfter, setsFlags(op) ? flags : 0, true);
    fields.setUint32(
      at + SIMD_RECORD.indexAfter,
      writesIndex(op) ? afterView.getUint32(from + CASE.rcx, true) : 0,
      true,
    );
    const result = records.subarray(at + SIMD_RECORD.result, at + SIMD_RECORD.result + 16);
    result.fill(0);
    if (writesXmm0(op)) result.set(after.subarray(from + FX.xmm, from + FX.xmm + 16));
    else if (form.startsWith('r')) result.set(after.subarray(from + CASE.rax, from + CASE.rax + 8));
    else if (form.startsWith('m')) result.set(after.subarray(from + FX.st + 16, from + FX.st + 24));
    else result.set(after.subarray(from + FX.xmm + 16, from + FX.xmm + 32));
  }
}
