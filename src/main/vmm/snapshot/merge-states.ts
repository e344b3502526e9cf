import { PAGE_SIZE } from '../memory/layout.js';
import type { StateCodec } from './codec.js';
import { BASE_PAGE, CHUNK_PAGES, isStored, positionOf, ZERO_PAGE } from './page-index.js';
import { NO_PAGE } from './page-sources.js';
import { StateError } from './state-error.js';
import type { StateBytes, StateSink } from './state-ports.js';
import { chunkRef, readChunk, type StateReader } from './state-reader.js';
import { StateWriter } from './state-writer.js';

/** A state and the file it is read from. */
export interface StoredState {
  readonly reader: StateReader;
  readonly file: StateBytes;
}

/**
 * Writes `upper` anew with the pages it takes from `base`, the state it builds on, so that it builds on what `base` does.
 * It keeps its id: states that build on it need not know.
 * @returns yields pages written so far, after each chunk
 * @throws StateError
 */
export function* mergeStates(
  upper: StoredState,
  base: StoredState,
  sink: StateSink,
  codec: StateCodec,
): Generator<number, void> {
  const { id, takenAtMs, machine } = upper.reader.manifest;
  if (machine.memoryBytes !== base.reader.manifest.machine.memoryBytes)
    throw new StateError('mismatch', 'the state it builds on is of a machine with other memory');
  const writer = new StateWriter(sink, codec, mergedIndex(upper.reader.index, base.reader.index));
  yield* addPages(upper, () => true, codec, writer);
  yield* addPages(base, (page) => upper.reader.index[page] === BASE_PAGE, codec, writer);
  writer.finish({
    id,
    base: base.reader.manifest.base,
    takenAtMs,
    machine,
    state: upper.reader.stateText(),
    videoMemory: upper.reader.videoMemory(),
  });
}

/** What is known of each page before those that are stored are added. */
function mergedIndex(upper: Uint32Array, base: Uint32Array): Uint32Array {
  return upper.map((word, page) => (word === BASE_PAGE && base[page] === BASE_PAGE ? BASE_PAGE : ZERO_PAGE));
}

/** Adds the pages of a state that are wanted, in the order they lie in its file. */
function* addPages(
  { reader, file }: StoredState,
  wanted: (page: number) => boolean,
  codec: StateCodec,
  writer: StateWriter,
): Generator<number, void> {
  const { chunks } = reader.manifest;
  const pages = new Int32Array(chunks.offset.length * CHUNK_PAGES).fill(NO_PAGE);
  reader.index.forEach((word, page) => {
    if (isStored(word) && wanted(page)) pages[positionOf(word)] = page;
  });
  for (let number = 0; number < chunks.offset.length; number++) {
    const inChunk = pages.subarray(number * CHUNK_PAGES, (number + 1) * CHUNK_PAGES);
    if (inChunk.every((page) => page === NO_PAGE)) continue;
    const content = readChunk(file, codec, chunkRef(chunks, number));
    inChunk.forEach((page, place) => {
      if (page !== NO_PAGE) writer.add(page, content.subarray(place * PAGE_SIZE, (place + 1) * PAGE_SIZE));
    });
    yield writer.storedPages;
  }
}
