import { SimdOp } from '../../../src/main/vmm/cpu/core/opcodes/simd-op.js';
import type { FpCore } from './core-module.js';
import { SIMD_RECORD, runSimdCase } from './simd-case.js';
import type { SimdInstruction } from './simd-instructions.js';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).reverse().toString('hex');

/** Which records the core does not reproduce, described for a person; at most three of each instruction. */
export function compareSimd(core: FpCore, list: readonly SimdInstruction[], records: Uint8Array): string[] {
  return compareSimdWith(list, records, (instruction, record) => {
    const actual = Uint8Array.from(record);
    runSimdCase(core, instruction.op, instruction.form, actual);
    return actual;
  });
}

/** The same for any way to execute a record: `execute` returns it with its outcome, or undefined to leave it out. */
export function compareSimdWith(
  list: readonly SimdInstruction[],
  records: Uint8Array,
  execute: (instruction: SimdInstruction, record: Uint8Array, index: number) => Uint8Array | undefined,
): string[] {
  const differences: string[] = [];
  const seen = new Map<SimdInstruction, number>();
  for (let at = 0; at < records.length; at += SIMD_RECORD.bytes) {
    const expected = records.subarray(at, at + SIMD_RECORD.bytes);
    const instruction = list[expected[0]! | (expected[1]! << 8)]!;
    const actual = execute(instruction, expected, at / SIMD_RECORD.bytes);
    if (actual === undefined || Buffer.compare(actual, expected) === 0) continue;
    const count = (seen.get(instruction) ?? 0) + 1;
    seen.set(instruction, count);
    if (count <= 3) differences.push(describe(instruction, expected, actual));
  }
  for (const [instruction, count] of seen)
    differences.push(`${SimdOp[instruction.op]} ${instruction.form}: ${count} cases differ`);
  return differences;
}

function describe(instruction: SimdInstruction, expected: Uint8Array, actual: Uint8Array): string {
  const field = (record: Uint8Array, at: number, length: number): string => hex(record.subarray(at, at + length));
  const outcome = (record: Uint8Array): string =>
    `${field(record, SIMD_RECORD.result, 16)} mxcsr ${field(record, SIMD_RECORD.mxcsrAfter, 2)} flags ${field(record, SIMD_RECORD.flagsAfter, 2)} index ${field(record, SIMD_RECORD.indexAfter, 4)} raised ${record[SIMD_RECORD.raised]}`;
  return [
    `${SimdOp[instruction.op]} ${instruction.form} ${instruction.code} imm ${expected[SIMD_RECORD.imm]} mxcsr ${field(expected, SIMD_RECORD.mxcsr, 2)}`,
    `  dst ${field(expected, SIMD_RECORD.dst, 16)} src ${field(expected, SIMD_RECORD.src, 16)} third ${field(expected, SIMD_RECORD.third, 16)}`,
    `  expected ${outcome(expected)}`,
    `  actual   ${outcome(actual)}`,
  ].join('\n');
}
