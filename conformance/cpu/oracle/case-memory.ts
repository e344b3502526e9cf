import { DATA, DATA_PAGES, EDGE_PAIRS, FRAMES, PAGE } from './layout.js';

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

/** What cases may write, set aside. */
export interface MemorySnapshot {
  readonly data: readonly Uint8Array[];
  readonly frames: Uint8Array;
}

export function snapshotMemory({ data, frames }: CaseMemory): MemorySnapshot {
  return { data: WRITABLE_PAGES.map((page) => data.slice(page, page + PAGE)), frames: frames.slice() };
}

export function restoreMemory(memory: CaseMemory, { data, frames }: MemorySnapshot): void {
  WRITABLE_PAGES.forEach((page, i) => memory.data.set(data[i]!, page));
  memory.frames.set(frames);
}

/** Offsets in `data` of the pages that can be written. */
const WRITABLE_PAGES: readonly number[] = DATA_PAGES.flatMap((protection, page) =>
  protection === 'write' ? [page * PAGE] : [],
);

/** Offsets in `edge` of the pages that are mapped. */
export const EDGE_PAGES: readonly number[] = Array.from({ length: EDGE_PAIRS }, (_, pair) => pair * 2 * PAGE);
