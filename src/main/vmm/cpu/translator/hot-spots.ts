/** A page in which the main loop was often found. */
export interface HotPage {
  /** Address of its code page in the core's cache. */
  readonly codePage: number;
  /** Offsets where it was found, the most frequent first. */
  readonly offsets: readonly number[];
  /** How often the main loop was found at an offset of a code page: this one, or another not so hot yet. */
  readonly heat: (codePage: number, offset: number) => number;
}

interface Samples {
  total: number;
  readonly byOffset: Map<number, number>;
}

const MOST_DOUBLINGS = 5;

/** Counts where the main loop is found, and tells which pages are worth translating. */
export class HotSpots {
  private readonly pages = new Map<number, Samples>();
  /** How often each page was translated: every time it takes twice as much. */
  private readonly rounds = new Map<number, number>();

  /** @param threshold samples in one page that make it hot */
  constructor(private readonly threshold: number) {}

  /** @returns the page if it has become hot by this; its samples start again then */
  note(codePage: number, offset: number): HotPage | undefined {
    let samples = this.pages.get(codePage);
    if (!samples) this.pages.set(codePage, (samples = { total: 0, byOffset: new Map() }));
    const { byOffset } = samples;
    byOffset.set(offset, (byOffset.get(offset) ?? 0) + 1);
    const rounds = this.rounds.get(codePage) ?? 0;
    if (++samples.total < this.threshold << rounds) return undefined;
    this.pages.delete(codePage);
    this.rounds.set(codePage, Math.min(rounds + 1, MOST_DOUBLINGS));
    const offsets = [...byOffset].sort((a, b) => b[1] - a[1]).map(([at]) => at);
    const samplesOf = (page: number) => (page === codePage ? byOffset : this.pages.get(page)?.byOffset);
    return { codePage, offsets, heat: (page, at) => samplesOf(page)?.get(at) ?? 0 };
  }

  /** The page holds other code now. */
  forget(codePage: number): void {
    this.pages.delete(codePage);
    this.rounds.delete(codePage);
  }
}
