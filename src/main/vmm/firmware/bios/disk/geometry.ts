import { floppyGeometry } from '../../../block/floppy-geometry.js';

/** Cylinders, heads and sectors as CHS services count them. */
export interface Geometry {
  readonly cylinders: number;
  readonly heads: number;
  readonly sectorsPerTrack: number;
}

const SECTORS_PER_TRACK = 63;
const MAX_CYLINDERS = 1024;
const HEADS = [16, 32, 64, 128, 255] as const;

/** LBA-assisted translation of a disk's 512-byte sectors (Phoenix EDD 1.1, appendix on CHS translation). */
export function diskGeometry(sectors: number): Geometry {
  const heads = HEADS.find((h) => sectors <= MAX_CYLINDERS * h * SECTORS_PER_TRACK) ?? 255;
  const cylinders = Math.floor(sectors / (heads * SECTORS_PER_TRACK));
  return { cylinders: Math.min(Math.max(cylinders, 1), MAX_CYLINDERS), heads, sectorsPerTrack: SECTORS_PER_TRACK };
}

/** A diskette format: its geometry and the drive type INT 13h AH=08h and CMOS 10h name it by. */
export interface FloppyFormat extends Geometry {
  readonly driveType: number;
}

/** Drive types by density: 360 KB and 720 KB, 1.44 MB, 2.88 MB. */
const DRIVE_TYPES = { double: 3, high: 4, extended: 5 } as const;
const TYPE_360K = 1;
const TYPE_1200K = 2;

/** 1.44 MB, 3½ inch: what an empty drive is taken for. */
export const DEFAULT_FLOPPY: FloppyFormat = { cylinders: 80, heads: 2, sectorsPerTrack: 18, driveType: 4 };

/** The format the diskette controller sees on the medium; what fits on none is read as 2.88 MB. */
export function floppyFormat(mediumSectors: number): FloppyFormat {
  if (mediumSectors === 0) return DEFAULT_FLOPPY;
  const found = floppyGeometry(mediumSectors);
  if (!found) return { cylinders: 80, heads: 2, sectorsPerTrack: 36, driveType: DRIVE_TYPES.extended };
  const { tracks, heads, sectors, density } = found;
  const driveType = tracks === 40 ? TYPE_360K : sectors === 15 ? TYPE_1200K : DRIVE_TYPES[density];
  return { cylinders: tracks, heads, sectorsPerTrack: sectors, driveType };
}

/** Sector number of a CHS address as INT 13h packs it in CX and DH; undefined if the medium has no such place. */
export function sectorOf(geometry: Geometry, cx: number, head: number): number | undefined {
  const cylinder = (cx >> 8) | ((cx & 0xc0) << 2);
  const sector = cx & 0x3f;
  if (sector === 0 || sector > geometry.sectorsPerTrack) return undefined;
  if (head >= geometry.heads || cylinder >= geometry.cylinders) return undefined;
  return (cylinder * geometry.heads + head) * geometry.sectorsPerTrack + sector - 1;
}
