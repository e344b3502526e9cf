import { FILLER, LISTED, X87_RECORD, X87_TESTED, topOf } from '../fp/x87-case.js';
import { encodeX87 } from '../fp/x87-on-engine.js';
import { CASE, CASE_BYTES, FX, type Silicon } from './silicon.js';

const ARITHMETIC_FLAGS = 0x8d5;

/** Executes every record's instruction on the processor and fills in the "after" fields. */
export function recordX87(silicon: Silicon, records: Uint8Array): void {
  const count = records.length / X87_RECORD.bytes;
  const cases = new Uint8Array(count * CASE_BYTES);
  const view = new DataView(cases.buffer);
  const fields = new DataView(records.buffer, records.byteOffset, records.length);
  for (let n = 0; n < count; n++) {
    const at = n * X87_RECORD.bytes;
    const to = n * CASE_BYTES;
    const code = encodeX87(X87_TESTED[fields.getUint16(at, true)]!.encoding);
    cases[to + CASE.length] = code.length;
    cases.set(code, to + CASE.code);
    view.setBigUint64(to + CASE.rflags, BigInt(0x202 | fields.getUint16(at + X87_RECORD.flags, true)), true);
    view.setUint16(to + FX.fcw, fields.getUint16(at + X87_RECORD.fcw, true), true);
    view.setUint16(to + FX.fsw, fields.getUint16(at + X87_RECORD.fsw, true), true);
    view.setUint8(to + FX.tag, fields.getUint8(at + X87_RECORD.valid));
    view.setUint32(to + FX.mxcsr, 0x1f80, true);
    for (let i = 0; i < 8; i++) cases.set(FILLER, to + FX.st + i * 16);
    LISTED.forEach((i, k) => {
      const from = at + X87_RECORD.registers + k * 10;
      cases.set(records.subarray(from, from + 10), to + FX.st + i * 16);
    });
    cases.set(records.subarray(at + X87_RECORD.memory, at + X87_RECORD.memory + 16), to + CASE.memory);
  }
  const after = silicon.run(cases);
  const afterView = new DataView(after.buffer, after.byteOffset, after.length);
  for (let n = 0; n < count; n++) {
    const at = n * X87_RECORD.bytes;
    const from = n * CASE_BYTES;
    if (after[from + CASE.length] !== 0) throw new Error(`${X87_TESTED[fields.getUint16(at, true)]!.mnemonic} trapped`);
    const fswAfter = afterView.getUint16(from + FX.fsw, true);
    const shift = topOf(fields.getUint16(at + X87_RECORD.fsw, true)) - topOf(fswAfter);
    // The image is relative to TOP afterwards; records stay with the physical registers.
    const slot = (i: number): number => from + FX.st + ((i + shift) & 7) * 16;
    fields.setUint16(at + X87_RECORD.fswAfter, fswAfter, true);
    fields.setUint8(at + X87_RECORD.validAfter, after[from + FX.tag]!);
    fields.setUint16(
      at + X87_RECORD.flagsAfter,
      Number(afterView.getBigUint64(from + CASE.rflags, true)) & ARITHMETIC_FLAGS,
      true,
    );
    records.set(after.subarray(from + CASE.memory, from + CASE.memory + 16), at + X87_RECORD.memoryAfter);
    LISTED.forEach((i, k) => {
      records.set(after.subarray(slot(i), slot(i) + 10), at + X87_RECORD.registersAfter + k * 10);
    });
    const others = [2, 3, 4, 5, 6].every((i) => FILLER.every((byte, k) => after[slot(i) + k] === byte));
    fields.setUint8(at + X87_RECORD.othersChanged, others ? 0 : 1);
  }
}
