const HEAD = 0;
const TAIL = 1;
const ENTRIES = 2;

/**
 * A queue of small integers between two threads: one pushes, the other pops. It holds as many entries as it was made
 * for; whoever pushes makes sure there are never more numbers in circulation than that.
 */
export class IndexRing {
  static words(capacity: number): number {
    return ENTRIES + capacity;
  }

  private readonly capacity: number;

  /** @param words shared memory of {@link IndexRing.words} words, zero at first */
  constructor(private readonly words: Int32Array) {
    this.capacity = words.length - ENTRIES;
  }

  get isEmpty(): boolean {
    return Atomics.load(this.words, TAIL) === Atomics.load(this.words, HEAD);
  }

  push(value: number): void {
    const tail = Atomics.load(this.words, TAIL);
    this.words[ENTRIES + ((tail >>> 0) % this.capacity)] = value;
    Atomics.store(this.words, TAIL, (tail + 1) | 0);
  }

  /** The oldest entry, or -1 if there is none. */
  pop(): number {
    const head = Atomics.load(this.words, HEAD);
    if (head === Atomics.load(this.words, TAIL)) return -1;
    const value = this.words[ENTRIES + ((head >>> 0) % this.capacity)]!;
    Atomics.store(this.words, HEAD, (head + 1) | 0);
    return value;
  }
}
