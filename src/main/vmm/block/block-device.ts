import type { MemorySegment } from '../memory/guest-memory.js';

/** Unit of addresses in a block request, whatever the medium's own sector size. */
export const SECTOR_BYTES = 512;

/**
 * Most segments one request may have. Enough for one sector scattered over the smallest pieces a PRD table can name
 * (two bytes), so a device can always split a transfer of any shape into requests of whole sectors.
 */
export const MAX_SEGMENTS = 256;

/**
 * How a request ended. `no-space`: the host's disk is full and nothing is lost; {@link FullDiskGuard} keeps such a
 * request from devices and retries it when the person has made room.
 */
export type BlockStatus = 'ok' | 'io-error' | 'no-space' | 'read-only' | 'out-of-range' | 'no-medium';

export interface BlockRequest {
  readonly op: 'read' | 'write' | 'flush' | 'discard';
  /** First 512-byte sector. */
  readonly sector: number;
  /** In 512-byte sectors; the segments' lengths add up to it (none for flush and discard). */
  readonly count: number;
  /** Host memory to fill or to send, at most {@link MAX_SEGMENTS}. */
  readonly segments: readonly MemorySegment[];
  /** Called on the machine thread, never from inside submit. */
  readonly onDone: (status: BlockStatus) => void;
}

export interface BlockInfo {
  /** Capacity in 512-byte sectors; 0 without a medium. */
  readonly sectors: number;
  readonly readonly: boolean;
}

/**
 * A disk or medium as a device model on the machine thread sees it. The bytes are moved by the I/O thread, straight
 * between the image and the machine's memory; requests may complete in any order, but requests that touch the same
 * sectors take effect in the order of submission; `flush` completes after every write that completed before it was
 * submitted is durable.
 */
export interface BlockDevice {
  readonly info: BlockInfo;
  submit(request: BlockRequest): void;
}

/** Where requests of one or more block devices end; the machine loop asks it between slices. */
export interface CompletionSource {
  /** Calls `onDone` of every request that has ended; returns how many there were. */
  drain(): number;
  /** Requests submitted and not yet reported. */
  readonly pending: number;
}

/** A drive whose medium can change while the machine runs (CD, floppy). */
export interface RemovableDrive {
  readonly medium: BlockDevice | undefined;
  /** Tells the device model of insertion and removal; called on the machine thread. */
  onChange(listener: () => void): void;
  /** The person asks for the medium while the guest holds the tray; a guest that listens lets go and ejects it. */
  onEjectButton(listener: () => void): void;
  /** The guest asks for the medium to be ejected (ATAPI START STOP UNIT). */
  ejectRequested(): void;
  /** The guest locks or unlocks the tray (PREVENT ALLOW MEDIUM REMOVAL). */
  setLocked(locked: boolean): void;
}

/**
 * Why a request cannot be served as it stands, or `undefined` if it can. Sectors and counts come from a guest: they are
 * compared so that nothing overflows.
 */
export function requestProblem(info: BlockInfo, request: BlockRequest): BlockStatus | undefined {
  const { op, sector, count, segments } = request;
  if (op === 'flush') return undefined;
  if (!Number.isSafeInteger(sector) || !Number.isSafeInteger(count) || sector < 0 || count < 0) return 'out-of-range';
  if (count > info.sectors || sector > info.sectors - count) return 'out-of-range';
  if (op !== 'read' && info.readonly) return 'read-only';
  if (op === 'discard') return undefined;
  let bytes = 0;
  for (const segment of segments) bytes += segment.length;
  return bytes === count * SECTOR_BYTES && segments.length <= MAX_SEGMENTS ? undefined : 'out-of-range';
}
