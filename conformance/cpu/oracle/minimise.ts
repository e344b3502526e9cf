import { disassemble } from '../../../src/main/vmm/cpu/disassembler/disassemble.js';
import { codeOf, type CaseInfo } from './case-info.js';
import { copyMemory, WRITABLE_PAGES, type CaseMemory } from './case-memory.js';
import { RSP } from './generate/case-builder.js';
import { PAGE } from './layout.js';
import { FX, RECORD, START_OF_REGISTER } from './record.js';
import type { Difference, Session } from './session.js';

const NOP = 0x90;
/** What counts a region's rounds: without it there is no end. */
const DEC_EBP = 'ffcd';
/** All exceptions masked, registers empty, no flags. */
const PLAIN_FCW = 0x37f;
const PLAIN_MXCSR = 0x1f80;
const PLAIN_FLAGS = 0x202;

/** Makes something of a start state plain. */
type Simplification = (record: DataView, memory: CaseMemory) => void;

const SIMPLIFICATIONS: readonly Simplification[] = [
  ...START_OF_REGISTER.filter((_, register) => register !== RSP).map(
    (at): Simplification =>
      (record) =>
        record.setBigUint64(at, 0n, true),
  ),
  (record) => record.setBigUint64(RECORD.rflags, BigInt(PLAIN_FLAGS), true),
  (record) => record.setBigUint64(RECORD.fsBase, 0n, true),
  (record) => record.setBigUint64(RECORD.gsBase, 0n, true),
  (record) => record.setUint16(RECORD.fx + FX.fcw, PLAIN_FCW, true),
  (record) => record.setUint16(RECORD.fx + FX.fsw, 0, true),
  (record) => record.setUint16(RECORD.fx + FX.ftw, 0, true),
  (record) => record.setUint32(RECORD.fx + FX.mxcsr, PLAIN_MXCSR, true),
  ...Array.from({ length: (FX.end - FX.st) / 8 }, (_, i): Simplification => {
    return (record) => record.setBigUint64(RECORD.fx + FX.st + i * 8, 0n, true);
  }),
  (_, memory) => memory.frames.fill(0),
  ...WRITABLE_PAGES.map(
    (page): Simplification =>
      (_, memory) =>
        memory.data.fill(0, page, page + PAGE),
  ),
];

/**
 * Drops whatever a difference does not need: instructions, by putting NOPs in their place, and state. The processor says
 * what is right of each attempt, and only one in which a field differs that differed before is kept.
 */
export function minimise(session: Pick<Session, 'alone'>, found: Difference): Difference {
  let best = atFront(session, found);
  const wanted = new Set(found.fields.map(({ field }) => field));
  const attempt = (info: CaseInfo, start: CaseMemory): boolean => {
    const difference = session.alone(info, 0, start);
    if (!difference?.fields.some(({ field }) => wanted.has(field))) return false;
    best = difference;
    return true;
  };
  for (let smaller = true; smaller;) {
    smaller = false;
    for (const range of instructions(best.info)) {
      const info = without(best.info, range);
      if (info && attempt(info, best.start)) smaller = true;
    }
  }
  for (const simplify of SIMPLIFICATIONS) {
    const start = copyMemory(best.start);
    simplify(new DataView(start.records.buffer, 0, RECORD.bytes), start);
    attempt(best.info, start);
  }
  return best;
}

/** The same difference as the first case of a batch, where that makes none. */
function atFront(session: Pick<Session, 'alone'>, found: Difference): Difference {
  const start = copyMemory(found.start);
  start.records.fill(0);
  start.records.set(found.start.records.subarray(found.index * RECORD.bytes, (found.index + 1) * RECORD.bytes));
  return session.alone(found.info, 0, start) ?? found;
}

interface Range {
  readonly from: number;
  readonly to: number;
}

/** Where the instructions of a case lie in its code. */
function instructions(info: CaseInfo): Range[] {
  const code = Uint8Array.from(codeOf(info));
  const bits = info.mode === 'long' ? 64 : info.mode === 'segmented16' ? 16 : 32;
  const ranges: Range[] = [];
  for (let from = 0; from < code.length;) {
    const { length } = disassemble(code.subarray(from), { bits, address: BigInt(info.rip + from) });
    ranges.push({ from, to: from + Math.max(1, length) });
    from += Math.max(1, length);
  }
  return ranges;
}

/** A case with NOPs instead of an instruction; undefined if there is nothing to gain. */
function without(info: CaseInfo, { from, to }: Range): CaseInfo | undefined {
  const code = codeOf(info);
  const dropped = code.slice(from, to);
  if (dropped.every((byte) => byte === NOP) || Buffer.from(dropped).toString('hex') === DEC_EBP) return undefined;
  return { ...info, body: code.map((byte, i) => (i >= from && i < to ? NOP : byte)) };
}
