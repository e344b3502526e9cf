import type { FpCore } from './core-module.js';
import { LISTED, X87_RECORD, X87_TESTED, runX87Case } from './x87-case.js';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).reverse().toString('hex');

/** Which records the core does not reproduce, described for a person; at most three of each instruction. */
export function compareX87(core: FpCore, records: Uint8Array): string[] {
  const differences: string[] = [];
  const seen = new Map<number, number>();
  const actual = new Uint8Array(X87_RECORD.bytes);
  for (let at = 0; at < records.length; at += X87_RECORD.bytes) {
    const expected = records.subarray(at, at + X87_RECORD.bytes);
    actual.set(expected);
    runX87Case(core, actual);
    if (Buffer.compare(actual, expected) === 0) continue;
    const index = expected[0]! | (expected[1]! << 8);
    const count = (seen.get(index) ?? 0) + 1;
    seen.set(index, count);
    if (count <= 3) differences.push(describe(index, expected, actual));
  }
  for (const [index, count] of seen)
    differences.push(`${X87_TESTED[index]!.mnemonic} ${X87_TESTED[index]!.encoding}: ${count} cases differ`);
  return differences;
}

function describe(index: number, expected: Uint8Array, actual: Uint8Array): string {
  const field = (record: Uint8Array, at: number, length: number): string => hex(record.subarray(at, at + length));
  const registers = (record: Uint8Array, at: number): string =>
    LISTED.map((i, k) => `st${i} ${field(record, at + k * 10 + 8, 2)}:${field(record, at + k * 10, 8)}`).join(' ');
  const outcome = (record: Uint8Array): string =>
    `fsw ${field(record, X87_RECORD.fswAfter, 2)} valid ${field(record, X87_RECORD.validAfter, 1)} flags ${field(record, X87_RECORD.flagsAfter, 2)} ${registers(record, X87_RECORD.registersAfter)} memory ${field(record, X87_RECORD.memoryAfter, 10)} others ${record[X87_RECORD.othersChanged]}`;
  const before = `fcw ${field(expected, X87_RECORD.fcw, 2)} fsw ${field(expected, X87_RECORD.fsw, 2)} valid ${field(expected, X87_RECORD.valid, 1)} flags ${field(expected, X87_RECORD.flags, 2)}`;
  return [
    `${X87_TESTED[index]!.mnemonic} ${X87_TESTED[index]!.encoding} ${before}`,
    `  ${registers(expected, X87_RECORD.registers)} memory ${field(expected, X87_RECORD.memory, 10)}`,
    `  expected ${outcome(expected)}`,
    `  actual   ${outcome(actual)}`,
  ].join('\n');
}
