import type { RegionMode } from './decode/decode.js';

/** A region that is in the core's table. */
export interface InstalledRegion {
  /** Its index in the table. */
  readonly index: number;
  /** Code pages it has code of, the one it was found in first. */
  readonly pages: readonly number[];
  /** Size of its module. */
  readonly bytes: number;
  /** Guest instructions it is made of. */
  readonly instructions: number;
  /** Its first entry: code page, offset in that, and linear address at the time. */
  readonly start: { readonly page: number; readonly offset: number; readonly linear: bigint };
  readonly mode: RegionMode;
}

/** Regions by their index in the core's table, and by the code pages they have code of. */
export class RegionTable {
  private readonly free: number[] = [];
  private readonly regions = new Map<number, InstalledRegion>();
  private readonly byPage = new Map<number, Set<number>>();
  private next: number;
  private held = 0;

  constructor(private readonly table: WebAssembly.Table) {
    this.next = table.length;
  }

  get count(): number {
    return this.regions.size;
  }

  /** Size of the modules of all of them. */
  get bytes(): number {
    return this.held;
  }

  /** An index for a region: {@link fill} or {@link cancel} it. */
  reserve(): number {
    return this.free.pop() ?? this.extend();
  }

  /** A reserved index is not needed after all. */
  cancel(index: number): void {
    this.free.push(index);
  }

  fill(region: InstalledRegion, code: unknown): void {
    const { index, pages, bytes } = region;
    this.table.set(index, code);
    this.regions.set(index, region);
    this.held += bytes;
    for (const page of pages) this.byPage.set(page, (this.byPage.get(page) ?? new Set()).add(index));
  }

  /** Gives up a region, which may be running still. */
  release(index: number): void {
    const { pages, bytes } = this.regions.get(index)!;
    for (const page of pages) this.byPage.get(page)?.delete(index);
    this.regions.delete(index);
    this.held -= bytes;
    this.table.set(index, null);
    this.free.push(index);
  }

  get(index: number): InstalledRegion | undefined {
    return this.regions.get(index);
  }

  /** Those with code of a code page. */
  of(codePage: number): InstalledRegion[] {
    return [...(this.byPage.get(codePage) ?? [])].map((index) => this.regions.get(index)!);
  }

  all(): Iterable<InstalledRegion> {
    return this.regions.values();
  }

  private extend(): number {
    if (this.next === this.table.length) this.table.grow(64);
    return this.next++;
  }
}
