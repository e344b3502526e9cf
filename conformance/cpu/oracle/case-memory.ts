import {
  CODE,
  CODE_BYTES,
  DATA,
  DATA_BYTES,
  DATA_PAGES,
  EDGE,
  EDGE_PAIRS,
  FILLER,
  FRAMES,
  FRAMES_BYTES,
  PAGE,
} from './layout.js';
import { RECORDS_BYTES } from './record.js';

/** One target's copy of everything cases are made of (layout.ts). Holes are part of the views but must not be touched. */
export interface CaseMemory {
  readonly records: Uint8Array;
  readonly code: Uint8Array;
  readonly edge: Uint8Array;
  readonly data: Uint8Array;
  readonly frames: Uint8Array;
}

/** Offsets in `data` of what is mapped, as runs. */
export const DATA_RUNS: readonly { readonly start: number; readonly end: number }[] = DATA_PAGES.reduce<
  { start: number; end: number }[]
>((runs, protection, page) => {
  const last = runs.at(-1);
  if (protection === 'none') return runs;
  if (last?.end === page * PAGE) last.end += PAGE;
  else runs.push({ start: page * PAGE, end: (page + 1) * PAGE });
  return runs;
}, []);

/** Gives read-only pages something to be read, always the same. */
export function fillReadOnly({ data }: CaseMemory): void {
  let state = 1;
  DATA_PAGES.forEach((protection, page) => {
    if (protection !== 'read') return;
    for (let i = 0; i < PAGE; i++) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      data[page * PAGE + i] = state >>> 24;
    }
  });
}

/** First address at which two memories that cases may write differ, as an offset in `data`, then in `frames`; or -1. */
export function memoryDifference(a: CaseMemory, b: CaseMemory): number {
  for (const { start, end } of DATA_RUNS) {
    const at = firstDifference(a.data.subarray(start, end), b.data.subarray(start, end));
    if (at >= 0) return start + at;
  }
  const at = firstDifference(a.frames, b.frames);
  return at < 0 ? -1 : FRAMES - DATA + at;
}

function firstDifference(a: Uint8Array, b: Uint8Array): number {
  if (Buffer.compare(a, b) === 0) return -1;
  return a.findIndex((byte, i) => byte !== b[i]);
}

/** Offsets in `data` of the pages that can be written. */
export const WRITABLE_PAGES: readonly number[] = DATA_PAGES.flatMap((protection, page) =>
  protection === 'write' ? [page * PAGE] : [],
);

/** Offsets in `edge` of the pages that are mapped. */
export const EDGE_PAGES: readonly number[] = Array.from({ length: EDGE_PAIRS }, (_, pair) => pair * 2 * PAGE);

export function emptyMemory(): CaseMemory {
  const memory = {
    records: new Uint8Array(RECORDS_BYTES),
    code: new Uint8Array(CODE_BYTES),
    edge: new Uint8Array(EDGE_PAIRS * 2 * PAGE),
    data: new Uint8Array(DATA_BYTES),
    frames: new Uint8Array(FRAMES_BYTES),
  };
  fillReadOnly(memory);
  return memory;
}

/** A copy in plain memory; holes are left alone. */
export function copyMemory(source: CaseMemory): CaseMemory {
  const copy = emptyMemory();
  copy.records.set(source.records);
  copy.code.set(source.code);
  copy.frames.set(source.frames);
  for (const page of EDGE_PAGES) copy.edge.set(source.edge.subarray(page, page + PAGE), page);
  for (const { start, end } of DATA_RUNS) copy.data.set(source.data.subarray(start, end), start);
  return copy;
}

/** Records, and what cases may write of the rest but code, from a copy. */
export function putBack(memory: CaseMemory, copy: CaseMemory): void {
  memory.records.set(copy.records);
  for (const page of WRITABLE_PAGES) memory.data.set(copy.data.subarray(page, page + PAGE), page);
  memory.frames.set(copy.frames);
}

/** Leaves nothing but filler wherever code may be. */
export function fillCode({ code, edge }: CaseMemory): void {
  code.fill(FILLER);
  for (const page of EDGE_PAGES) edge.fill(FILLER, page, page + PAGE);
}

/** Puts bytes where a case's code begins, as far as that is mapped. */
export function writeCode(memory: CaseMemory, linear: number, code: readonly number[]): void {
  if (linear < EDGE) return memory.code.set(code, linear - CODE);
  memory.edge.set(code.slice(0, PAGE - ((linear - EDGE) % PAGE)), linear - EDGE);
}
