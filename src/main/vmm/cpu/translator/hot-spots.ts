/** A page in which the main loop was often found. */
export interface HotPage {
  /** Address of its code page in the core's cache. */
  readonly codePage: number;
  /** Offsets where it was found, the most frequent first. */
  readonly offsets: readonly number[];
  /** How often the main loop was found at an offset of a code page. */
  readonly heat: (codePage: number, offset: number) => number;
}

interface Samples {
  /** Since the page was last translated. */
  fresh: number;
  /** Since it was decoded: what is translated already is as hot as it was, though it is not found there any more. */
  readonly byOffset: Map<number, number>;
  /** How often it was translated: every time it takes twice as much. */
  rounds: number;
}

const MOST_DOUBLINGS = 10;

/** Counts where the main loop is found, and tells which pages are worth translating. */
export class HotSpots {
  private readonly pages = new Map<number, Samples>();

  /** @param threshold samples in one page that make it hot */
  constructor(private readonly threshold: number) {}

  /** @returns the page if it has become hot by this */
  note(codePage: number, offset: number, weight: number): HotPage | undefined {
    let samples = this.pages.get(codePage);
    if (!samples) this.pages.set(codePage, (samples = { fresh: 0, byOffset: new Map(), rounds: 0 }));
    const { byOffset } = samples;
    byOffset.set(offset, (byOffset.get(offset) ?? 0) + weight);
    samples.fresh += weight;
    if (samples.fresh < this.threshold << samples.rounds) return undefined;
    samples.fresh = 0;
    samples.rounds = Math.min(samples.rounds + 1, MOST_DOUBLINGS);
    const offsets = [...byOffset].sort((a, b) => b[1] - a[1]).map(([at]) => at);
    return { codePage, offsets, heat: (page, at) => this.pages.get(page)?.byOffset.get(at) ?? 0 };
  }

  /** A region found in the page is given up for want of room: to make it again takes no more than it took. */
  evicted(codePage: number): void {
    const samples = this.pages.get(codePage);
    if (samples) samples.rounds = Math.max(0, samples.rounds - 1);
  }

  /** The page holds other code now. */
  forget(codePage: number): void {
    this.pages.delete(codePage);
  }
}
