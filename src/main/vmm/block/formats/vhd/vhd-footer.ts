import { ImageError } from '../../disk-image.js';

/**
 * Footer of a VHD image, repeated at the start of those that are not fixed: Microsoft, "Virtual Hard Disk Image Format
 * Specification" 1.0, section "Hard Disk Footer Format". Big endian.
 */
export const FOOTER_BYTES = 512;
const COOKIE = 'conectix';

const FIELD = {
  features: 8,
  version: 12,
  dataOffset: 16,
  timestamp: 24,
  creator: 28,
  creatorVersion: 32,
  creatorHost: 36,
  originalSize: 40,
  currentSize: 48,
  cylinders: 56,
  heads: 58,
  sectorsPerTrack: 59,
  type: 60,
  checksum: 64,
  uuid: 68,
} as const;

const TYPES = { 2: 'fixed', 3: 'dynamic', 4: 'differencing' } as const;
const FEATURE_RESERVED = 2;
const VERSION_1_0 = 0x0001_0000;
const NO_DATA_OFFSET = 0xffff_ffff_ffff_ffffn;
/** Seconds from 1970 to 2000-01-01, when the format's time begins. */
const EPOCH = 946_684_800;

/** Largest disk of the format: 2040 GiB. */
export const MAX_VHD_BYTES = 2040 * 2 ** 30;
const MAX_CHS_SECTORS = 65_535 * 16 * 255;

/** Programs whose disks end where their geometry does; the others round it and mean the size they state. */
const GEOMETRY_RULES: ReadonlySet<string> = new Set(['vpc ', 'qemu']);
/** Readers in doubt go by the geometry; of this creator all know that its sizes are exact. */
const CREATOR = 'win ';
const CREATOR_HOST = 'Wi2k';

export interface VhdFooter {
  readonly type: 'fixed' | 'dynamic' | 'differencing';
  /** Size of the disk in bytes, a multiple of 512. */
  readonly size: number;
  /** Where the dynamic header is, in bytes. */
  readonly dataOffset: number;
  readonly uuid: Uint8Array;
}

export const damagedVhd = (what: string): ImageError =>
  new ImageError('image-damaged', `This VHD image is damaged: ${what}. Restore it from a copy.`);
export const unsupportedVhd = (what: string): ImageError =>
  new ImageError('image-unsupported', `This VHD image ${what}, which this version cannot open.`);

/** Whether these bytes are a footer whose checksum is right. */
export function isFooter(bytes: Uint8Array): boolean {
  if (bytes.length < FOOTER_BYTES || text(bytes, 0, 8) !== COOKIE) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, FOOTER_BYTES);
  return view.getUint32(FIELD.checksum) === onesComplementSum(bytes.subarray(0, FOOTER_BYTES), FIELD.checksum);
}

/** @param bytes a footer, by {@link isFooter}. @throws ImageError */
export function parseFooter(bytes: Uint8Array): VhdFooter {
  const view = new DataView(bytes.buffer, bytes.byteOffset, FOOTER_BYTES);
  const version = view.getUint32(FIELD.version);
  if (version >>> 16 !== VERSION_1_0 >>> 16) throw unsupportedVhd(`is of version ${version >>> 16}`);
  const type = (TYPES as Readonly<Record<number, VhdFooter['type']>>)[view.getUint32(FIELD.type)];
  if (type === undefined) throw unsupportedVhd(`is of type ${view.getUint32(FIELD.type)}`);
  const size = sizeOf(view, text(bytes, FIELD.creator, 4));
  if (size === 0 || size > MAX_VHD_BYTES) throw damagedVhd(`a size of ${size} bytes`);
  const dataOffset = Number(view.getBigUint64(FIELD.dataOffset));
  return { type, size, dataOffset, uuid: bytes.slice(FIELD.uuid, FIELD.uuid + 16) };
}

function sizeOf(view: DataView, creator: string): number {
  const stated = Number(view.getBigUint64(FIELD.currentSize));
  const tracks = view.getUint16(FIELD.cylinders) * view.getUint8(FIELD.heads);
  const sectors = tracks * view.getUint8(FIELD.sectorsPerTrack);
  const byGeometry = GEOMETRY_RULES.has(creator) && sectors < MAX_CHS_SECTORS;
  return byGeometry ? sectors * 512 : Math.min(stated, MAX_VHD_BYTES + 1) - (stated % 512);
}

/** Footer of a new image. @param createdAt seconds since 1970 */
export function encodeFooter({ type, size, dataOffset, uuid }: VhdFooter, createdAt: number): Uint8Array {
  const bytes = new Uint8Array(FOOTER_BYTES);
  const view = new DataView(bytes.buffer);
  putText(bytes, 0, COOKIE);
  view.setUint32(FIELD.features, FEATURE_RESERVED);
  view.setUint32(FIELD.version, VERSION_1_0);
  view.setBigUint64(FIELD.dataOffset, type === 'fixed' ? NO_DATA_OFFSET : BigInt(dataOffset));
  view.setUint32(FIELD.timestamp, Math.max(0, Math.floor(createdAt) - EPOCH));
  putText(bytes, FIELD.creator, CREATOR);
  view.setUint32(FIELD.creatorVersion, VERSION_1_0);
  putText(bytes, FIELD.creatorHost, CREATOR_HOST);
  view.setBigUint64(FIELD.originalSize, BigInt(size));
  view.setBigUint64(FIELD.currentSize, BigInt(size));
  const { cylinders, heads, sectorsPerTrack } = vhdGeometry(size / 512);
  view.setUint16(FIELD.cylinders, cylinders);
  view.setUint8(FIELD.heads, heads);
  view.setUint8(FIELD.sectorsPerTrack, sectorsPerTrack);
  view.setUint32(FIELD.type, Number(Object.entries(TYPES).find(([, name]) => name === type)![0]));
  bytes.set(uuid, FIELD.uuid);
  view.setUint32(FIELD.checksum, onesComplementSum(bytes, FIELD.checksum));
  return bytes;
}

/** When a footer says its image was made, in seconds since 1970. */
export function creationOf(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(FIELD.timestamp) + EPOCH;
}

interface Geometry {
  readonly cylinders: number;
  readonly heads: number;
  readonly sectorsPerTrack: number;
}

/** The specification's appendix "CHS Calculation". */
export function vhdGeometry(totalSectors: number): Geometry {
  const sectors = Math.min(totalSectors, MAX_CHS_SECTORS);
  if (sectors >= 65_535 * 16 * 63) return geometry(sectors, 255, 16);
  const heads = Math.max(4, Math.ceil(Math.floor(sectors / 17) / 1024));
  if (heads <= 16 && Math.floor(sectors / 17) < heads * 1024) return geometry(sectors, 17, heads);
  return Math.floor(sectors / 31) < 16 * 1024 ? geometry(sectors, 31, 16) : geometry(sectors, 63, 16);
}

function geometry(sectors: number, sectorsPerTrack: number, heads: number): Geometry {
  return { cylinders: Math.floor(Math.floor(sectors / sectorsPerTrack) / heads), heads, sectorsPerTrack };
}

/** One's complement of the sum of all bytes but the checksum's own four. */
export function onesComplementSum(bytes: Uint8Array, checksumAt: number): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i++) if (i < checksumAt || i >= checksumAt + 4) sum += bytes[i]!;
  return ~sum >>> 0;
}

export function text(bytes: Uint8Array, at: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + length));
}

export function putText(bytes: Uint8Array, at: number, value: string): void {
  for (let i = 0; i < value.length; i++) bytes[at + i] = value.charCodeAt(i);
}
