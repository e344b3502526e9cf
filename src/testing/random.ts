/** Seeded pseudo-random numbers for fuzz tests (xorshift32, Marsaglia 2003): the same seed gives the same run. */
export class Random {
  private state: number;

  constructor(seed: number) {
    this.state = seed >>> 0 || 1;
  }

  /** 32 bits, unsigned. */
  word(): number {
    let x = this.state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.state = x >>> 0;
    return this.state;
  }

  /** 0 … limit - 1. */
  below(limit: number): number {
    return this.word() % limit;
  }

  /** First … end - 1. */
  within([first, end]: readonly [number, number]): number {
    return first + this.below(end - first);
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }
}
