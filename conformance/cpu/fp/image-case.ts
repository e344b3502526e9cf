import { FP_SCRATCH } from '../../../src/main/vmm/cpu/core/layout.js';
import { X87Op } from '../../../src/main/vmm/cpu/core/opcodes/x87-op.js';
import type { FpCore } from './core-module.js';
import { float80, integer64 } from './operands.js';
import type { Random } from './random.js';

/** Instructions on state images; in 64-bit mode the environment has the protected-mode layouts. */
export const IMAGE_INSTRUCTIONS = [
  { name: 'fxrstor64, fxsave64', code: '90', op: X87Op.FNOP, format: 0 },
  { name: 'fnstenv m28', code: 'd937', op: X87Op.FNSTENV, format: 2 },
  { name: 'fnstenv m14', code: '66d937', op: X87Op.FNSTENV, format: 3 },
  { name: 'fldenv m28', code: 'd927', op: X87Op.FLDENV, format: 2 },
  { name: 'fldenv m14', code: '66d927', op: X87Op.FLDENV, format: 3 },
  { name: 'fnsave m108', code: 'dd37', op: X87Op.FNSAVE, format: 2 },
  { name: 'fnsave m94', code: '66dd37', op: X87Op.FNSAVE, format: 3 },
  { name: 'frstor m108', code: 'dd27', op: X87Op.FRSTOR, format: 2 },
  { name: 'frstor m94', code: '66dd27', op: X87Op.FRSTOR, format: 3 },
] as const;

export const IMAGE_MEMORY_BYTES = 128;

/** FXSAVE64 image and memory operand before the instruction, then after it. */
export const IMAGE_RECORD = {
  instruction: 0,
  fx: 16,
  memory: 528,
  fxAfter: 656,
  memoryAfter: 1168,
  bytes: 1296,
} as const;

/** FCS and FDS, which processors with CPUID.7.EBX[13] no longer keep, are zero in what is loaded. */
export function generateImage(random: Random, index: number, record: Uint8Array): void {
  const { op, format } = IMAGE_INSTRUCTIONS[index]!;
  const view = new DataView(record.buffer, record.byteOffset, record.length);
  view.setUint16(IMAGE_RECORD.instruction, index, true);
  const registers = (at: number, stride: number): void => {
    for (let i = 0; i < 8; i++) {
      const { significand, signExponent } = float80(random);
      view.setBigUint64(at + i * stride, significand, true);
      view.setUint16(at + i * stride + 8, signExponent, true);
    }
  };
  const fx = IMAGE_RECORD.fx;
  // FLDENV and FRSTOR wait: no exception may be pending.
  const masks = op === X87Op.FLDENV || op === X87Op.FRSTOR ? 0x3f : 0;
  view.setUint16(fx, random.below(0x10000) | masks, true);
  view.setUint16(fx + 2, random.below(0x10000), true);
  view.setUint8(fx + 4, random.below(256));
  view.setUint16(fx + 6, random.below(0x10000), true);
  view.setBigUint64(fx + 8, BigInt(random.u32()), true);
  view.setBigUint64(fx + 16, BigInt(random.u32()), true);
  view.setUint32(fx + 24, random.below(0x10000), true);
  registers(fx + 32, 16);
  for (let at = 160; at < 416; at += 8) view.setBigUint64(fx + at, integer64(random), true);
  const memory = IMAGE_RECORD.memory;
  const word = format & 1 ? 2 : 4;
  for (let i = 0; i < 7; i++) view.setUint16(memory + i * word, i === 6 || i === 4 ? 0 : random.below(0x10000), true);
  if (word === 4) view.setUint16(memory + 18, random.below(0x800), true);
  registers(memory + 7 * word, 10);
}

/** Loads the image, runs the instruction, saves the image, as `execute.c` does. */
export function runImageCase(core: FpCore, record: Uint8Array): void {
  const { op, format } = IMAGE_INSTRUCTIONS[record[IMAGE_RECORD.instruction]!]!;
  const bytes = new Uint8Array(core.memory.buffer);
  const fx = FP_SCRATCH;
  const memory = FP_SCRATCH + 512;
  bytes.set(record.subarray(IMAGE_RECORD.fx, IMAGE_RECORD.fx + 512), fx);
  bytes.set(record.subarray(IMAGE_RECORD.memory, IMAGE_RECORD.memory + IMAGE_MEMORY_BYTES), memory);
  core.fxrstor(fx, 1, 16);
  core.execX87(op, format, memory);
  core.fxsave(fx, 1, 16);
  record.set(bytes.subarray(fx, fx + 512), IMAGE_RECORD.fxAfter);
  record.set(bytes.subarray(memory, memory + IMAGE_MEMORY_BYTES), IMAGE_RECORD.memoryAfter);
}

/** Which records the core does not reproduce: instruction and the offsets that differ. */
export function compareImages(core: FpCore, records: Uint8Array): string[] {
  const differences: string[] = [];
  const actual = new Uint8Array(IMAGE_RECORD.bytes);
  for (let at = 0; at < records.length; at += IMAGE_RECORD.bytes) {
    const expected = records.subarray(at, at + IMAGE_RECORD.bytes);
    actual.set(expected);
    runImageCase(core, actual);
    const offsets = [...actual.keys()].filter((i) => actual[i] !== expected[i]);
    if (offsets.length === 0) continue;
    const { name } = IMAGE_INSTRUCTIONS[expected[IMAGE_RECORD.instruction]!]!;
    const where = (i: number): string =>
      `${i >= IMAGE_RECORD.memoryAfter ? `memory+${i - IMAGE_RECORD.memoryAfter}` : `fx+${i - IMAGE_RECORD.fxAfter}`}: ${expected[i]!.toString(16)} not ${actual[i]!.toString(16)}`;
    differences.push(`${name}: ${offsets.slice(0, 8).map(where).join(', ')}`);
  }
  return differences;
}
