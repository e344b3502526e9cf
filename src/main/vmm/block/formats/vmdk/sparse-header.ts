import { damagedVmdk, unsupportedVmdk } from './vmdk-errors.js';

/**
 * Header of a hosted sparse extent: VMware, "Virtual Disk Format 5.0", section "Hosted Sparse Extent Header". Little
 * endian; offsets and sizes in sectors of 512 bytes.
 */
export const SECTOR = 512;
const MAGIC = 0x564d_444b;

const FIELD = {
  magic: 0,
  version: 4,
  flags: 8,
  capacity: 12,
  grainSectors: 20,
  descriptorOffset: 28,
  descriptorSectors: 36,
  entriesPerTable: 44,
  redundantDirectory: 48,
  directory: 56,
  overhead: 64,
  unclean: 72,
  lineEndings: 73,
  compression: 77,
} as const;

export const UNCLEAN_OFFSET = FIELD.unclean;

const FLAG = {
  validLineEndings: 1,
  redundantTables: 2,
  zeroedGrains: 4,
  compressed: 0x1_0000,
  markers: 0x2_0000,
} as const;
const DEFLATE = 1;
/** `\n`, a character that is none, `\r\n`: changed by a transfer in text mode. */
const LINE_ENDINGS = [0x0a, 0x20, 0x0d, 0x0a];

/** Value of the grain directory's offset in a stream, whose footer has the real one. */
const DIRECTORY_AT_END = 0xffff_ffff_ffff_ffffn;

/** A grain holds a grain table and its copy, so that room for both is taken like any other. */
const MIN_GRAIN_SECTORS = 8;
const MAX_GRAIN_SECTORS = 1 << 17;
const MAX_ENTRIES_PER_TABLE = 512;
/** Bounds the directory kept in memory: 4 MiB, 32 TiB of disk with usual grains. */
const MAX_DIRECTORY_ENTRIES = 1 << 20;

export interface SparseHeader {
  readonly version: number;
  /** Size of the extent in sectors. */
  readonly capacity: number;
  readonly grainSectors: number;
  /** Place of the embedded descriptor; 0 sectors without one. */
  readonly descriptorOffset: number;
  readonly descriptorSectors: number;
  readonly entriesPerTable: number;
  /** 0 without redundant tables. */
  readonly redundantDirectory: number;
  /** `undefined`: the footer at the file's end has it. */
  readonly directory: number | undefined;
  /** Sectors before the first grain. */
  readonly overhead: number;
  readonly unclean: boolean;
  readonly zeroedGrains: boolean;
  /** Grains are deflated, with markers between them: the extent is written once, as a stream. */
  readonly compressed: boolean;
}

export function isSparseHeader(bytes: Uint8Array): boolean {
  return bytes.length >= SECTOR && new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true) === MAGIC;
}

/** @throws ImageError */
export function parseSparseHeader(bytes: Uint8Array): SparseHeader {
  if (!isSparseHeader(bytes)) throw damagedVmdk('it does not begin as a sparse extent');
  const view = new DataView(bytes.buffer, bytes.byteOffset, SECTOR);
  const version = view.getUint32(FIELD.version, true);
  if (version < 1 || version > 3) throw unsupportedVmdk(`is of version ${version}`);
  const flags = view.getUint32(FIELD.flags, true);
  if ((flags & FLAG.validLineEndings) !== 0 && LINE_ENDINGS.some((byte, i) => bytes[FIELD.lineEndings + i] !== byte))
    throw damagedVmdk('it was transferred as text');
  const compressed = (flags & FLAG.compressed) !== 0;
  if (compressed && view.getUint16(FIELD.compression, true) !== DEFLATE)
    throw unsupportedVmdk('uses an unknown compression');
  const directory = view.getBigUint64(FIELD.directory, true);
  const header: SparseHeader = {
    version,
    capacity: sectorsAt(view, FIELD.capacity, 'its size'),
    grainSectors: sectorsAt(view, FIELD.grainSectors, 'its grain size'),
    descriptorOffset: sectorsAt(view, FIELD.descriptorOffset, 'its descriptor'),
    descriptorSectors: sectorsAt(view, FIELD.descriptorSectors, 'its descriptor'),
    entriesPerTable: view.getUint32(FIELD.entriesPerTable, true),
    redundantDirectory:
      (flags & FLAG.redundantTables) === 0 ? 0 : sectorsAt(view, FIELD.redundantDirectory, 'its grain directory'),
    directory: directory === DIRECTORY_AT_END ? undefined : sectorsAt(view, FIELD.directory, 'its grain directory'),
    overhead: sectorsAt(view, FIELD.overhead, 'its overhead'),
    unclean: bytes[FIELD.unclean] !== 0,
    zeroedGrains: (flags & FLAG.zeroedGrains) !== 0,
    compressed,
  };
  validate(header);
  return header;
}

