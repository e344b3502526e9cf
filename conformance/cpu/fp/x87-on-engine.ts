import type { EngineCase, EngineOutcome } from './engine-runner.js';
import { FILLER, LISTED, X87_RECORD, X87_TESTED, topOf } from './x87-case.js';

const ARITHMETIC_FLAGS = 0x8d5;
const ALL_MASKED = 0x3f;
const ST = 32;

/** `D8 /0` with [RDI], `D8 C0+i` with i = 1, `D9 E8` as it is. */
export function encodeX87(encoding: string): number[] {
  const [first, second] = encoding.split(' ') as [string, string];
  const opcode = parseInt(first, 16);
  if (second.startsWith('/')) return [opcode, (Number(second[1]) << 3) | 7];
  return [opcode, parseInt(second, 16) + (second.endsWith('+i') ? 1 : 0)];
}

export function isMaskedX87Case(record: Uint8Array): boolean {
  return (record[X87_RECORD.fcw]! & ALL_MASKED) === ALL_MASKED;
}

export function x87EngineCase(record: Uint8Array): EngineCase {
  const fields = new DataView(record.buffer, record.byteOffset, record.length);
  const fx = new Uint8Array(512);
  const view = new DataView(fx.buffer);
  view.setUint16(0, fields.getUint16(X87_RECORD.fcw, true), true);
  view.setUint16(2, fields.getUint16(X87_RECORD.fsw, true), true);
  view.setUint8(4, fields.getUint8(X87_RECORD.valid));
  view.setUint32(24, 0x1f80, true);
  for (let i = 0; i < 8; i++) fx.set(FILLER, ST + i * 16);
  LISTED.forEach((i, k) => {
    const from = X87_RECORD.registers + k * 10;
    fx.set(record.subarray(from, from + 10), ST + i * 16);
  });
  const memory = new Uint8Array(128);
  memory.set(record.subarray(X87_RECORD.memory, X87_RECORD.memory + 16));
  const { encoding } = X87_TESTED[fields.getUint16(X87_RECORD.instruction, true)]!;
  return {
    code: encodeX87(encoding),
    fx,
    memory,
    rax: 0n,
    rdx: 0n,
    rflags: 2 | fields.getUint16(X87_RECORD.flags, true),
  };
}

/** Writes what the engine did over the "after" fields of a copy of the record. */
export function x87Outcome(before: Uint8Array, outcome: EngineOutcome): Uint8Array {
  const record = Uint8Array.from(before);
  const fields = new DataView(record.buffer);
  const fsw = outcome.fx[2]! | (outcome.fx[3]! << 8);
  const shift = topOf(fields.getUint16(X87_RECORD.fsw, true)) - topOf(fsw);
  const slot = (i: number): number => ST + ((i + shift) & 7) * 16;
  fields.setUint16(X87_RECORD.fswAfter, fsw, true);
  fields.setUint8(X87_RECORD.validAfter, outcome.fx[4]!);
  fields.setUint16(X87_RECORD.flagsAfter, outcome.rflags & ARITHMETIC_FLAGS, true);
  record.set(outcome.memory.subarray(0, 16), X87_RECORD.memoryAfter);
  LISTED.forEach((i, k) => {
    record.set(outcome.fx.subarray(slot(i), slot(i) + 10), X87_RECORD.registersAfter + k * 10);
  });
  return record;
}
