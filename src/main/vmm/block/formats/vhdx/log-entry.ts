import { crc32c } from './crc32c.js';
import { GUID_BYTES } from './guid.js';
import { damagedVhdx } from './vhdx-errors.js';

/** Entries of the log: [MS-VHDX] 2.3. Little endian. */
export const LOG_SECTOR = 4096;
const ENTRY_SIGNATURE = 0x6567_6f6c;
const ZERO_SIGNATURE = 0x6f72_657a;
const DESCRIPTOR_SIGNATURE = 0x6373_6564;
const DATA_SIGNATURE = 0x6174_6164;
const HEADER_BYTES = 64;
const DESCRIPTOR_BYTES = 32;

const FIELD = {
  checksum: 4,
  length: 8,
  tail: 12,
  sequence: 16,
  descriptors: 24,
  guid: 32,
  flushedFileBytes: 48,
  lastFileBytes: 56,
} as const;

/** A change to the file that an entry asks for. */
export interface Patch {
  readonly offset: number;
  readonly length: number;
  /** `undefined`: zeros. */
  readonly data: Uint8Array | undefined;
}

export interface LogEntry {
  /** Where it is in the log, in bytes, as the length and the tail. */
  readonly at: number;
  readonly length: number;
  /** Where the oldest entry is that still counts when this one is the newest. */
  readonly tail: number;
  readonly sequence: bigint;
  /** The file was at least as long when the entry was written. */
  readonly flushedFileBytes: number;
  readonly lastFileBytes: number;
  readonly bytes: Uint8Array;
}

/** Length that the entry at the start of `bytes` claims; `undefined` if there is none of this log. */
export function claimedLength(bytes: Uint8Array, logGuid: Uint8Array): number | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  if (view.getUint32(0, true) !== ENTRY_SIGNATURE) return undefined;
  if (!logGuid.every((byte, i) => bytes[FIELD.guid + i] === byte)) return undefined;
  const length = view.getUint32(FIELD.length, true);
  return length >= LOG_SECTOR && length % LOG_SECTOR === 0 ? length : undefined;
}

/** @param bytes of the whole entry. @returns `undefined` if its checksum is wrong */
export function parseEntry(bytes: Uint8Array, at: number): LogEntry | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  if (view.getUint32(FIELD.checksum, true) !== crc32c(bytes, FIELD.checksum)) return undefined;
  return {
    at,
    length: bytes.length,
    tail: view.getUint32(FIELD.tail, true),
    sequence: view.getBigUint64(FIELD.sequence, true),
    flushedFileBytes: Number(view.getBigUint64(FIELD.flushedFileBytes, true)),
    lastFileBytes: Number(view.getBigUint64(FIELD.lastFileBytes, true)),
    bytes,
  };
}

/** What an entry changes. @throws ImageError if its parts do not belong together */
export function patchesOf({ bytes, sequence, length }: LogEntry): Patch[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const count = view.getUint32(FIELD.descriptors, true);
  let dataAt = Math.ceil((HEADER_BYTES + count * DESCRIPTOR_BYTES) / LOG_SECTOR) * LOG_SECTOR;
  if (dataAt > length) throw damagedVhdx('its log is damaged');
  const patches: Patch[] = [];
  for (let i = 0; i < count; i++) {
    const at = HEADER_BYTES + i * DESCRIPTOR_BYTES;
    const signature = view.getUint32(at, true);
    const offset = Number(view.getBigUint64(at + 16, true));
    if (view.getBigUint64(at + 24, true) !== sequence || !Number.isSafeInteger(offset) || offset % LOG_SECTOR !== 0)
      throw damagedVhdx('its log is damaged');
    if (signature === ZERO_SIGNATURE)
      patches.push({ offset, length: Number(view.getBigUint64(at + 8, true)), data: undefined });
    else if (signature === DESCRIPTOR_SIGNATURE && dataAt + LOG_SECTOR <= length) {
      patches.push({ offset, length: LOG_SECTOR, data: dataOf(bytes, at, dataAt, sequence) });
      dataAt += LOG_SECTOR;
    } else throw damagedVhdx('its log is damaged');
  }
  return patches;
}

/** A data sector, with its first 8 and last 4 bytes from the descriptor. */
function dataOf(bytes: Uint8Array, descriptor: number, at: number, sequence: bigint): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const written = (BigInt(view.getUint32(at + 4, true)) << 32n) | BigInt(view.getUint32(at + LOG_SECTOR - 4, true));
  if (view.getUint32(at, true) !== DATA_SIGNATURE || written !== sequence) throw damagedVhdx('its log is damaged');
  const data = bytes.slice(at, at + LOG_SECTOR);
  data.set(bytes.subarray(descriptor + 8, descriptor + 16));
  data.set(bytes.subarray(descriptor + 4, descriptor + 8), LOG_SECTOR - 4);
  return data;
}

/** Pages, besides those for header and descriptors, that an entry of at most `bytes` can hold. */
export function pagesPerEntry(bytes: number): number {
  const perSector = LOG_SECTOR / DESCRIPTOR_BYTES;
  return Math.floor((bytes / LOG_SECTOR - 1) * (1 - 1 / (perSector + 1))) - 1;
}

/** An entry that makes `pages` of 4 KiB be at their offsets; it is the oldest that counts itself. */
export function encodeEntry(
  at: number,
  sequence: bigint,
  logGuid: Uint8Array,
  fileBytes: number,
  pages: readonly { readonly offset: number; readonly bytes: Uint8Array }[],
): Uint8Array {
  const dataAt = Math.ceil((HEADER_BYTES + pages.length * DESCRIPTOR_BYTES) / LOG_SECTOR) * LOG_SECTOR;
  const bytes = new Uint8Array(dataAt + pages.length * LOG_SECTOR);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, ENTRY_SIGNATURE, true);
  view.setUint32(FIELD.length, bytes.length, true);
  view.setUint32(FIELD.tail, at, true);
  view.setBigUint64(FIELD.sequence, sequence, true);
  view.setUint32(FIELD.descriptors, pages.length, true);
  bytes.set(logGuid.subarray(0, GUID_BYTES), FIELD.guid);
  view.setBigUint64(FIELD.flushedFileBytes, BigInt(fileBytes), true);
  view.setBigUint64(FIELD.lastFileBytes, BigInt(fileBytes), true);
  pages.forEach((page, i) => {
    const descriptor = HEADER_BYTES + i * DESCRIPTOR_BYTES;
    const sector = dataAt + i * LOG_SECTOR;
    view.setUint32(descriptor, DESCRIPTOR_SIGNATURE, true);
    bytes.set(page.bytes.subarray(LOG_SECTOR - 4), descriptor + 4);
    bytes.set(page.bytes.subarray(0, 8), descriptor + 8);
    view.setBigUint64(descriptor + 16, BigInt(page.offset), true);
    view.setBigUint64(descriptor + 24, sequence, true);
    bytes.set(page.bytes, sector);
    view.setUint32(sector, DATA_SIGNATURE, true);
    view.setUint32(sector + 4, Number(sequence >> 32n), true);
    view.setUint32(sector + LOG_SECTOR - 4, Number(sequence & 0xffff_ffffn), true);
  });
  view.setUint32(FIELD.checksum, crc32c(bytes, FIELD.checksum), true);
  return bytes;
}
