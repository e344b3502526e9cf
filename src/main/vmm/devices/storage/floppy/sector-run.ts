import type { FloppyGeometry } from '../../../block/floppy-geometry.js';

/** Place of a sector as its ID field on the diskette says it. */
export interface SectorId {
  readonly cylinder: number;
  readonly head: number;
  readonly sector: number;
}

/** Parameters of a command that moves sectors (82077AA, 5.1). */
export interface SectorCommand extends SectorId {
  readonly drive: number;
  readonly kind: 'read' | 'write' | 'verify';
  readonly multiTrack: boolean;
  /** Last sector of the track. */
  readonly endOfTrack: number;
  /** Sector size code; 2 is 512 bytes. */
  readonly sizeCode: number;
  /** The host asked for sectors with the deleted mark, which no image has. */
  readonly deleted: boolean;
}

/** Sectors of this track from `from` on that exist, up to the command's end of track. */
export function sectorsOnTrack(geometry: FloppyGeometry, from: number, endOfTrack: number): number {
  return Math.max(0, Math.min(endOfTrack, geometry.sectors) - from + 1);
}

export function sectorNumber(geometry: FloppyGeometry, { cylinder, head, sector }: SectorId): number {
  return (cylinder * geometry.heads + head) * geometry.sectors + sector - 1;
}

/** What the result phase reports: the sector after the last one moved (82077AA, table 6-2). */
export function nextSectorId(last: SectorId, endOfTrack: number, multiTrack: boolean): SectorId {
  if (last.sector < endOfTrack) return { ...last, sector: last.sector + 1 };
  if (!multiTrack) return { cylinder: last.cylinder + 1, head: last.head, sector: 1 };
  return { cylinder: last.cylinder + (last.head === 1 ? 1 : 0), head: last.head ^ 1, sector: 1 };
}
