import { formatNamedInQcow2 } from '../../../../../shared/disk/empty-qcow2.js';
import { ImageError, type FilePort } from '../../disk-image.js';

/** docs/interop/qcow2.txt of QEMU ("Qcow2 image file format"), header; all numbers big endian. */
const MAGIC = 0x5146_49fb;
const V2_HEADER_BYTES = 72;
const V3_HEADER_BYTES = 104;

export const HEADER_OFFSET = {
  size: 24,
  l1Entries: 36,
  refcountTable: 48,
  incompatibleFeatures: 72,
  autoclearFeatures: 88,
} as const;

/** Every change of a header is a write within its first sector, which disks write whole or not at all. */
export const HEADER_SECTOR_BYTES = 512;

/** Incompatible features. */
const FEATURE = { dirty: 1, corrupt: 2, externalData: 4, compressionType: 8, extendedL2: 16 } as const;

const EXTENSION_END = 0;
const EXTENSION_BACKING_FORMAT = 0xe279_2aca;

const MIN_CLUSTER_BITS = 9;
const MAX_CLUSTER_BITS = 21;
const MAX_BACKING_NAME = 1023;
/** Limits on tables that are kept in memory, as QEMU sets them. */
const MAX_L1_BYTES = 32 << 20;
const MAX_REFCOUNT_TABLE_BYTES = 8 << 20;

/** How much of the file's start {@link parseHeader} may need. */
const HEADER_READ_BYTES = 4096;

export interface Qcow2Header {
  readonly version: 2 | 3;
  readonly clusterBits: number;
  /** Virtual size in bytes. */
  readonly size: number;
  readonly l1Entries: number;
  readonly l1Offset: number;
  readonly refcountTableOffset: number;
  readonly refcountTableClusters: number;
  /** Width of a refcount as a power of two of bits. */
  readonly refcountOrder: number;
  readonly backingFile: string | undefined;
  /** Format of the backing file, where the image says it. */
  readonly backingFormat: string | undefined;
  /** The image was not closed by who wrote it last with lazy refcounts: they may be wrong. */
  readonly dirty: boolean;
  /** Somebody found the image damaged: it must not be written before it is repaired. */
  readonly corrupt: boolean;
  readonly hasAutoclearFeatures: boolean;
  readonly snapshots: { readonly count: number; readonly offset: number };
  /** Where the header itself ends and extensions begin. */
  readonly headerBytes: number;
  /** Where the name of the backing file is, 0 without one. */
  readonly backingNameOffset: number;
}

/** @throws ImageError */
export async function readHeader(file: FilePort): Promise<Qcow2Header> {
  const head = new Uint8Array(HEADER_READ_BYTES);
  return parseHeader(head.subarray(0, await file.read(0, head)));
}

const damaged = (what: string): ImageError => new ImageError('image-damaged', `This qcow2 image is damaged: ${what}.`);
const unsupported = (what: string): ImageError =>
  new ImageError('image-unsupported', `This qcow2 image uses ${what}, which this version cannot read.`);

/** @throws ImageError */
export function parseHeader(bytes: Uint8Array): Qcow2Header {
  if (bytes.length < V2_HEADER_BYTES) throw damaged('it ends within its header');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (view.getUint32(0) !== MAGIC) throw damaged('it does not begin as a qcow2 image');
  const version = view.getUint32(4);
  if (version !== 2 && version !== 3) throw unsupported(`version ${version} of the format`);
  if (version === 3 && bytes.length < V3_HEADER_BYTES) throw damaged('it ends within its header');
  if (view.getUint32(32) !== 0) throw unsupported('encryption');
  const features = version === 3 ? incompatibleFeatures(view) : 0;
  const headerBytes = version === 3 ? view.getUint32(100) : V2_HEADER_BYTES;
  const header: Qcow2Header = {
    version,
    clusterBits: view.getUint32(20),
    size: offsetAt(view, 24, 'the size'),
    l1Entries: view.getUint32(36),
    l1Offset: offsetAt(view, 40, 'the L1 table'),
    refcountTableOffset: offsetAt(view, 48, 'the refcount table'),
    refcountTableClusters: view.getUint32(56),
    refcountOrder: version === 3 ? view.getUint32(96) : 4,
    ...backing(view, bytes, headerBytes),
    dirty: (features & FEATURE.dirty) !== 0,
    corrupt: (features & FEATURE.corrupt) !== 0,
    hasAutoclearFeatures: version === 3 && (view.getUint32(88) !== 0 || view.getUint32(92) !== 0),
    snapshots: { count: view.getUint32(60), offset: offsetAt(view, 64, 'the snapshot table') },
    headerBytes,
    backingNameOffset: offsetAt(view, 8, 'the backing file name'),
  };
  validate(header);
  return header;
}

