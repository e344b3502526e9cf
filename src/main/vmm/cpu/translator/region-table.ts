/** Regions by their index in the core's table, and by the code page they belong to. */
export class RegionTable {
  private readonly free: number[] = [];
  private readonly byPage = new Map<number, number[]>();
  private next: number;

  constructor(private readonly table: WebAssembly.Table) {
    this.next = table.length;
  }

  /** Regions that may be entered. */
  get size(): number {
    return this.next - this.table.length + this.table.length - this.free.length;
  }

  /** An index for a region of a page; {@link fill} it. */
  reserve(codePage: number): number {
    const index = this.free.pop() ?? this.extend();
    const indices = this.byPage.get(codePage);
    if (indices) indices.push(index);
    else this.byPage.set(codePage, [index]);
    return index;
  }

  fill(index: number, region: unknown): void {
    this.table.set(index, region);
  }

  /** Nothing enters the regions of a page any more; one may be running still. */
  drop(codePage: number): void {
    for (const index of this.byPage.get(codePage) ?? []) {
      this.table.set(index, null);
      this.free.push(index);
    }
    this.byPage.delete(codePage);
  }

  private extend(): number {
    if (this.next === this.table.length) this.table.grow(64);
    return this.next++;
  }
}
