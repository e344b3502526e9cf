/** A page in which the main loop was often found. */
export interface HotPage {
  /** Address of its code page in the core's cache. */
  readonly codePage: number;
  /** Offsets where it was found and that are to be translated, the most frequent first. */
  readonly offsets: readonly number[];
  /** How often the main loop was found at an offset of a code page. */
  readonly heat: (codePage: number, offset: number) => number;
  /** How often it was translated before. */
  readonly rounds: number;
}

/** How often the main loop was found at a place: changed where it is, since a map's number is a new object each time. */
interface Found {
  heat: number;
  /** Whether any of it came since it was last translated: regions have what is not found any more. */
  fresh: boolean;
}

interface Samples {
  /** Since the page was last translated. */
  fresh: number;
  /** Since it was decoded: what is translated already is as hot as it was, though it is not found there any more. */
  readonly byOffset: Map<number, Found>;
  /** Offsets of instructions whose accesses the TLB often lacks. */
  readonly misses: Set<number>;
  /** How often all of it was translated: every time it takes twice as much. */
  rounds: number;
  /** Offsets that translations began at, and those of instructions in regions. */
  readonly tried: Set<number>;
  /** Samples at other offsets, since the page was last translated. */
  untried: number;
}

const MOST_DOUBLINGS = 10;
/**
 * Most heat of a place in a page that is translated again. What regions have is not found any more, and what they are left
 * for is found as long as the page is: by its heat alone the next region would hold that and what is cold around it.
 */
const MOST_AGAIN = 50;
/** Samples until a page is translated again whose region is given up for a better one. */
const SOON = 20;

/** Counts where the main loop is found, and tells which pages are worth translating. */
export class HotSpots {
  private readonly pages = new Map<number, Samples>();

  /** @param threshold samples in one page that make it hot */
  constructor(private readonly threshold: number) {}

  /**
   * What was not tried yet is worth a translation of its own as soon as it is hot, however often that of the rest was
   * found to be in vain: a page has room for many loops.
   * @returns the page if it has become hot by this, with what is to be translated
   */
  note(codePage: number, offset: number, weight: number): HotPage | undefined {
    const samples = this.of(codePage);
    const { byOffset } = samples;
    const found = byOffset.get(offset);
    if (found) {
      found.heat += weight;
      found.fresh = true;
    } else byOffset.set(offset, { heat: weight, fresh: true });
    samples.fresh += weight;
    if (!samples.tried.has(offset)) samples.untried += weight;
    if (samples.fresh < this.threshold << samples.rounds) {
      if (samples.untried < this.threshold) return undefined;
      samples.fresh -= samples.untried;
      samples.untried = 0;
      return this.hotPage(codePage, samples, (at) => !samples.tried.has(at), 0);
    }
    const { rounds } = samples;
    samples.fresh = samples.untried = 0;
    samples.rounds = Math.min(samples.rounds + 1, MOST_DOUBLINGS);
    return this.hotPage(codePage, samples, () => true, rounds);
  }

  /** A region has the instructions at these offsets of a page. */
  cover(codePage: number, offsets: Iterable<number>): void {
    const { tried } = this.of(codePage);
    for (const offset of offsets) tried.add(offset);
  }

  private hotPage(
    codePage: number,
    { byOffset, tried }: Samples,
    takes: (at: number) => boolean,
    rounds: number,
  ): HotPage {
    const offsets = [...byOffset]
      .filter(([at, { fresh }]) => fresh && takes(at))
      .sort((a, b) => b[1].heat - a[1].heat)
      .map(([at]) => at);
    for (const at of offsets) {
      tried.add(at);
      byOffset.get(at)!.fresh = false;
    }
    const most = rounds === 0 ? Infinity : MOST_AGAIN;
    const heat = (page: number, at: number): number =>
      Math.min(most, this.pages.get(page)?.byOffset.get(at)?.heat ?? 0);
    return { codePage, offsets, heat, rounds };
  }

  /** The TLB often lacks what the instruction at an offset accesses. */
  noteMisses(codePage: number, offset: number): void {
    this.of(codePage).misses.add(offset);
  }

  misses(codePage: number, offset: number): boolean {
    return this.pages.get(codePage)?.misses.has(offset) ?? false;
  }

  /** A region found in the page is given up to be made anew, as soon as the page is met some times. */
  again(codePage: number): void {
    const samples = this.of(codePage);
    samples.rounds = Math.max(0, samples.rounds - 1);
    samples.fresh = Math.max(samples.fresh, (this.threshold << samples.rounds) - SOON);
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

  private of(codePage: number): Samples {
    const known = this.pages.get(codePage);
    if (known) return known;
    const samples: Samples = {
      fresh: 0,
      byOffset: new Map(),
      misses: new Set(),
      rounds: 0,
      tried: new Set(),
      untried: 0,
    };
    this.pages.set(codePage, samples);
    return samples;
  }
}