function incompatibleFeatures(view: DataView): number {
  const features = view.getUint32(76);
  const known = FEATURE.dirty | FEATURE.corrupt | FEATURE.externalData | FEATURE.compressionType | FEATURE.extendedL2;
  if ((features & FEATURE.externalData) !== 0) throw unsupported('an external data file');
  if ((features & FEATURE.extendedL2) !== 0) throw unsupported('subclusters');
  if ((features & FEATURE.compressionType) !== 0) throw unsupported('zstd compression');
  if (view.getUint32(72) !== 0 || (features & ~known) !== 0) throw unsupported('features newer than this version');
  return features;
}

/** A 64-bit number that must be a safe integer. */
function offsetAt(view: DataView, at: number, what: string): number {
  const value = view.getUint32(at) * 2 ** 32 + view.getUint32(at + 4);
  if (!Number.isSafeInteger(value)) throw damaged(`${what} lies beyond any file`);
  return value;
}

function backing(
  view: DataView,
  bytes: Uint8Array,
  headerBytes: number,
): Pick<Qcow2Header, 'backingFile' | 'backingFormat'> {
  const offset = offsetAt(view, 8, 'the backing file name');
  const length = view.getUint32(16);
  if (offset === 0) return { backingFile: undefined, backingFormat: undefined };
  if (length > MAX_BACKING_NAME || offset + length > bytes.length)
    throw damaged('its backing file name is out of place');
  return {
    backingFile: text(bytes.subarray(offset, offset + length)),
    backingFormat: backingFormat(view, headerBytes, offset),
  };
}

/** Header extensions lie between the header and the backing file name. */
function backingFormat(view: DataView, headerBytes: number, end: number): string | undefined {
  for (let at = headerBytes; at + 8 <= end;) {
    const type = view.getUint32(at);
    const length = view.getUint32(at + 4);
    if (type === EXTENSION_END || at + 8 + length > end) return undefined;
    const body = new Uint8Array(view.buffer, view.byteOffset + at + 8, length);
    if (type === EXTENSION_BACKING_FORMAT) return formatNamedInQcow2(text(body));
    at += 8 + Math.ceil(length / 8) * 8;
  }
  return undefined;
}

function text(bytes: Uint8Array): string {
  // A view of shared memory cannot be decoded; a copy can.
  return new TextDecoder().decode(bytes.slice());
}

function validate(header: Qcow2Header): void {
  const { clusterBits, size, l1Entries, l1Offset, refcountTableOffset, refcountTableClusters, refcountOrder } = header;
  if (clusterBits < MIN_CLUSTER_BITS || clusterBits > MAX_CLUSTER_BITS)
    throw damaged(`its clusters have 2^${clusterBits} bytes`);
  const cluster = 2 ** clusterBits;
  if (refcountOrder > 6) throw damaged(`its refcounts have 2^${refcountOrder} bits`);
  if (l1Entries * 8 > MAX_L1_BYTES) throw damaged('its L1 table is larger than any disk needs');
  if (refcountTableClusters * cluster > MAX_REFCOUNT_TABLE_BYTES) throw damaged('its refcount table is too large');
  if (refcountTableClusters === 0) throw damaged('it has no refcount table');
  if (l1Offset % cluster !== 0 || refcountTableOffset % cluster !== 0) throw damaged('a table is not aligned');
  const clustersPerL2 = cluster / 8;
  if (size > l1Entries * clustersPerL2 * cluster) throw damaged('its L1 table is too small for its size');
}

/** Field at {@link HEADER_OFFSET.size}. */
export function sizeField(size: number): Uint8Array {
  return fields(8, (view) => view.setBigUint64(0, BigInt(size)));
}

/** Fields at {@link HEADER_OFFSET.l1Entries}. */
export function l1Fields(entries: number, offset: number): Uint8Array {
  return fields(12, (view) => {
    view.setUint32(0, entries);
    view.setBigUint64(4, BigInt(offset));
  });
}

/** Fields at {@link HEADER_OFFSET.refcountTable}. */
export function refcountTableFields(offset: number, clusters: number): Uint8Array {
  return fields(12, (view) => {
    view.setBigUint64(0, BigInt(offset));
    view.setUint32(8, clusters);
  });
}

function fields(length: number, fill: (view: DataView) => void): Uint8Array {
  const bytes = new Uint8Array(length);
  fill(new DataView(bytes.buffer));
  return bytes;
}

/** Field at {@link HEADER_OFFSET.incompatibleFeatures} of an image that is neither dirty nor corrupt: all others are refused. */
export function noIncompatibleFeatures(): Uint8Array {
  return new Uint8Array(8);
}
