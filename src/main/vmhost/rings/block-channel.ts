import { MAX_SEGMENTS } from '../../vmm/block/block-device.js';
import { createDoorbell, type Doorbell } from './doorbell.js';
import { IndexRing } from './index-ring.js';

/** Requests that can be under way at once; more wait on the machine's side. */
export const BLOCK_SLOTS = 64;

/** Words of a request slot. Sector numbers have up to 53 bits, so two words. */
export const SLOT = { op: 0, image: 1, sectorLow: 2, sectorHigh: 3, count: 4, status: 5, segmentCount: 6, segments: 8 };
export const SLOT_WORDS = SLOT.segments + 2 * MAX_SEGMENTS;

const RING_WORDS = IndexRing.words(BLOCK_SLOTS);

export const BLOCK_OPS = ['read', 'write', 'flush', 'discard'] as const;
export const BLOCK_STATUSES = ['ok', 'io-error', 'no-space', 'read-only', 'out-of-range', 'no-medium'] as const;

/**
 * The memory block requests travel through between the machine thread and the I/O thread: request slots and two rings
 * of slot numbers. Structured-cloneable: made on one thread, posted to the other.
 */
export interface BlockChannel {
  readonly words: Int32Array<SharedArrayBuffer>;
  /** Rung by the machine thread when it has submitted. */
  readonly submitted: Doorbell;
  /** Rung by the I/O thread when it has completed: what the machine thread sleeps on when its guest is idle. */
  readonly kick: Doorbell;
}

/** @param kick the word the machine thread sleeps on, shared with everything else that must wake it */
export function createBlockChannel(kick: Doorbell): BlockChannel {
  const words = new Int32Array(new SharedArrayBuffer(4 * (2 * RING_WORDS + BLOCK_SLOTS * SLOT_WORDS)));
  return { words, submitted: createDoorbell(), kick };
}

export function submissionRing({ words }: BlockChannel): IndexRing {
  return new IndexRing(words.subarray(0, RING_WORDS));
}

export function completionRing({ words }: BlockChannel): IndexRing {
  return new IndexRing(words.subarray(RING_WORDS, 2 * RING_WORDS));
}

export function requestSlot({ words }: BlockChannel, slot: number): Int32Array {
  const start = 2 * RING_WORDS + slot * SLOT_WORDS;
  return words.subarray(start, start + SLOT_WORDS);
}
