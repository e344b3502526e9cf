import { IMAGE_INSTRUCTIONS, IMAGE_MEMORY_BYTES, IMAGE_RECORD } from '../fp/image-case.js';
import { CASE, CASE_BYTES, type Silicon } from './silicon.js';

/** Executes every record's instruction on the processor and fills in the "after" fields. */
export function recordImages(silicon: Silicon, records: Uint8Array): void {
  const count = records.length / IMAGE_RECORD.bytes;
  const cases = new Uint8Array(count * CASE_BYTES);
  for (let n = 0; n < count; n++) {
    const at = n * IMAGE_RECORD.bytes;
    const to = n * CASE_BYTES;
    const code = Buffer.from(IMAGE_INSTRUCTIONS[records[at]!]!.code, 'hex');
    cases[to + CASE.length] = code.length;
    cases.set(code, to + CASE.code);
    cases.set(
      records.subarray(at + IMAGE_RECORD.memory, at + IMAGE_RECORD.memory + IMAGE_MEMORY_BYTES),
      to + CASE.memory,
    );
    cases.set(records.subarray(at + IMAGE_RECORD.fx, at + IMAGE_RECORD.fx + 512), to + CASE.fx);
    cases[to + CASE.rflags] = 2;
  }
  const after = silicon.run(cases);
  for (let n = 0; n < count; n++) {
    const at = n * IMAGE_RECORD.bytes;
    const from = n * CASE_BYTES;
    records.set(
      after.subarray(from + CASE.memory, from + CASE.memory + IMAGE_MEMORY_BYTES),
      at + IMAGE_RECORD.memoryAfter,
    );
    records.set(after.subarray(from + CASE.fx, from + CASE.fx + 512), at + IMAGE_RECORD.fxAfter);
  }
}
