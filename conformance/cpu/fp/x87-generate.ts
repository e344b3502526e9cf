import { X87Op } from '../../../src/main/vmm/cpu/core/opcodes/x87-op.js';
import { float32, float64, float80, integer64 } from './operands.js';
import type { Random } from './random.js';
import { LISTED, X87_RECORD, X87_TESTED, topOf } from './x87-case.js';

const EXCEPTIONS = 0x3f;
const ARITHMETIC_FLAGS = 0x8d5;

function register(random: Random, record: Uint8Array, at: number): void {
  const view = new DataView(record.buffer, record.byteOffset, record.length);
  const { significand, signExponent } = float80(random);
  view.setBigUint64(at, significand, true);
  view.setUint16(at + 8, signExponent, true);
}

/** Mostly 037Fh; else any precision, rounding and masks. */
function control(random: Random): number {
  const modes = (random.below(4) << 10) | (random.pick([0, 2, 3, 3]) << 8);
  switch (random.below(3)) {
    case 0:
      return 0x37f;
    case 1:
      return 0x7f | modes;
    default:
      return 0x40 | random.below(64) | modes;
  }
}

/** A memory operand fit for the instruction. */
function operand(random: Random, op: X87Op, bytes: number, record: Uint8Array): void {
  const view = new DataView(record.buffer, record.byteOffset, record.length);
  const at = X87_RECORD.memory;
  if (op === X87Op.FBLD) {
    for (let i = 0; i < 9; i++) record[at + i] = random.below(10) * 16 + random.below(10);
    for (let i = random.below(10); i < 9; i++) record[at + i] = 0;
    record[at + 9] = random.below(256);
  } else if (bytes === 10) register(random, record, at);
  else if (X87Op[op]!.includes('_I')) view.setBigUint64(at, integer64(random), true);
  else view.setBigUint64(at, bytes === 4 ? float32(random) : float64(random), true);
}

/** Operands that make FPREM, FSCALE and integer stores interesting are often small integers. */
function smallInteger(random: Random, record: Uint8Array, at: number): void {
  const view = new DataView(record.buffer, record.byteOffset, record.length);
  const value = BigInt(random.below(random.pick([3, 70, 20000, 40000])) + 1);
  const shift = 64 - value.toString(2).length;
  view.setBigUint64(at, value << BigInt(shift), true);
  view.setUint16(at + 8, (random.below(2) << 15) | (0x3fff + 63 - shift), true);
}

/** Fills the "before" fields of a record. No exception is pending: what is sticky is masked. */
export function generateX87(random: Random, index: number, record: Uint8Array): void {
  const { op, bytes } = X87_TESTED[index]!;
  const view = new DataView(record.buffer, record.byteOffset, record.length);
  const fcw = control(random);
  const fsw =
    (random.below(0x10000) & 0x7f00) |
    (random.below(2) === 0 ? random.below(0x80) & (fcw | 0x40) & (EXCEPTIONS | 0x40) : 0);
  view.setUint16(X87_RECORD.instruction, index, true);
  view.setUint16(X87_RECORD.fcw, fcw, true);
  view.setUint16(X87_RECORD.fsw, fsw, true);
  view.setUint16(X87_RECORD.flags, random.below(0x10000) & ARITHMETIC_FLAGS, true);
  LISTED.forEach((_, k) => {
    const at = X87_RECORD.registers + k * 10;
    if (random.below(6) === 0) smallInteger(random, record, at);
    else register(random, record, at);
  });
  const related = random.below(8);
  // Equal, opposite or near operands make cancellation and equality happen.
  if (related < 2) record.copyWithin(X87_RECORD.registers + 10, X87_RECORD.registers, X87_RECORD.registers + 10);
  if (related === 1) record[X87_RECORD.registers + 10 + random.pick([0, 8, 9])]! ^= random.pick([1, 0x80, 2]);
  operand(random, op, bytes, record);
  // Usually ST(0) and ST(1) are in use and ST(7) is free to be pushed into.
  const odd = random.below(12) === 0;
  const valid = odd ? random.below(256) : 0x7f;
  const top = topOf(fsw);
  view.setUint8(X87_RECORD.valid, ((valid << top) | (valid >> (8 - top))) & 0xff);
}
