import type { Emulation } from '../disk/drives.js';
import type { Geometry } from '../disk/geometry.js';

/** The x86 boot entry of a CD (El Torito 1.0). */
export interface BootEntry {
  readonly mediaType: number;
  readonly loadSegment: number;
  /** In 512-byte sectors. */
  readonly sectors: number;
  /** First 2048-byte block of the image. */
  readonly block: number;
}

export const BOOT_RECORD_BLOCK = 17;
const CATALOG_POINTER = 0x47;
const BOOTABLE = 0x88;
const PLATFORM_X86 = 0;
const DEFAULT_SEGMENT = 0x07c0;

const text = (bytes: Uint8Array, at: number, length: number): string =>
  String.fromCharCode(...bytes.subarray(at, at + length));

/** Block of the boot catalogue, if the sector is an El Torito boot record. */
export function bootCatalogBlock(bootRecord: Uint8Array): number | undefined {
  if (bootRecord[0] !== 0 || text(bootRecord, 1, 5) !== 'CD001') return undefined;
  if (!text(bootRecord, 7, 23).startsWith('EL TORITO SPECIFICATION')) return undefined;
  return new DataView(bootRecord.buffer, bootRecord.byteOffset).getUint32(CATALOG_POINTER, true);
}

/** The initial entry, if the catalogue is valid, for x86 and says it is bootable. */
export function initialEntry(catalog: Uint8Array): BootEntry | undefined {
  const view = new DataView(catalog.buffer, catalog.byteOffset);
  let sum = 0;
  for (let i = 0; i < 32; i += 2) sum += view.getUint16(i, true);
  if (catalog[0] !== 1 || catalog[1] !== PLATFORM_X86 || view.getUint16(30, true) !== 0xaa55 || (sum & 0xffff) !== 0) {
    return undefined;
  }
  if (catalog[32] !== BOOTABLE) return undefined;
  return {
    mediaType: catalog[33]! & 0x0f,
    loadSegment: view.getUint16(34, true) || DEFAULT_SEGMENT,
    sectors: view.getUint16(38, true),
    block: view.getUint32(40, true),
  };
}

const FLOPPIES: Readonly<Record<number, Geometry>> = {
  1: { cylinders: 80, heads: 2, sectorsPerTrack: 15 },
  2: { cylinders: 80, heads: 2, sectorsPerTrack: 18 },
  3: { cylinders: 80, heads: 2, sectorsPerTrack: 36 },
};
const HARD_DISK = 4;
const NO_GEOMETRY: Geometry = { cylinders: 0, heads: 0, sectorsPerTrack: 0 };

/** Geometry of an emulated hard disk: where its first partition ends. */
function partitionGeometry(bootSector: Uint8Array): Geometry {
  const [head, sectorAndHigh, low] = [bootSector[0x1c3]!, bootSector[0x1c4]!, bootSector[0x1c5]!];
  const cylinders = (low | ((sectorAndHigh & 0xc0) << 2)) + 1;
  return { cylinders, heads: head + 1, sectorsPerTrack: sectorAndHigh & 0x3f || 63 };
}

/** What booting the entry makes of the drives; `undefined` for a media type the specification does not know. */
export function emulationOf(
  entry: BootEntry,
  cdIndex: number,
  cdNumber: number,
  bootSector: Uint8Array,
): Emulation | undefined {
  const common = {
    cdIndex,
    mediaType: entry.mediaType,
    imageBlock: entry.block,
    loadSegment: entry.loadSegment,
    loadSectors: entry.sectors,
  };
  if (entry.mediaType === 0) return { ...common, kind: 'none', driveNumber: cdNumber, geometry: NO_GEOMETRY };
  const floppy = FLOPPIES[entry.mediaType];
  if (floppy) return { ...common, kind: 'floppy', driveNumber: 0x00, geometry: floppy };
  if (entry.mediaType !== HARD_DISK) return undefined;
  return { ...common, kind: 'disk', driveNumber: 0x80, geometry: partitionGeometry(bootSector) };
}
