import type { FilePort } from '../../disk-image.js';

/** Where a stretch of a disk is kept. */
export type Place =
  /** Nowhere here: as in the backing image, or zero without one. */
  | { readonly kind: 'hole' }
  | { readonly kind: 'zero' }
  /** In `file` from byte `host` on. */
  | { readonly kind: 'data'; readonly file: FilePort; readonly host: number }
  /** In a compressed block that {@link BlockMap.inflate} reads, from byte `from` of its content on. */
  | { readonly kind: 'compressed'; readonly file: FilePort; readonly host: number; readonly from: number };

export const HOLE: Place = { kind: 'hole' };
export const ZERO: Place = { kind: 'zero' };

/** The longest stretch from some offset on that is kept in one place. */
export interface Run {
  readonly place: Place;
  /** In bytes, at least 1. */
  readonly length: number;
}

/** Room in a file for whole blocks of the disk that nothing refers to yet. */
export interface Room {
  /** Disk offset of the first block. */
  readonly start: number;
  /** Bytes of the disk it takes; the last block may reach beyond the disk's end. */
  readonly length: number;
  readonly file: FilePort;
  /** Where the disk's bytes go in the file. */
  readonly host: number;
  /** Reads as zeros as it is. */
  readonly fresh: boolean;
}

/** Knows where each part of a disk is kept. Offsets of the disk are in bytes, within its size. */
export interface BlockMap {
  /** Size of the disk in bytes, a multiple of 512. */
  readonly size: number;
  run(at: number, end: number): Promise<Run>;
  /** Content of a compressed block. @throws ImageError */
  inflate?(file: FilePort, host: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

/**
 * A map that can change. Its calls never overlap, but for `run`. What they change stays in memory until `commit`, so
 * the file is consistent whenever the process dies: it refers to nothing that was not durable before.
 */
export interface WritableBlockMap extends BlockMap {
  /** Room for the blocks that cover [at, end), or the first of them. @throws FileError, ImageError */
  reserve(at: number, end: number): Promise<Room>;
  /** Takes the room into use; its content has been written. */
  assign(room: Room): Promise<void>;
  /** The room is not needed after all. */
  giveBack(room: Room): void;
  /** Empties the blocks that lie wholly in [at, end). */
  discard(at: number, end: number): Promise<void>;
  /** Whether tables wait for {@link commit}. */
  readonly changed: boolean;
  /** Writes the tables and makes them durable; what they name is durable already. */
  commit(): Promise<void>;
  /** Makes data durable. */
  sync(): Promise<void>;
  /** Leaves the file as other programs expect to find it; nothing waits for {@link commit}. It may be changed again. */
  settle(): Promise<void>;
}

/** The run from `at` on, for a map that knows the place of each block's first byte. */
export function runOfBlocks(at: number, end: number, blockBytes: number, placeOf: (block: number) => Place): Run {
  const first = Math.floor(at / blockBytes);
  const place = placeOf(first);
  let next = first + 1;
  while (next * blockBytes < end && continues(place, placeOf(next), (next - first) * blockBytes)) next++;
  return { place: advance(place, at - first * blockBytes), length: Math.min(end, next * blockBytes) - at };
}

/** The place `bytes` further on. */
export function advance(place: Place, bytes: number): Place {
  switch (place.kind) {
    case 'data':
      return { ...place, host: place.host + bytes };
    case 'compressed':
      return { ...place, from: place.from + bytes };
    default:
      return place;
  }
}

function continues(first: Place, next: Place, distance: number): boolean {
  if (first.kind !== 'data' || next.kind !== 'data') return first.kind === next.kind && first.kind !== 'compressed';
  return next.host === first.host + distance;
}
