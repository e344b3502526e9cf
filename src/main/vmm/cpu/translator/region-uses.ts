import { REGION_USE_COUNT, REGION_USES } from '../core/layout.js';

/**
 * How often the main loop entered each region: the core counts, at an entry from the main loop only. Since that comes
 * round after every sample interval, what runs much is entered much, however long it stays in regions.
 */
export class RegionUses {
  /** Regions made so far: the clock by which they age. */
  private now = 0;
  private readonly since = new Map<number, number>();

  constructor(private readonly view: DataView) {}

  /** A region was made. */
  begin(index: number): void {
    this.since.set(index, this.now++);
    this.view.setUint32(counterOf(index), 0, true);
  }

  end(index: number): void {
    this.since.delete(index);
  }

  /** The recent ones. */
  of(index: number): number {
    return this.view.getUint32(counterOf(index), true);
  }

  /** Uses in the time in which a region was made. */
  rate(index: number): number {
    return this.of(index) / (1 + this.ageOf(index));
  }

  /** Makes the past count half. */
  age(): void {
    for (const index of this.since.keys()) {
      this.since.set(index, this.now - Math.floor(this.ageOf(index) / 2));
      this.view.setUint32(counterOf(index), this.view.getUint32(counterOf(index), true) >>> 1, true);
    }
  }

  private ageOf(index: number): number {
    return this.now - this.since.get(index)!;
  }
}

function counterOf(index: number): number {
  return REGION_USES + (index % REGION_USE_COUNT) * 4;
}
