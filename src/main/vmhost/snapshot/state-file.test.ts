import { describe, expect, it } from 'vitest';
import { NodeCodec } from './node-codec.js';
import { inMemory, openState, pageOf, stateFile } from '../../../testing/state-files.js';
import { PAGE_SIZE } from '../../vmm/memory/layout.js';
import type { Manifest } from '../../vmm/snapshot/manifest.js';
import { BASE_PAGE, chunkOf, placeOf, ZERO_PAGE } from '../../vmm/snapshot/page-index.js';
import { chainOf, locatePages, NO_PAGE } from '../../vmm/snapshot/page-sources.js';
import { chunkRef, readChunk, type StateReader } from '../../vmm/snapshot/state-reader.js';

const A = '00000000-0000-4000-8000-00000000000a';
const B = '00000000-0000-4000-8000-00000000000b';
const C = '00000000-0000-4000-8000-00000000000c';

function pageIn(file: Uint8Array, state: StateReader, page: number, codec = new NodeCodec()): Uint8Array {
  const word = state.index[page]!;
  const chunk = readChunk(inMemory(file), codec, chunkRef(state.manifest.chunks, chunkOf(word)));
  return Uint8Array.from(chunk.subarray(placeOf(word) * PAGE_SIZE, (placeOf(word) + 1) * PAGE_SIZE));
}

