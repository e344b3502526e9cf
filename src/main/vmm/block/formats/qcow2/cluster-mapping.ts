import { ImageError } from '../../disk-image.js';

/** Where the bytes of a guest cluster are. */
export type ClusterMapping =
  /** Nowhere here: in the backing file, or zero without one. */
  | { readonly kind: 'hole' }
  /** Reads as zeros; `host` is a cluster kept for it, or 0. */
  | { readonly kind: 'zero'; readonly host: number }
  /** `owned`: nothing else refers to the cluster, so it may be overwritten. */
  | { readonly kind: 'data'; readonly host: number; readonly owned: boolean }
  /** Deflated into `bytes` bytes at most, from `host` on. */
  | { readonly kind: 'compressed'; readonly host: number; readonly bytes: number };

/** Bit 63 of L1 and L2 entries. */
const OWNED = 0x8000_0000;
const COMPRESSED = 0x4000_0000;
/** Bits 55:9 hold an offset. */
const OFFSET_HIGH = 0x00ff_ffff;
const OFFSET_LOW = 0xffff_fe00;
const ZERO = 1;
const SECTOR = 512;

export const HOLE: ClusterMapping = { kind: 'hole' };

/** Offset of the table an L1 entry or refcount table entry names, 0 for none. @throws ImageError if it is not aligned */
export function tableOffset(view: DataView, index: number, clusterBytes: number): number {
  return aligned(offsetOf(view.getUint32(index * 8), view.getUint32(index * 8 + 4)), clusterBytes);
}

/** Whether the table an L1 entry names belongs to the active disk alone. */
export function ownsTable(view: DataView, index: number): boolean {
  return (view.getUint32(index * 8) & OWNED) !== 0;
}

/** Writes an L1 entry, or the L2 entry of a data cluster, for a cluster that belongs to the active disk alone. */
export function setOwned(view: DataView, index: number, host: number): void {
  view.setUint32(index * 8, (Math.floor(host / 2 ** 32) | OWNED) >>> 0);
  view.setUint32(index * 8 + 4, host % 2 ** 32);
}

/** Makes a cluster a hole, or zeros that hide the backing file (version 3). */
export function setEmpty(view: DataView, index: number, kind: 'hole' | 'zero'): void {
  view.setUint32(index * 8, 0);
  view.setUint32(index * 8 + 4, kind === 'zero' ? ZERO : 0);
}

/** An L2 entry. @throws ImageError if it names a place that is not aligned */
export function mappingOf(view: DataView, index: number, clusterBits: number): ClusterMapping {
  const high = view.getUint32(index * 8);
  const low = view.getUint32(index * 8 + 4);
  if ((high & COMPRESSED) !== 0) return compressed(high, low, clusterBits);
  const host = aligned(offsetOf(high, low), 2 ** clusterBits);
  if ((low & ZERO) !== 0) return { kind: 'zero', host };
  return host === 0 ? HOLE : { kind: 'data', host, owned: (high & OWNED) !== 0 };
}

/** Writes the L2 entry of a cluster that is deflated into `bytes` bytes from `host` on. */
export function setCompressed(view: DataView, index: number, host: number, bytes: number, clusterBits: number): void {
  const offsetBits = 62 - (clusterBits - 8);
  const furtherSectors = Math.floor((host + bytes - 1) / SECTOR) - Math.floor(host / SECTOR);
  view.setBigUint64(index * 8, (1n << 62n) | (BigInt(furtherSectors) << BigInt(offsetBits)) | BigInt(host));
}

/** Bits 61:x count further sectors, bits x-1:0 are an offset in bytes, x = 62 - (cluster bits - 8). */
function compressed(high: number, low: number, clusterBits: number): ClusterMapping {
  const offsetBits = 62 - (clusterBits - 8);
  const value = (BigInt(high & 0x3fff_ffff) << 32n) | BigInt(low >>> 0);
  const host = Number(value & ((1n << BigInt(offsetBits)) - 1n));
  const sectors = Number(value >> BigInt(offsetBits)) + 1;
  if (!Number.isSafeInteger(host)) throw new ImageError('image-damaged', 'compressed data lies beyond any file');
  return { kind: 'compressed', host, bytes: sectors * SECTOR - (host % SECTOR) };
}

function offsetOf(high: number, low: number): number {
  return (high & OFFSET_HIGH) * 2 ** 32 + ((low & OFFSET_LOW) >>> 0);
}

function aligned(offset: number, clusterBytes: number): number {
  if (offset % clusterBytes !== 0 || !Number.isSafeInteger(offset)) {
    throw new ImageError('image-damaged', 'a table of this qcow2 image names a place that is no cluster');
  }
  return offset;
}
