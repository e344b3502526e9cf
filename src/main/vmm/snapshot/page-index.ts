import { damaged } from './state-error.js';

/** Pages a chunk holds at most: compressed together, 128 KiB at a time. */
export const CHUNK_PAGES = 32;

/** Words of the index of pages: what a page is, or 2 + chunk × {@link CHUNK_PAGES} + place in the chunk. */
export const ZERO_PAGE = 0;
/** As the state this one builds on has it. */
export const BASE_PAGE = 1;
const FIRST_STORED = 2;

export function storedAt(chunk: number, place: number): number {
  return FIRST_STORED + chunk * CHUNK_PAGES + place;
}

/** Chunk of a stored page. */
export function chunkOf(word: number): number {
  return Math.floor((word - FIRST_STORED) / CHUNK_PAGES);
}

/** Place of a stored page counted over all chunks, as if each had {@link CHUNK_PAGES}. */
export function positionOf(word: number): number {
  return word - FIRST_STORED;
}

export function placeOf(word: number): number {
  return (word - FIRST_STORED) % CHUNK_PAGES;
}

export function isStored(word: number): boolean {
  return word >= FIRST_STORED;
}

/** Little-endian words. */
export function encodeIndex(index: Uint32Array): Uint8Array {
  const bytes = new Uint8Array(index.length * 4);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < index.length; i++) view.setUint32(i * 4, index[i]!, true);
  return bytes;
}

/** @throws StateError `damaged` if a page lies in a chunk that is not there */
export function decodeIndex(
  bytes: Uint8Array,
  pages: number,
  chunkPages: readonly number[],
  hasBase: boolean,
): Uint32Array {
  if (bytes.length !== pages * 4) throw damaged('the index of its memory has the wrong size');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const index = new Uint32Array(pages);
  for (let page = 0; page < pages; page++) {
    const word = view.getUint32(page * 4, true);
    if (word === BASE_PAGE && !hasBase) throw damaged('it refers to a state it does not build on');
    if (isStored(word) && placeOf(word) >= (chunkPages[chunkOf(word)] ?? 0))
      throw damaged('a page of its memory is missing');
    index[page] = word;
  }
  return index;
}
