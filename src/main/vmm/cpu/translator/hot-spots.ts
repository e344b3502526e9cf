/** A page in which the main loop was often found. */
export interface HotPage {
  /** Address of its code page in the core's cache. */
  readonly codePage: number;
  /** Offsets where it was found, the most frequent first. */
  readonly offsets: readonly number[];
}

interface Samples {
  total: number;
  readonly byOffset: Map<number, number>;
}

/** Counts where the main loop is found, and tells which pages are worth translating. */
export class HotSpots {
  private readonly pages = new Map<number, Samples>();
  private readonly hot = new Set<number>();

  /** @param threshold samples in one page that make it hot */
  constructor(private readonly threshold: number) {}

  note(codePage: number, offset: number): void {
    let samples = this.pages.get(codePage);
    if (!samples) this.pages.set(codePage, (samples = { total: 0, byOffset: new Map() }));
    samples.byOffset.set(offset, (samples.byOffset.get(offset) ?? 0) + 1);
    if (++samples.total >= this.threshold) this.hot.add(codePage);
  }

  /** The page holds other code now. */
  forget(codePage: number): void {
    this.pages.delete(codePage);
    this.hot.delete(codePage);
  }

  /** Takes a hot page; its samples start again. */
  take(): HotPage | undefined {
    const next = this.hot.values().next();
    if (next.done) return undefined;
    const codePage = next.value;
    const { byOffset } = this.pages.get(codePage)!;
    this.forget(codePage);
    return { codePage, offsets: [...byOffset].sort((a, b) => b[1] - a[1]).map(([offset]) => offset) };
  }
}