function codeOf(act: () => unknown): string {
  try {
    act();
    return 'accepted';
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

/** The file with its manifest changed, checksum and all. */
function rewritten(file: Uint8Array, change: (manifest: Manifest) => unknown): Uint8Array {
  const tail = new DataView(file.buffer, file.length - 32);
  const offset = Number(tail.getBigUint64(0, true));
  const manifest = JSON.parse(new TextDecoder().decode(file.subarray(offset, file.length - 32))) as Manifest;
  change(manifest);
  const text = new TextEncoder().encode(JSON.stringify(manifest));
  const end = file.slice(file.length - 32);
  new DataView(end.buffer).setUint32(8, text.length, true);
  new DataView(end.buffer).setUint32(12, new NodeCodec().crc32(text), true);
  return Uint8Array.from(Buffer.concat([file.subarray(0, offset), text, end]));
}

describe('state files', () => {
  it('give back pages in any order, leave out zero ones, and keep state and video memory', () => {
    const content = new Map(Array.from({ length: 100 }, (_, i) => [(i * 37) % 128, pageOf(i)] as const));
    content.set(5, new Uint8Array(PAGE_SIZE));
    const videoMemory = pageOf(77);
    const state = {
      version: 1,
      clockNs: 12,
      big: 1n << 80n,
      bytes: Uint8Array.of(1, 2),
      odd: [undefined, null, -0, Infinity],
    };
    const file = stateFile({ pages: 128, content, videoMemory, state });
    const read = openState(file);
    expect(read.machineState()).toEqual(state);
    expect(read.videoMemory()).toEqual(videoMemory);
    expect(read.index[5]).toBe(ZERO_PAGE);
    for (const [page, bytes] of content) if (page !== 5) expect(pageIn(file, read, page)).toEqual(bytes);
    expect(file.length).toBeLessThan((100 * PAGE_SIZE) / 4);
  });

  it.each(['zstd', 'deflate', 'raw'] as const)('are readable whatever compresses them: %s', (codec) => {
    const file = stateFile({ pages: 2, content: new Map([[1, pageOf(1)]]) }, new NodeCodec(undefined, codec));
    expect(pageIn(file, openState(file), 1)).toEqual(pageOf(1));
  });

  it('fall back to deflate on a Node without Zstandard, which says so when it meets some', () => {
    const old = new NodeCodec({});
    expect(old.preferred).toBe('deflate');
    const own = stateFile({ pages: 2, content: new Map([[1, pageOf(1)]]) }, old);
    expect(openState(own, old).machineState()).toEqual({ version: 1, clockNs: 5 });
    const foreign = stateFile({ pages: 2, content: new Map([[1, pageOf(1)]]) });
    expect(codeOf(() => pageIn(foreign, openState(foreign, old), 1, old))).toBe('unsupported');
  });

  it('find pages of the states they build on', () => {
    const base = stateFile({ pages: 4, id: A, content: new Map([[0, pageOf(1)], [1, pageOf(2)]]) }); // prettier-ignore
    const middle = stateFile({ pages: 4, id: B, base: A, known: BASE_PAGE, content: new Map([[1, pageOf(3)]]) });
    const top = stateFile({ pages: 4, id: C, base: B, known: BASE_PAGE, content: new Map([[2, pageOf(4)]]) });
    const [a, b, c] = [base, middle, top].map((file) => openState(file)) as [StateReader, StateReader, StateReader];
    const chain = chainOf(c, [a, b]);
    expect(chain).toEqual([c, b, a]);
    const wanted = locatePages(chain).pages.map((pages) => [...pages].filter((page) => page !== NO_PAGE));
    expect(wanted).toEqual([[2], [1], [0]]);
  });

  it('refuse chains that lack a state, go in a circle or change their memory', () => {
    const open = (given: Parameters<typeof stateFile>[0]) => openState(stateFile(given));
    const a = open({ pages: 4, id: A, base: B, known: BASE_PAGE });
    const b = open({ pages: 4, id: B, base: A, known: BASE_PAGE });
    expect(codeOf(() => chainOf(a, []))).toBe('damaged');
    expect(codeOf(() => chainOf(a, [a, b]))).toBe('damaged');
    expect(codeOf(() => chainOf(a, [open({ pages: 8, id: B })]))).toBe('mismatch');
  });
});

describe('damaged and newer state files', () => {
  const file = stateFile({ pages: 64, content: new Map(Array.from({ length: 40 }, (_, i) => [i, pageOf(i)])) });

  it('are refused when they end too early, at whatever byte', () => {
    for (let length = 0; length < file.length; length += 97) {
      expect(codeOf(() => openState(file.slice(0, length)))).toBe('damaged');
    }
  });

  it('are refused or read wrong nowhere when a bit has flipped', () => {
    const good = openState(file);
    for (let at = 0; at < file.length; at += 101) {
      const bad = file.slice();
      bad[at]! ^= 1 << (at & 7);
      const outcome = codeOf(() => {
        const read = openState(bad);
        read.machineState();
        read.videoMemory();
        for (const page of [0, 39]) expect(pageIn(bad, read, page)).toEqual(pageOf(page));
        expect(read.index).toEqual(good.index);
      });
      expect(['damaged', 'newer', 'accepted']).toContain(outcome);
    }
  });

  it('say that they are newer', () => {
    expect(codeOf(() => openState(rewritten(file, (manifest) => Object.assign(manifest, { version: 2 }))))).toBe(
      'newer',
    );
    const container = file.slice();
    container[8] = 2;
    expect(codeOf(() => openState(container))).toBe('newer');
  });

  it.each<[string, (manifest: Manifest) => unknown]>([
    ['an unknown key', (m) => Object.assign(m, { extra: 1 })],
    ['no key', (m) => Reflect.deleteProperty(m, 'videoMemory')],
    ['an id that is none', (m) => Object.assign(m, { id: '../../etc' })],
    ['absurd memory', (m) => Object.assign(m.machine, { memoryBytes: 2 ** 40 })],
    ['columns of unequal length', (m) => m.chunks.offset.pop()],
    ['a chunk of too many pages', (m) => (m.chunks.pages[0] = 33)],
    ['fewer pages in a chunk than are used', (m) => (m.chunks.pages[0] = 1)],
    ['a blob of another size', (m) => (m.pages[0]!.bytes = 4)],
    ['a blob behind the end', (m) => (m.pages[0]!.offset = (2 ** 40) as never)],
    ['a base it lacks', (m) => Object.assign(m, { base: 7 })],
  ])('are refused with %s', (_what, change) => {
    const bad = rewritten(file, change);
    expect(codeOf(() => openState(bad))).toBe('damaged');
  });
});
