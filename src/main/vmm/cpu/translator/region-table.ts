/** Regions by their index in the core's table, and by the code page they belong to. */
export class RegionTable {
  private readonly free: number[] = [];
  private readonly pages = new Map<number, readonly number[]>();
  private readonly byPage = new Map<number, Set<number>>();
  private next: number;

  constructor(private readonly table: WebAssembly.Table) {
    this.next = table.length;
  }

  /** An index for a region with code of these pages; {@link fill} it. */
  reserve(codePages: readonly number[]): number {
    const index = this.free.pop() ?? this.extend();
    this.pages.set(index, codePages);
    for (const page of codePages) {
      const indices = this.byPage.get(page);
      if (indices) indices.add(index);
      else this.byPage.set(page, new Set([index]));
    }
    return index;
  }

  fill(index: number, region: unknown): void {
    this.table.set(index, region);
  }

  /**
   * Gives up the regions with code of a page; one may be running still.
   * @returns their other pages: ops there that enter a region must not any more
   */
  drop(codePage: number): { readonly pages: readonly number[] }[] {
    const dropped = [...(this.byPage.get(codePage) ?? [])].map((index) => {
      const pages = this.pages.get(index)!;
      for (const page of pages) this.byPage.get(page)?.delete(index);
      this.pages.delete(index);
      this.table.set(index, null);
      this.free.push(index);
      return { pages: pages.filter((page) => page !== codePage) };
    });
    this.byPage.delete(codePage);
    return dropped;
  }

  private extend(): number {
    if (this.next === this.table.length) this.table.grow(64);
    return this.next++;
  }
}
