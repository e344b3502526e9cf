import { X87Op } from '../../../src/main/vmm/cpu/core/opcodes/x87-op.js';
import type { FpCore } from './core-module.js';
import { LISTED, X87_RECORD, X87_TESTED, runX87Case } from './x87-case.js';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).reverse().toString('hex');

/** Which records the core does not reproduce, described for a person; at most three of each instruction. */
export function compareX87(core: FpCore, records: Uint8Array): string[] {
  return compareX87With(records, (record) => {
    const actual = Uint8Array.from(record);
    runX87Case(core, actual);
    return actual;
  });
}

/** The same for any way to execute a record: `execute` returns it with its outcome, or undefined to leave it out. */
export function compareX87With(
  records: Uint8Array,
  execute: (record: Uint8Array, index: number) => Uint8Array | undefined,
): string[] {
  const differences: string[] = [];
  const seen = new Map<number, number>();
  for (let at = 0; at < records.length; at += X87_RECORD.bytes) {
    const expected = records.subarray(at, at + X87_RECORD.bytes);
    const actual = execute(expected, at / X87_RECORD.bytes);
    if (actual === undefined || Buffer.compare(actual, expected) === 0) continue;
    if (isApproximation(expected) && nearlyEqual(actual, expected)) continue;
    const index = expected[0]! | (expected[1]! << 8);
    const count = (seen.get(index) ?? 0) + 1;
    seen.set(index, count);
    if (count <= 3) differences.push(describe(index, expected, actual));
  }
  for (const [index, count] of seen)
    differences.push(`${X87_TESTED[index]!.mnemonic} ${X87_TESTED[index]!.encoding}: ${count} cases differ`);
  return differences;
}

const APPROXIMATE: ReadonlySet<number> = new Set([
  X87Op.F2XM1, X87Op.FYL2X, X87Op.FYL2XP1, X87Op.FPTAN, X87Op.FPATAN, X87Op.FSIN, X87Op.FCOS, X87Op.FSINCOS,
]); // prettier-ignore

function isApproximation(record: Uint8Array): boolean {
  return APPROXIMATE.has(X87_TESTED[record[0]! | (record[1]! << 8)]!.op);
}

/**
 * Processors' transcendental functions are good to one unit in the last place (SDM vol. 1, 8.3.10), ours are correctly
 * rounded: registers may differ by one unit, and C1, which tells the rounding, may differ with them.
 */
function nearlyEqual(actual: Uint8Array, expected: Uint8Array): boolean {
  const copy = Uint8Array.from(actual);
  copy[X87_RECORD.fswAfter + 1]! ^=
    (actual[X87_RECORD.fswAfter + 1]! ^ expected[X87_RECORD.fswAfter + 1]!) & C1_HIGH_BYTE;
  for (const [k] of LISTED.entries()) {
    const at = X87_RECORD.registersAfter + k * 10;
    if (distance(actual, expected, at) <= 1n) copy.set(expected.subarray(at, at + 10), at);
  }
  return Buffer.compare(copy, expected) === 0;
}

const C1_HIGH_BYTE = 0x02;

/** In units of the last place. */
function distance(a: Uint8Array, b: Uint8Array, at: number): bigint {
  const value = (record: Uint8Array): bigint => {
    const view = new DataView(record.buffer, record.byteOffset + at, 10);
    return (BigInt(view.getUint16(8, true)) << 63n) + (view.getBigUint64(0, true) & 0x7fff_ffff_ffff_ffffn);
  };
  const difference = value(a) - value(b);
  return difference < 0n ? -difference : difference;
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
