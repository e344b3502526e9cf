import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';
import { copyMemory, emptyMemory, type CaseMemory } from './case-memory.js';
import type { CaseInfo, CaseStep } from './case-info.js';
import { TEMPLATES } from './generate/template.js';
import { BATCH, CODE_BYTES, DATA_BYTES, FRAMES_BYTES } from './layout.js';
import { AFTER, FX, RECORD } from './record.js';

/** A batch of cases with what the processor made of them. */
export interface Recording {
  readonly before: CaseMemory;
  /** Only records, data and frames differ. */
  readonly after: CaseMemory;
  readonly infos: readonly CaseInfo[];
}

type StoredStep = Omit<CaseStep, 'template'> & { readonly mnemonic: string; readonly encoding: string };
/** A case's description as it is kept in files. */
export interface StoredInfo extends Omit<CaseInfo, 'steps'> {
  readonly steps: readonly StoredStep[];
}

function xor(target: Uint8Array, other: Uint8Array): Uint8Array {
  return target.map((byte, i) => byte ^ other[i]!);
}

/** Fields of the start that many fields of the outcome equal, so that what is stored is mostly zeros. */
function outcomeGuess(record: Uint8Array): Uint8Array {
  const guess = new Uint8Array(RECORD.bytes - RECORD.after);
  guess.set(record.subarray(RECORD.fx, RECORD.fx + FX.end), RECORD.fxAfter - RECORD.after);
  guess.set(record.subarray(RECORD.selectors, RECORD.selectors + 8), RECORD.selectorsAfter - RECORD.after);
  guess.set(record.subarray(RECORD.fsBase, RECORD.fsBase + 16), RECORD.fsBaseAfter - RECORD.after);
  const register = (from: number, to: number): void => guess.set(record.subarray(from, from + 8), to - RECORD.after);
  const order = [56, 48, 40, 32, 24, 16, 8, 0, 64, 72, 80, 88, 96, 112, 104, RECORD.rsp, RECORD.rip, RECORD.rflags];
  order.forEach((from, i) => register(from, RECORD.after + i * 8));
  return guess;
}

/** What lies behind the fields of an outcome, and what says nothing about the processor. */
function clean(outcome: Uint8Array): Uint8Array {
  outcome.fill(0, AFTER.signal - RECORD.after, AFTER.signal - RECORD.after + 8);
  outcome.fill(0, RECORD.fxAfter + FX.end - RECORD.after);
  return outcome;
}

export function encodeRecording({ before, after, infos }: Recording): Uint8Array {
  const starts: Uint8Array[] = [];
  const outcomes: Uint8Array[] = [];
  for (let i = 0; i < BATCH; i++) {
    const at = i * RECORD.bytes;
    const start = before.records.subarray(at, at + RECORD.after);
    starts.push(start);
    outcomes.push(xor(clean(after.records.slice(at + RECORD.after, at + RECORD.bytes)), outcomeGuess(start)));
  }
  const stored = infos.map(storeInfo);
  const json = Buffer.from(JSON.stringify(stored));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length);
  const parts = [
    length,
    json,
    ...starts,
    ...outcomes,
    before.code,
    before.edge,
    before.data,
    before.frames,
    xor(after.data, before.data),
    xor(after.frames, before.frames),
  ];
  return brotliCompressSync(Buffer.concat(parts), { params: { [constants.BROTLI_PARAM_LGWIN]: 24 } });
}

/** @throws Error if a case is of a row the opcode table no longer has */
export function decodeRecording(compressed: Uint8Array): Recording {
  const bytes = brotliDecompressSync(compressed);
  let at = 0;
  const take = (count: number): Buffer => bytes.subarray(at, (at += count));
  const infos = (JSON.parse(take(take(4).readUInt32LE()).toString()) as StoredInfo[]).map(restoreInfo);
  const before = emptyMemory();
  for (let i = 0; i < BATCH; i++) before.records.set(take(RECORD.after), i * RECORD.bytes);
  const outcomes = Array.from({ length: BATCH }, () => take(RECORD.bytes - RECORD.after));
  before.code.set(take(CODE_BYTES));
  before.edge.set(take(before.edge.length));
  before.data.set(take(DATA_BYTES));
  before.frames.set(take(FRAMES_BYTES));
  const after = copyMemory(before);
  after.data.set(xor(before.data, take(DATA_BYTES)));
  after.frames.set(xor(before.frames, take(FRAMES_BYTES)));
  outcomes.forEach((outcome, i) => {
    const start = before.records.subarray(i * RECORD.bytes, i * RECORD.bytes + RECORD.after);
    after.records.set(xor(outcome, outcomeGuess(start)), i * RECORD.bytes + RECORD.after);
  });
  return { before, after, infos };
}

const ROWS = new Map(TEMPLATES.map((template) => [`${template.mnemonic} ${template.row.encoding}`, template]));

export function storeInfo({ steps, ...info }: CaseInfo): StoredInfo {
  const store = ({ template, ...step }: CaseStep): StoredStep => {
    return { ...step, mnemonic: template.mnemonic, encoding: template.row.encoding };
  };
  return { ...info, steps: steps.map(store) };
}

/** @throws Error if an instruction is of a row the opcode table no longer has */
export function restoreInfo({ steps, ...info }: StoredInfo): CaseInfo {
  const restore = ({ mnemonic, encoding, ...step }: StoredStep): CaseStep => {
    const template = ROWS.get(`${mnemonic} ${encoding}`);
    if (!template) throw new Error(`recorded ${mnemonic} ${encoding} is not in the opcode table: record anew`);
    return { ...step, template };
  };
  return { ...info, steps: steps.map(restore) };
}
