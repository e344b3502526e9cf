import type { MemorySegment } from '../memory/guest-memory.js';

/** Unit of addresses in a block request, whatever the medium's own sector size. */
export const SECTOR_BYTES = 512;

/** How a request ended. `no-space` stops the machine so that the person can make room; the request is retried on resume. */
export type BlockStatus = 'ok' | 'io-error' | 'no-space' | 'read-only' | 'out-of-range' | 'no-medium';

export interface BlockRequest {
  readonly op: 'read' | 'write' | 'flush' | 'discard';
  /** First 512-byte sector. */
  readonly sector: number;
  /** In 512-byte sectors; the segments' lengths add up to it (none for flush and discard). */
  readonly count: number;
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
 * between the image and the machine's memory; requests may complete in any order; `flush` completes after every write
 * that completed before it was submitted is durable.
 */
export interface BlockDevice {
  readonly info: BlockInfo;
  submit(request: BlockRequest): void;
}

/** A drive whose medium can change while the machine runs (CD, floppy). */
export interface RemovableDrive {
  readonly medium: BlockDevice | undefined;
  /** Tells the device model of insertion and removal; called on the machine thread. */
  onChange(listener: () => void): void;
  /** The guest asks for the medium to be ejected (ATAPI START STOP UNIT). */
  ejectRequested(): void;
  /** The guest locks or unlocks the tray (PREVENT ALLOW MEDIUM REMOVAL). */
  setLocked(locked: boolean): void;
}
