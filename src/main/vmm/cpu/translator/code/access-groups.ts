import { I32 } from '../wasm/wasm-op.js';
import type { RegionLocals } from './region-locals.js';

/** Stands for the value that an address does not have as its base or index… */
export const NO_VALUE = -1;
/** …or for the linear address of the first page, as a base. */
export const FIRST_PAGE = -2;

/** Where an access lies relative to others: those that differ in their distances only are that far from each other. */
export interface Place {
  /** The value (`KnownValue`) that is added. */
  readonly base: number;
  /** The value that is added times 2^scale; without one the scale is 0. */
  readonly index: number;
  readonly scale: number;
  readonly distance: number;
}

/** Bytes from a group's first to its last at most: the more, the more often a page ends in between. */
const MOST_BYTES = 128;
/** Groups known at once. */
const MOST_GROUPS = 8;

/**
 * Accesses near each other, on one way through the code: the first looks all of them up in the TLB, and leaves the host
 * pointer of its own address in a local; the others go by that.
 */
export class AccessGroup {
  /** Distances of the first byte and of the one behind the last, from the first access. */
  from = 0;
  to: number;
  accesses = 1;
  writes: boolean;

  constructor(
    private readonly first: Place,
    bytes: number,
    writes: boolean,
    /** Whether the first access is at a multiple of 16, or faults. */
    readonly aligned: boolean,
    /** Where the pointer is (i32). */
    readonly pointer: number,
  ) {
    this.to = bytes;
    this.writes = writes;
  }

  distance({ distance }: Place): number {
    return distance - this.first.distance;
  }

  /** Takes an access in; `undefined` if it is too far away. */
  add(place: Place, bytes: number, writes: boolean): this | undefined {
    const { first } = this;
    if (place.base !== first.base || place.index !== first.index || place.scale !== first.scale) return undefined;
    const from = Math.min(this.from, this.distance(place));
    const to = Math.max(this.to, this.distance(place) + bytes);
    if (to - from > MOST_BYTES) return undefined;
    this.from = from;
    this.to = to;
    this.accesses++;
    this.writes ||= writes;
    return this;
  }
}

/** The groups whose pointers hold where code is being written, the latest first. */
export class AccessGroups {
  private known: readonly AccessGroup[] = [];
  private readonly pointers: number[] = [];

  constructor(private readonly locals: RegionLocals) {}

  /** The group an access belongs to, as one that is not its first. */
  join(place: Place, bytes: number, writes: boolean): AccessGroup | undefined {
    for (const group of this.known) if (group.add(place, bytes, writes)) return group;
    return undefined;
  }

  /** A new group, which others may join. */
  begin(place: Place, bytes: number, writes: boolean, aligned = false): AccessGroup {
    const others = this.known.slice(0, MOST_GROUPS - 1);
    const group = new AccessGroup(place, bytes, writes, aligned, this.freePointer(others));
    this.known = [group, ...others];
    return group;
  }

  snapshot(): readonly AccessGroup[] {
    return this.known;
  }

  /** @param snapshot the groups that hold from here on; none if not given */
  restore(snapshot: readonly AccessGroup[] = []): void {
    this.known = snapshot;
  }

  private freePointer(others: readonly AccessGroup[]): number {
    const free = this.pointers.find((pointer) => others.every((group) => group.pointer !== pointer));
    if (free !== undefined) return free;
    const pointer = this.locals.permanent(I32);
    this.pointers.push(pointer);
    return pointer;
  }
}
