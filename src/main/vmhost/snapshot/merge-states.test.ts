import { describe, expect, it } from 'vitest';
import { inMemory, openState, pageOf, stateFile } from '../../../testing/state-files.js';
import { PAGE_SIZE } from '../../vmm/memory/layout.js';
import { mergeStates } from '../../vmm/snapshot/merge-states.js';
import { BASE_PAGE, CHUNK_PAGES, chunkOf, isStored, placeOf } from '../../vmm/snapshot/page-index.js';
import { chainOf } from '../../vmm/snapshot/page-sources.js';
import { chunkRef, readChunk } from '../../vmm/snapshot/state-reader.js';
import { NodeCodec } from './node-codec.js';

const A = '00000000-0000-4000-8000-00000000000a';
const B = '00000000-0000-4000-8000-00000000000b';
const C = '00000000-0000-4000-8000-00000000000c';
const PAGES = 3 * CHUNK_PAGES;
const codec = new NodeCodec();

function merged(upper: Uint8Array, base: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [];
  const stored = (file: Uint8Array) => ({ reader: openState(file), file: inMemory(file) });
  const sink = { append: (bytes: Uint8Array) => void parts.push(bytes.slice()) };
  for (const step of mergeStates(stored(upper), stored(base), sink, codec)) expect(step).toBeGreaterThan(0);
  return Uint8Array.from(Buffer.concat(parts));
}

/** All of RAM as a chain of state files reads. */
function ramOf(...files: Uint8Array[]): Buffer {
  const readers = files.map((file) => openState(file));
  const chain = chainOf(readers[0]!, readers.slice(1));
  const pages = Array.from({ length: PAGES }, (_, page) => {
    let depth = 0;
    while (chain[depth]!.index[page] === BASE_PAGE) depth++;
    const word = chain[depth]!.index[page]!;
    if (!isStored(word)) return new Uint8Array(PAGE_SIZE);
    const { manifest } = chain[depth]!;
    const file = inMemory(files[readers.indexOf(chain[depth]!)]!);
    const chunk = readChunk(file, codec, chunkRef(manifest.chunks, chunkOf(word)));
    return Uint8Array.from(chunk.subarray(placeOf(word) * PAGE_SIZE, (placeOf(word) + 1) * PAGE_SIZE));
  });
  return Buffer.concat(pages);
}

const every = (step: number, seed: number): Map<number, Uint8Array> =>
  new Map(Array.from({ length: Math.ceil(PAGES / step) }, (_, i) => [i * step, pageOf(seed + i)]));

describe('a state merged with the one it builds on', () => {
  const a = stateFile({ pages: PAGES, id: A, content: every(2, 1) });
  // Page 0 has become zero again.
  const b = stateFile({ pages: PAGES, id: B, base: A, known: BASE_PAGE, content: every(3, 100).set(0, new Uint8Array(PAGE_SIZE)) }); // prettier-ignore
  const state = { version: 1, clockNs: 77 };
  const videoMemory = pageOf(9);
  const c = stateFile({ pages: PAGES, id: C, base: B, known: BASE_PAGE, content: every(5, 200), state, videoMemory });

  it('reads the same on what that one built on, and alone where it stood alone', () => {
    const ram = ramOf(c, b, a);
    const onA = merged(c, b);
    expect(openState(onA).manifest).toMatchObject({ id: C, base: A });
    expect(ramOf(onA, a).equals(ram)).toBe(true);
    const alone = merged(onA, a);
    expect(openState(alone).manifest.base).toBeNull();
    expect(ramOf(alone).equals(ram)).toBe(true);
  });

  it('keeps devices and video memory', () => {
    const reader = openState(merged(c, b));
    expect(reader.machineState()).toEqual(state);
    expect(reader.videoMemory()).toEqual(videoMemory);
  });

  it('refuses a base with other memory', () => {
    expect(() => merged(c, stateFile({ pages: 2 * PAGES, id: B }))).toThrow(/other memory/);
  });
});
