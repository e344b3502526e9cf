import type { FilePort } from '../../disk-image.js';
import { crc32c } from './crc32c.js';
import { GUID_BYTES } from './guid.js';
import { damagedVhdx, unsupportedVhdx } from './vhdx-errors.js';

/** The two headers of a VHDX file, of which the newer valid one counts: [MS-VHDX] 2.2.2. Little endian. */
const HEADER_OFFSETS = [64 << 10, 128 << 10] as const;
const HEADER_BYTES = 4096;
const SIGNATURE = 0x6461_6568;
export const FILE_SIGNATURE = 'vhdxfile';
const VERSION = 1;

const FIELD = {
  checksum: 4,
  sequence: 8,
  fileWriteGuid: 16,
  dataWriteGuid: 32,
  logGuid: 48,
  logVersion: 64,
  version: 66,
  logLength: 68,
  logOffset: 72,
} as const;

/** What the format aligns its parts to, in bytes. */
export const MEGABYTE = 1 << 20;
/** Logs are 1 MiB as a rule; more than this is kept in memory by nobody. */
const MAX_LOG_BYTES = 32 << 20;

export interface VhdxHeader {
  readonly sequence: bigint;
  /** Changes whenever the file is opened and changed. */
  readonly fileWriteGuid: Uint8Array;
  /** Changes with the content of the disk. */
  readonly dataWriteGuid: Uint8Array;
  /** Zero when the log is empty. */
  readonly logGuid: Uint8Array;
  readonly logLength: number;
  readonly logOffset: number;
}

/** A header and which of the two places it is in. */
export interface FoundHeader extends VhdxHeader {
  readonly slot: 0 | 1;
}

/** @throws ImageError */
export async function readHeader(file: FilePort): Promise<FoundHeader> {
  let current: FoundHeader | undefined;
  for (const slot of [0, 1] as const) {
    const bytes = new Uint8Array(HEADER_BYTES);
    if ((await file.read(HEADER_OFFSETS[slot], bytes)) < HEADER_BYTES) continue;
    const view = new DataView(bytes.buffer);
    if (view.getUint32(0, true) !== SIGNATURE || view.getUint32(FIELD.checksum, true) !== crc32c(bytes, FIELD.checksum))
      continue;
    const sequence = view.getBigUint64(FIELD.sequence, true);
    if (current !== undefined && current.sequence >= sequence) continue;
    current = { slot, ...parse(bytes, view, sequence) };
  }
  if (current === undefined) throw damagedVhdx('both its headers are damaged');
  return current;
}

function parse(bytes: Uint8Array, view: DataView, sequence: bigint): VhdxHeader {
  if (view.getUint16(FIELD.version, true) !== VERSION)
    throw unsupportedVhdx(`is of version ${view.getUint16(FIELD.version, true)}`);
  const guid = (at: number): Uint8Array => bytes.slice(at, at + GUID_BYTES);
  const logLength = view.getUint32(FIELD.logLength, true);
  const logOffset = Number(view.getBigUint64(FIELD.logOffset, true));
  if (logLength % MEGABYTE !== 0 || logOffset % MEGABYTE !== 0 || logOffset < MEGABYTE || logLength > MAX_LOG_BYTES)
    throw damagedVhdx('its log is misplaced');
  return {
    sequence,
    fileWriteGuid: guid(FIELD.fileWriteGuid),
    dataWriteGuid: guid(FIELD.dataWriteGuid),
    logGuid: guid(FIELD.logGuid),
    logLength,
    logOffset,
  };
}

/** Makes `header` the current one: writes it over the older of the two, as the next in sequence. */
export async function writeHeader(file: FilePort, current: FoundHeader, header: VhdxHeader): Promise<FoundHeader> {
  const slot = current.slot === 0 ? 1 : 0;
  const next: FoundHeader = { ...header, slot, sequence: current.sequence + 1n };
  await file.write(HEADER_OFFSETS[slot], encodeHeader(next));
  await file.sync();
  return next;
}

export function encodeHeader(header: VhdxHeader): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, SIGNATURE, true);
  view.setBigUint64(FIELD.sequence, header.sequence, true);
  bytes.set(header.fileWriteGuid, FIELD.fileWriteGuid);
  bytes.set(header.dataWriteGuid, FIELD.dataWriteGuid);
  bytes.set(header.logGuid, FIELD.logGuid);
  view.setUint16(FIELD.version, VERSION, true);
  view.setUint32(FIELD.logLength, header.logLength, true);
  view.setBigUint64(FIELD.logOffset, BigInt(header.logOffset), true);
  view.setUint32(FIELD.checksum, crc32c(bytes, FIELD.checksum), true);
  return bytes;
}

/** Both headers of a new file, as they follow each other in it. */
export function encodeFirstHeaders(
  header: VhdxHeader,
): readonly { readonly offset: number; readonly bytes: Uint8Array }[] {
  return HEADER_OFFSETS.map((offset, slot) => ({
    offset,
    bytes: encodeHeader({ ...header, sequence: header.sequence + BigInt(slot) }),
  }));
}
