import { SECTOR_BYTES } from '../../../block/block-device.js';

/** Blocks of ranges one DATA SET MANAGEMENT command may bring (IDENTIFY word 105). */
export const MAX_TRIM_BLOCKS = 8;

const RANGE_BYTES = 8;
const RANGES_PER_BLOCK = SECTOR_BYTES / RANGE_BYTES;

/** Sectors the host does not need any more. */
export interface TrimRange {
  readonly sector: number;
  readonly count: number;
}

/** A DATA SET MANAGEMENT command under way. */
export interface Trim {
  /** Blocks of ranges the host is yet to send; then 0. */
  blocks: number;
  /** Ranges the medium is yet to be told of, the next one last. */
  readonly ranges: TrimRange[];
}

/**
 * LBA range entries: 48 bits of address, 16 of length, little-endian; a length of 0 is padding (ACS-2, 7.10.3.2).
 * @param bytes whole blocks of 512
 */
export function trimRanges(bytes: Uint8Array): TrimRange[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const ranges: TrimRange[] = [];
  for (let i = 0; i < (bytes.length / SECTOR_BYTES) * RANGES_PER_BLOCK; i++) {
    const at = i * RANGE_BYTES;
    const count = view.getUint16(at + 6, true);
    const sector = view.getUint32(at, true) + view.getUint16(at + 4, true) * 2 ** 32;
    if (count > 0) ranges.push({ sector, count });
  }
  return ranges;
}
