import { PAGE_SIZE } from './layout.js';

/** Words before the slots' owners. */
const CLOSED = 0;
const OWNERS = 1;

const EMPTY = 0;

/** How long a writer that finds the ring full sleeps at most before it looks again, in ms. */
const LOOK_AGAIN_MS = 20;

/** The shared memory of an {@link AsideRing}. */
export interface AsideBuffers {
  readonly words: SharedArrayBuffer;
  readonly pages: SharedArrayBuffer;
}

/**
 * Copies of pages a guest was about to change while it is being saved, on their way from the one thread that writes to
 * the one that saves. A writer that finds the ring full waits: the guest then runs as fast as the saver writes.
 */
export class AsideRing {
  private readonly words: Int32Array;
  private readonly pages: Uint8Array;
  private readonly slots: number;
  private next = 0;

  static create(slots: number): AsideBuffers {
    return { words: new SharedArrayBuffer(4 * (OWNERS + slots)), pages: new SharedArrayBuffer(slots * PAGE_SIZE) };
  }

  constructor({ words, pages }: AsideBuffers) {
    this.words = new Int32Array(words);
    this.pages = new Uint8Array(pages);
    this.slots = this.words.length - OWNERS;
  }

  /** Puts a copy of a page in. Copies nothing once the ring is closed. */
  push(page: number, content: Uint8Array): void {
    const slot = this.next;
    const owner = OWNERS + slot;
    for (;;) {
      if (Atomics.load(this.words, CLOSED)) return;
      const taken = Atomics.load(this.words, owner);
      if (taken === EMPTY) break;
      Atomics.wait(this.words, owner, taken, LOOK_AGAIN_MS);
    }
    this.pages.set(content, slot * PAGE_SIZE);
    Atomics.store(this.words, owner, page + 1);
    this.next = (slot + 1) % this.slots;
  }

  /** Gives the oldest page to `take` and frees its slot. @returns whether there was one */
  shift(take: (page: number, content: Uint8Array) => void): boolean {
    const slot = this.next;
    const owner = OWNERS + slot;
    const page = Atomics.load(this.words, owner) - 1;
    if (page < 0) return false;
    take(page, this.pages.subarray(slot * PAGE_SIZE, (slot + 1) * PAGE_SIZE));
    Atomics.store(this.words, owner, EMPTY);
    Atomics.notify(this.words, owner);
    this.next = (slot + 1) % this.slots;
    return true;
  }

  /** Nobody will take anything out any more: writers that wait go on. */
  close(): void {
    Atomics.store(this.words, CLOSED, 1);
    for (let owner = OWNERS; owner < OWNERS + this.slots; owner++) Atomics.notify(this.words, owner);
  }
}
