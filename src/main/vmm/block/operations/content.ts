import type { DiskImage } from '../disk-image.js';
import type { OperationControl } from '../formats/format-driver.js';

/** What operations read and write at a time. A multiple of every format's unit of allocation up to 2 MiB. */
export const PIECE_BYTES = 2 << 20;

/** Bytes whose being zero is worth knowing: a block of most file systems. */
const GRAIN = 4096;

/** A stretch of a disk that reads as zeros throughout, or may hold anything. */
export interface Content {
  readonly zero: boolean;
  /** In bytes, never 0. */
  readonly length: number;
}

/** What the image and those below it say of a place, for at most `length` bytes, within the disk. */
export async function contentAt(image: DiskImage, offset: number, length: number): Promise<Content> {
  const extent = await image.extent(offset, length);
  if (extent.kind !== 'hole') return { zero: extent.kind === 'zero', length: extent.length };
  const below = image.backing;
  if (below === undefined || offset >= below.size) return { zero: true, length: extent.length };
  return contentAt(below, offset, Math.min(extent.length, below.size - offset));
}

/** Calls `visit` for every piece of [0, size), in order. */
export async function eachPiece(
  size: number,
  control: OperationControl,
  visit: (offset: number, length: number) => Promise<void>,
): Promise<void> {
  for (let offset = 0; offset < size; offset += PIECE_BYTES) {
    control.checkpoint();
    control.progress(offset, size);
    await visit(offset, Math.min(PIECE_BYTES, size - offset));
  }
  control.progress(size, size);
}

export async function readBytes(image: DiskImage, offset: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  await image.read(offset, [bytes]);
  return bytes;
}

export function isZero(bytes: Uint8Array): boolean {
  const words = new BigUint64Array(bytes.buffer, bytes.byteOffset, bytes.length >> 3);
  for (let i = 0; i < words.length; i++) if (words[i] !== 0n) return false;
  for (let i = words.length << 3; i < bytes.length; i++) if (bytes[i] !== 0) return false;
  return true;
}

/** Calls `visit` for every longest stretch of grains that are all zero, or all not. */
export async function eachStretch(
  bytes: Uint8Array,
  visit: (from: number, part: Uint8Array, zero: boolean) => Promise<void>,
): Promise<void> {
  for (let from = 0; from < bytes.length;) {
    const zero = isZero(bytes.subarray(from, from + GRAIN));
    let end = from + GRAIN;
    while (end < bytes.length && isZero(bytes.subarray(end, end + GRAIN)) === zero) end += GRAIN;
    await visit(from, bytes.subarray(from, end), zero);
    from = end;
  }
}

/** Makes a range read as zeros, with as little room as the format can. */
export async function writeZeros(image: DiskImage, offset: number, length: number): Promise<void> {
  if (image.zero) return image.zero(offset, length);
  for (let at = 0; at < length; at += PIECE_BYTES)
    await image.write(offset + at, [new Uint8Array(Math.min(PIECE_BYTES, length - at))]);
}
