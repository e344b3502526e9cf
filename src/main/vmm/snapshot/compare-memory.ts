import { PAGE_SIZE } from '../memory/layout.js';
import type { StateCodec } from './codec.js';
import { BASE_PAGE, chunkOf, isStored, placeOf } from './page-index.js';
import { chainOf } from './page-sources.js';
import { chunkRef, readChunk, type StateReader } from './state-reader.js';
import type { StateBytes } from './state-ports.js';

/** Pages looked at between two reports of progress. */
const REPORT_EVERY_PAGES = 1024;
/** Expanded chunks kept for each of two states: pages of a chunk lie close together in RAM. */
const KEPT_CHUNKS = 16;

/** A state file that is open. */
export interface OpenState {
  readonly reader: StateReader;
  readonly bytes: StateBytes;
}

/** In bytes; of the larger of the two memories. */
export interface MemoryDifference {
  readonly differentBytes: number;
  readonly totalBytes: number;
}

interface CompareControl {
  /** @throws to end the comparison */
  checkpoint(): void;
  progress(doneBytes: number, totalBytes: number): void;
}

/**
 * How much guest memory differs between two states, in whole pages. Pages that both have from the same place of the same
 * file are not read; a smaller memory is taken to go on with pages unlike any other.
 * @param a each: the state, then those it builds on in any order
 * @throws StateError
 */
export function compareMemory(
  a: readonly [OpenState, ...OpenState[]],
  b: readonly [OpenState, ...OpenState[]],
  codec: StateCodec,
  control: CompareControl,
): MemoryDifference {
  const [left, right] = [new SavedMemory(a, codec), new SavedMemory(b, codec)];
  const common = Math.min(left.pages, right.pages);
  const totalBytes = Math.max(left.pages, right.pages) * PAGE_SIZE;
  let different = totalBytes / PAGE_SIZE - common;
  for (let page = 0; page < common; page++) {
    if (page % REPORT_EVERY_PAGES === 0) {
      control.checkpoint();
      control.progress(page * PAGE_SIZE, totalBytes);
    }
    if (!samePage(left, right, page)) different++;
  }
  return { differentBytes: different * PAGE_SIZE, totalBytes };
}

function samePage(left: SavedMemory, right: SavedMemory, page: number): boolean {
  const [from, to] = [left.place(page), right.place(page)];
  if (from === undefined || to === undefined)
    return isZero(from && left.content(from)) && isZero(to && right.content(to));
  if (from.state === to.state && from.word === to.word) return true;
  return sameBytes(left.content(from), right.content(to));
}

const ZEROS = new Uint8Array(PAGE_SIZE);

function isZero(page: Uint8Array | undefined): boolean {
  return page === undefined || sameBytes(page, ZEROS);
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 0; i < PAGE_SIZE; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Where a page that is not zero is kept. */
interface PagePlace {
  readonly depth: number;
  /** Id of the state whose file has it. */
  readonly state: string;
  /** Its word in that state's index. */
  readonly word: number;
}

/** Guest memory over a chain of states. */
class SavedMemory {
  readonly pages: number;
  private readonly chain: readonly OpenState[];
  /** Expanded chunks by depth and number; the one used longest ago comes first. */
  private readonly chunks = new Map<string, Uint8Array>();

  constructor(
    states: readonly [OpenState, ...OpenState[]],
    private readonly codec: StateCodec,
  ) {
    const [top, ...others] = states;
    const readers = chainOf(top.reader, others.map(({ reader }) => reader));
    this.chain = readers.map((reader) => states.find((state) => state.reader === reader)!);
    this.pages = top.reader.index.length;
  } // prettier-ignore

  /** Undefined for a page of zeros. */
  place(page: number): PagePlace | undefined {
    let depth = 0;
    let word = this.chain[0]!.reader.index[page]!;
    while (word === BASE_PAGE) word = this.chain[++depth]!.reader.index[page]!;
    return isStored(word) ? { depth, word, state: this.chain[depth]!.reader.manifest.id } : undefined;
  }

  /** @throws StateError */
  content({ depth, word }: PagePlace): Uint8Array {
    const start = placeOf(word) * PAGE_SIZE;
    return this.chunk(depth, chunkOf(word)).subarray(start, start + PAGE_SIZE);
  }

  private chunk(depth: number, number: number): Uint8Array {
    const key = `${depth}:${number}`;
    const { reader, bytes } = this.chain[depth]!;
    const chunk = this.chunks.get(key) ?? readChunk(bytes, this.codec, chunkRef(reader.manifest.chunks, number));
    this.chunks.delete(key);
    this.chunks.set(key, chunk);
    if (this.chunks.size > KEPT_CHUNKS) this.chunks.delete(this.chunks.keys().next().value!);
    return chunk;
  }
}
