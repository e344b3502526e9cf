import { closeAll } from '../close-all.js';
import type { BlockMap, Room, Run, WritableBlockMap } from '../mapped/block-map.js';
import type { FlatMap } from '../mapped/flat-map.js';
import { SparseExtent } from './sparse-extent.js';
import { readonlyExtentError, type ZeroExtent } from './zero-extent.js';

export type Extent = SparseExtent | FlatMap | ZeroExtent;

interface Part {
  /** Offset of the extent in the disk. */
  readonly start: number;
  readonly extent: Extent;
}

/** A disk made of extents, one behind the other. */
export class JoinedExtents implements WritableBlockMap {
  readonly size: number;
  private readonly parts: readonly Part[];

  constructor(extents: readonly Extent[]) {
    let start = 0;
    this.parts = extents.map((extent) => {
      const part = { start, extent };
      start += extent.size;
      return part;
    });
    this.size = start;
  }

  get all(): readonly Extent[] {
    return this.parts.map(({ extent }) => extent);
  }

  get sparse(): readonly SparseExtent[] {
    return this.all.filter((extent) => extent instanceof SparseExtent);
  }

  run(at: number, end: number): Promise<Run> {
    const { start, extent } = this.partAt(at);
    return extent.run(at - start, Math.min(end - start, extent.size));
  }

  async reserve(at: number, end: number): Promise<Room> {
    const { start, extent } = this.sparseAt(at);
    const room = await extent.reserve(at - start, Math.min(end - start, extent.size));
    return { ...room, start: room.start + start };
  }

  assign(room: Room): Promise<void> {
    const { start, extent } = this.sparseAt(room.start);
    return extent.assign({ ...room, start: room.start - start });
  }

  giveBack(room: Room): void {
    const { start, extent } = this.sparseAt(room.start);
    extent.giveBack({ ...room, start: room.start - start });
  }

  async discard(at: number, end: number): Promise<void> {
    for (const { start, extent } of this.parts) {
      const [from, to] = [Math.max(at - start, 0), Math.min(end - start, extent.size)];
      if (from < to) await extent.discard(from, to);
    }
  }

  get changed(): boolean {
    return this.sparse.some((extent) => extent.changed);
  }

  async commit(): Promise<void> {
    for (const extent of this.sparse) if (extent.changed) await extent.commit();
  }

  async sync(): Promise<void> {
    await Promise.all(this.parts.map(({ extent }) => extent.sync()));
  }

  async settle(): Promise<void> {
    for (const { extent } of this.parts) await extent.settle();
  }

  close(): Promise<void> {
    return closeAll(this.parts.map(({ extent }) => extent));
  }

  inflate(...[file, host]: Parameters<NonNullable<BlockMap['inflate']>>): Promise<Uint8Array> {
    return this.sparse.find((extent) => extent.owns(file))!.inflate(file, host);
  }

  /** Binary search: a disk may have many extents, and this runs for every request. */
  private partAt(at: number): Part {
    let [low, high] = [0, this.parts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.parts[middle]!.start <= at) low = middle;
      else high = middle - 1;
    }
    return this.parts[low]!;
  }

  private sparseAt(at: number): { readonly start: number; readonly extent: SparseExtent } {
    const { start, extent } = this.partAt(at);
    if (!(extent instanceof SparseExtent)) throw readonlyExtentError();
    return { start, extent };
  }
}
