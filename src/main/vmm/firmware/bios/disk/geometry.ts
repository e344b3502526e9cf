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

const FLOPPY_FORMATS: readonly FloppyFormat[] = [
  { cylinders: 40, heads: 1, sectorsPerTrack: 8, driveType: 1 },
  { cylinders: 40, heads: 1, sectorsPerTrack: 9, driveType: 1 },
  { cylinders: 40, heads: 2, sectorsPerTrack: 8, driveType: 1 },
  { cylinders: 40, heads: 2, sectorsPerTrack: 9, driveType: 1 },
  { cylinders: 80, heads: 2, sectorsPerTrack: 9, driveType: 3 },
  { cylinders: 80, heads: 2, sectorsPerTrack: 15, driveType: 2 },
  { cylinders: 80, heads: 2, sectorsPerTrack: 18, driveType: 4 },
  { cylinders: 80, heads: 2, sectorsPerTrack: 36, driveType: 5 },
];

const capacity = (g: Geometry): number => g.cylinders * g.heads * g.sectorsPerTrack;

/** 1.44 MB, 3½ inch: what an empty drive is taken for. */
export const DEFAULT_FLOPPY = FLOPPY_FORMATS[6]!;

/** The smallest standard format a medium fits in; a bigger one is read as 2.88 MB. */
export function floppyFormat(sectors: number): FloppyFormat {
  if (sectors === 0) return DEFAULT_FLOPPY;
  return FLOPPY_FORMATS.find((format) => capacity(format) >= sectors) ?? FLOPPY_FORMATS[7]!;
}

/** Sector number of a CHS address as INT 13h packs it in CX and DH; undefined if the medium has no such place. */
export function sectorOf(geometry: Geometry, cx: number, head: number): number | undefined {
  const cylinder = (cx >> 8) | ((cx & 0xc0) << 2);
  const sector = cx & 0x3f;
  if (sector === 0 || sector > geometry.sectorsPerTrack) return undefined;
  if (head >= geometry.heads || cylinder >= geometry.cylinders) return undefined;
  return (cylinder * geometry.heads + head) * geometry.sectorsPerTrack + sector - 1;
}
