import { dataView, latin1, type ByteSource } from './byte-source.js';

const SECTOR = 2048;
const FIRST_DESCRIPTOR = 16;
const MAX_DESCRIPTORS = 32;
const TYPE_BOOT = 0;
const TYPE_PRIMARY = 1;
const TYPE_END = 255;

/** Bounds on what a hostile image can make us read. */
const MAX_DIRECTORY_BYTES = 4 << 20;
const MAX_FILE_BYTES = 64 << 10;

interface Extent {
  readonly sector: number;
  readonly bytes: number;
}

/** What ECMA-119 (ISO 9660) descriptors say of a medium. */
export interface IsoVolume {
  readonly label: string;
  /** Size the volume claims, in bytes: a shorter file is truncated. */
  readonly bytes: number;
  /** Holds an El Torito boot record (El Torito 1.0, section 2). */
  readonly bootable: boolean;
  readonly root: Extent;
}

/** Reads the volume descriptors. @returns undefined if this is no ISO 9660 medium */
export async function readIsoVolume(source: ByteSource): Promise<IsoVolume | undefined> {
  let primary: Omit<IsoVolume, 'bootable'> | undefined;
  let bootable = false;
  for (let i = 0; i < MAX_DESCRIPTORS; i++) {
    const sector = await source.read((FIRST_DESCRIPTOR + i) * SECTOR, SECTOR);
    if (sector.length < SECTOR || latin1(sector.subarray(1, 6)) !== 'CD001' || sector[0] === TYPE_END) break;
    if (sector[0] === TYPE_BOOT && latin1(sector.subarray(7, 30)) === 'EL TORITO SPECIFICATION') bootable = true;
    if (sector[0] === TYPE_PRIMARY) primary ??= primaryVolume(sector);
  }
  return primary && { ...primary, bootable };
}

function primaryVolume(sector: Uint8Array): Omit<IsoVolume, 'bootable'> {
  const view = dataView(sector);
  return {
    label: latin1(sector.subarray(40, 72)).trim(),
    bytes: view.getUint32(80, true) * SECTOR,
    root: { sector: view.getUint32(158, true), bytes: view.getUint32(166, true) },
  };
}

/**
 * Content of a small file, by path (`.disk/info`), names compared without case and version; the ISO 9660 name is enough
 * for every installer we look for. @returns undefined if it is not there or too large
 */
export async function readIsoFile(
  source: ByteSource,
  volume: IsoVolume,
  path: string,
): Promise<Uint8Array | undefined> {
  const found = await findIsoEntry(source, volume, path);
  if (!found || found.bytes > MAX_FILE_BYTES) return undefined;
  return source.read(found.sector * SECTOR, found.bytes);
}

/** Whether the volume holds this file or folder. */
export async function isoHas(source: ByteSource, volume: IsoVolume, path: string): Promise<boolean> {
  return (await findIsoEntry(source, volume, path)) !== undefined;
}

async function findIsoEntry(source: ByteSource, volume: IsoVolume, path: string): Promise<Extent | undefined> {
  let at: Extent | undefined = volume.root;
  for (const name of path.split('/')) {
    if (!at) return undefined;
    const directory: Uint8Array = await source.read(at.sector * SECTOR, Math.min(at.bytes, MAX_DIRECTORY_BYTES));
    at = findInDirectory(directory, name);
  }
  return at;
}

function findInDirectory(directory: Uint8Array, name: string): Extent | undefined {
  const view = dataView(directory);
  for (let at = 0; at + 33 < directory.length;) {
    const length = directory[at]!;
    if (length === 0) {
      at = (Math.floor(at / SECTOR) + 1) * SECTOR;
      continue;
    }
    const nameLength = directory[at + 32]!;
    if (length < 34 || at + length > directory.length || 33 + nameLength > length) return undefined;
    const record = directory.subarray(at, at + length);
    if (sameName(record, nameLength, name))
      return { sector: view.getUint32(at + 2, true), bytes: view.getUint32(at + 10, true) };
    at += length;
  }
  return undefined;
}

/** Compares with the ISO 9660 name, or the Rock Ridge one (RRIP 1.12, 4.1.4 "NM") where a mastering tool mangled the first. */
function sameName(record: Uint8Array, nameLength: number, name: string): boolean {
  const wanted = name.toLowerCase();
  const plain = latin1(record.subarray(33, 33 + nameLength))
    .toLowerCase()
    .replace(/;\d+$/, '')
    .replace(/\.$/, '');
  return plain === wanted || rockRidgeName(record, 33 + nameLength + ((nameLength + 1) % 2)) === wanted;
}

function rockRidgeName(record: Uint8Array, from: number): string | undefined {
  for (let at = from; at + 5 <= record.length;) {
    const length = record[at + 2]!;
    if (length < 4 || at + length > record.length) return undefined;
    if (record[at] === 0x4e && record[at + 1] === 0x4d)
      return latin1(record.subarray(at + 5, at + length)).toLowerCase();
    at += length;
  }
  return undefined;
}
