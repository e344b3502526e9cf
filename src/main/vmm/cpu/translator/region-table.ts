/** Regions by their index in the core's table, and by the code page they belong to. */
export class RegionTable {
  private readonly free: number[] = [];
  private readonly pages = new Map<number, readonly number[]>();
  private readonly byPage = new Map<number, Set<number>>();
  /** Ops that lead to each region. */
  private readonly doors = new Map<number, number>();
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

  /** An op leads to a region now, and no longer to the one it led to before, if any. */
  lead(index: number, before: number | undefined): void {
    this.doors.set(index, (this.doors.get(index) ?? 0) + 1);
    if (before === undefined) return;
    const left = this.doors.get(before)! - 1;
    this.doors.set(before, left);
    if (left === 0) this.release(before);
  }

  fill(index: number, region: unknown): void {
    this.table.set(index, region);
  }

  /**
   * Gives up the regions with code of a page; one may be running still.
   * @returns their other pages: ops there that enter a region must not any more
   */
  drop(codePage: number): { readonly pages: readonly number[] }[] {
    return [...(this.byPage.get(codePage) ?? [])].map((index) => {
      const pages = this.pages.get(index)!;
      this.release(index);
      return { pages: pages.filter((page) => page !== codePage) };
    });
  }

  /** A reserved index is not needed after all. */
  cancel(index: number): void {
    this.release(index);
  }

  private release(index: number): void {
    for (const page of this.pages.get(index)!) this.byPage.get(page)?.delete(index);
    this.pages.delete(index);
    this.doors.delete(index);
    this.table.set(index, null);
    this.free.push(index);
  }

  private extend(): number {
    if (this.next === this.table.length) this.table.grow(64);
    return this.next++;
  }
}
