import { PAGE_SIZE, RAM_OFFSET } from '../../vmm/memory/layout.js';
import type { AbsentPages } from '../../vmm/memory/guest-memory.js';
import type { ChunkTable } from '../../vmm/snapshot/manifest.js';
import { CHUNK_PAGES } from '../../vmm/snapshot/page-index.js';
import { NO_PAGE } from '../../vmm/snapshot/page-sources.js';
import { chunkRef, readChunk } from '../../vmm/snapshot/state-reader.js';
import { damaged } from '../../vmm/snapshot/state-error.js';
import { NodeCodec } from './node-codec.js';
import { StateFile } from './state-files.js';

/** A state file chunks come from. */
export interface ChunkFile {
  readonly path: string;
  readonly chunks: ChunkTable;
  /** By chunk × CHUNK_PAGES + place: page of RAM, or NO_PAGE. */
  readonly pages: Int32Array;
}

/** Chunks of RAM to load, and how far that is: given to every thread that takes part. */
export interface LoadPlan {
  readonly files: readonly ChunkFile[];
  /** Chunks to load: file and chunk number, alternating. A pair is an item. */
  readonly work: Int32Array;
  /** Item a page of RAM comes with; meaningless for pages that are not absent. */
  readonly itemOf: Int32Array;
  readonly absent: Uint8Array;
  /** Of each item: {@link WAITING}, being {@link LOADING}, {@link LOADED}, {@link LOST}. */
  readonly states: Int32Array<SharedArrayBuffer>;
  /** One word: the next item nobody has looked at. */
  readonly next: Int32Array<SharedArrayBuffer>;
}

const WAITING = 0;
const LOADING = 1;
const LOADED = 2;
/** It cannot be read. */
const LOST = 3;

/** Brings chunks of saved states into RAM: each once, whoever is first. */
export class ChunkLoader implements AbsentPages {
  readonly absent: Uint8Array;
  private readonly ram: Uint8Array;
  private readonly codec = new NodeCodec();
  private readonly files: StateFile[];
  /** Why a page could not be brought in. */
  failure: unknown;

  /** @param memory the machine's memory @throws NodeJS.ErrnoException if a file is gone */
  constructor(
    private readonly plan: LoadPlan,
    memory: ArrayBufferLike,
  ) {
    this.absent = plan.absent;
    this.ram = new Uint8Array(memory, RAM_OFFSET);
    this.files = plan.files.map(({ path }) => new StateFile(path));
  }

  /** Loads the next item nobody has begun. @returns false when there is none left @throws StateError */
  loadNext(): boolean {
    const { next, states } = this.plan;
    for (let item = Atomics.add(next, 0, 1); item < states.length; item = Atomics.add(next, 0, 1)) {
      if (this.claim(item)) return true;
    }
    return false;
  }

  /** @throws StateError if it cannot be read */
  bringIn(page: number): void {
    const { itemOf, states } = this.plan;
    const item = itemOf[page]!;
    try {
      if (this.claim(item)) return;
      while (Atomics.load(states, item) === LOADING) Atomics.wait(states, item, LOADING);
      if (Atomics.load(states, item) === LOST) throw damaged('a part of its memory is lost');
    } catch (error) {
      this.failure = error;
      throw error;
    }
  }

  close(): void {
    this.files.forEach((file) => file.close());
  }

  /** Loads an item if nobody has begun it. @returns whether it did */
  private claim(item: number): boolean {
    const { states } = this.plan;
    if (Atomics.compareExchange(states, item, WAITING, LOADING) !== WAITING) return false;
    let outcome = LOST;
    try {
      this.load(item);
      outcome = LOADED;
    } finally {
      Atomics.store(states, item, outcome);
      Atomics.notify(states, item);
    }
    return true;
  }

  private load(item: number): void {
    const { work, files } = this.plan;
    const file = work[2 * item]!;
    const number = work[2 * item + 1]!;
    const { chunks, pages } = files[file]!;
    const content = readChunk(this.files[file]!, this.codec, chunkRef(chunks, number));
    for (let place = 0; place < chunks.pages[number]!; place++) {
      const page = pages[number * CHUNK_PAGES + place]!;
      if (page === NO_PAGE) continue;
      this.ram.set(content.subarray(place * PAGE_SIZE, (place + 1) * PAGE_SIZE), page * PAGE_SIZE);
    }
  }
}