function sectorsAt(view: DataView, at: number, what: string): number {
  const value = Number(view.getBigUint64(at, true));
  if (!Number.isSafeInteger(value * SECTOR)) throw damagedVmdk(`${what} is absurd`);
  return value;
}

function validate(header: SparseHeader): void {
  const { grainSectors, entriesPerTable, capacity } = header;
  if (!isPowerOfTwo(grainSectors) || grainSectors < MIN_GRAIN_SECTORS || grainSectors > MAX_GRAIN_SECTORS)
    throw damagedVmdk(`grains of ${grainSectors} sectors`);
  if (!isPowerOfTwo(entriesPerTable) || entriesPerTable > MAX_ENTRIES_PER_TABLE)
    throw damagedVmdk(`grain tables of ${entriesPerTable} entries`);
  if (directoryEntries(header) > MAX_DIRECTORY_ENTRIES) throw damagedVmdk(`a size of ${capacity} sectors`);
} // prettier-ignore

function isPowerOfTwo(value: number): boolean {
  return value > 0 && Number.isInteger(Math.log2(value));
}

/** Entries of the grain directory: one for each grain table. */
export function directoryEntries({ capacity, grainSectors, entriesPerTable }: SparseHeader): number {
  return Math.ceil(capacity / (grainSectors * entriesPerTable));
}

export function encodeSparseHeader(header: SparseHeader): Uint8Array {
  const bytes = new Uint8Array(SECTOR);
  const view = new DataView(bytes.buffer);
  const put = (at: number, value: number): void => view.setBigUint64(at, BigInt(value), true);
  view.setUint32(FIELD.magic, MAGIC, true);
  view.setUint32(FIELD.version, header.version, true);
  view.setUint32(FIELD.flags, flagsOf(header), true);
  put(FIELD.capacity, header.capacity);
  put(FIELD.grainSectors, header.grainSectors);
  put(FIELD.descriptorOffset, header.descriptorOffset);
  put(FIELD.descriptorSectors, header.descriptorSectors);
  view.setUint32(FIELD.entriesPerTable, header.entriesPerTable, true);
  put(FIELD.redundantDirectory, header.redundantDirectory);
  if (header.directory === undefined) view.setBigUint64(FIELD.directory, DIRECTORY_AT_END, true);
  else put(FIELD.directory, header.directory);
  put(FIELD.overhead, header.overhead);
  bytes[FIELD.unclean] = header.unclean ? 1 : 0;
  bytes.set(LINE_ENDINGS, FIELD.lineEndings);
  view.setUint16(FIELD.compression, header.compressed ? DEFLATE : 0, true);
  return bytes;
}

function flagsOf({ redundantDirectory, zeroedGrains, compressed }: SparseHeader): number {
  return (
    FLAG.validLineEndings |
    (redundantDirectory === 0 ? 0 : FLAG.redundantTables) |
    (zeroedGrains ? FLAG.zeroedGrains : 0) |
    (compressed ? FLAG.compressed | FLAG.markers : 0)
  );
}
