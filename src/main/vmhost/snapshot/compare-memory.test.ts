import { expect, it } from 'vitest';
import { inMemory, openState, pageOf, stateFile, type TestState } from '../../../testing/state-files.js';
import { NodeCodec } from './node-codec.js';
import { PAGE_SIZE } from '../../vmm/memory/layout.js';
import { compareMemory, type OpenState } from '../../vmm/snapshot/compare-memory.js';
import { BASE_PAGE } from '../../vmm/snapshot/page-index.js';

const A = '00000000-0000-4000-8000-00000000000a';
const B = '00000000-0000-4000-8000-00000000000b';
const PAGES = 256;

const quiet = { checkpoint: () => {}, progress: () => {} };

function state(given: Partial<TestState>): OpenState {
  const file = stateFile({ pages: PAGES, ...given });
  return { reader: openState(file), bytes: inMemory(file) };
}

/** Pages that differ. */
function different(a: readonly [OpenState, ...OpenState[]], b: readonly [OpenState, ...OpenState[]]): number {
  return compareMemory(a, b, new NodeCodec(), quiet).differentBytes / PAGE_SIZE;
}

const numbered = (count: number, seed = 0) =>
  new Map(Array.from({ length: count }, (_, page) => [page, pageOf(page + seed)]));

it('counts pages by what they hold, wherever they are kept', () => {
  const base = state({ id: A, content: numbered(100) });
  const child = state({ id: B, base: A, known: BASE_PAGE, content: new Map([[3, pageOf(900)], [4, pageOf(4)], [200, pageOf(5)]]) }); // prettier-ignore
  const alone = state({ content: numbered(100) });
  expect(different([base], [base])).toBe(0);
  expect(different([base], [alone])).toBe(0);
  // Page 4 was written again with what it held.
  expect(different([base], [child, base])).toBe(2);
  expect(different([child, base], [alone])).toBe(2);
  expect(different([base], [state({})])).toBe(100);
});

it('takes pages that were zeroed since for different, and zeros for zeros', () => {
  const base = state({ id: A, content: numbered(10) });
  const zeroed = state({ id: B, base: A, known: BASE_PAGE, content: new Map([[2, new Uint8Array(PAGE_SIZE)], [50, new Uint8Array(PAGE_SIZE)]]) }); // prettier-ignore
  expect(different([base], [zeroed, base])).toBe(1);
});

it('counts all that only one of two memories has', () => {
  const small = state({ content: numbered(10) });
  const large = state({ pages: 2 * PAGES, content: numbered(10) });
  expect(compareMemory([small], [large], new NodeCodec(), quiet)).toEqual({
    differentBytes: PAGES * PAGE_SIZE,
    totalBytes: 2 * PAGES * PAGE_SIZE,
  });
});

it('reads more chunks than it keeps, in any order', () => {
  const shuffled = new Map([...numbered(PAGES)].sort(([a], [b]) => ((a * 37) % PAGES) - ((b * 37) % PAGES)));
  expect(different([state({ content: shuffled })], [state({ content: numbered(PAGES) })])).toBe(0);
  expect(different([state({ content: shuffled })], [state({ content: numbered(PAGES, 1) })])).toBe(PAGES);
});

it('refuses a state whose base is missing or whose memory is damaged, and can be ended', () => {
  const orphan = state({ id: B, base: A, known: BASE_PAGE });
  expect(() => different([orphan], [orphan])).toThrow(/missing/);
  const file = stateFile({ pages: PAGES, content: numbered(64) });
  const reader = openState(file);
  const rotten = { reader, bytes: inMemory(Uint8Array.from(file).fill(0x5a, 16, 2000)) };
  expect(() => different([rotten], [state({})])).toThrow(/checksum/);
  const ended = { ...quiet, checkpoint: () => { throw new Error('ended'); } }; // prettier-ignore
  expect(() => compareMemory([{ reader, bytes: inMemory(file) }], [state({})], new NodeCodec(), ended)).toThrow(
    'ended',
  );
});
