import { OP_REGION } from './code-pages.js';

// Fields of an op of the core (assembly/code-cache.ts).
const ID = 0;
const FIRST = 8;
const SECOND = 12;

/** What an op was before it entered a region. */
interface Original {
  readonly id: number;
  readonly first: number;
  readonly second: number;
}

/** The core's ops that enter regions instead of doing what they were decoded for. */
export class RegionDoors {
  private readonly originals = new Map<number, Original>();
  private readonly byRegion = new Map<number, Set<number>>();

  constructor(private readonly view: DataView) {}

  /**
   * Makes an op, by its address, enter a region.
   * @returns the region that nothing leads to any more by this, if there is one
   */
  open(op: number, region: number, entry: number): number | undefined {
    const { view } = this;
    const taken = view.getUint16(op + ID, true) === OP_REGION ? view.getUint32(op + FIRST, true) : undefined;
    if (taken === undefined) this.remember(op);
    else this.byRegion.get(taken)?.delete(op);
    view.setUint16(op + ID, OP_REGION, true);
    view.setUint32(op + FIRST, region, true);
    view.setUint32(op + SECOND, entry, true);
    const doors = this.byRegion.get(region) ?? new Set();
    this.byRegion.set(region, doors.add(op));
    return taken !== undefined && this.byRegion.get(taken)?.size === 0 ? taken : undefined;
  }

  /** Makes a region's ops do again what they were decoded for. */
  close(region: number): void {
    for (const op of this.byRegion.get(region) ?? []) this.restore(op, this.originals.get(op)!);
    this.forget(region);
  }

  /** A region's ops are gone, or about to go: its page is decoded anew. */
  forget(region: number): void {
    for (const op of this.byRegion.get(region) ?? []) this.originals.delete(op);
    this.byRegion.delete(region);
  }

  private remember(op: number): void {
    const { view } = this;
    this.originals.set(op, {
      id: view.getUint16(op + ID, true),
      first: view.getUint32(op + FIRST, true),
      second: view.getUint32(op + SECOND, true),
    });
  }

  private restore(op: number, { id, first, second }: Original): void {
    const { view } = this;
    view.setUint16(op + ID, id, true);
    view.setUint32(op + FIRST, first, true);
    view.setUint32(op + SECOND, second, true);
  }
}
