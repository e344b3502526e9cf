/** Cylinders, heads and sectors a track, as CHS addresses count them. */
export interface DiskGeometry {
  readonly cylinders: number;
  readonly heads: number;
  readonly sectors: number;
}

const MAX_CYLINDERS = 16383;

/** Geometry a disk reports: 16 heads of 63 sectors, cylinders up to the limit every larger disk reports (ATA-6, 6.2). */
export function defaultGeometry(totalSectors: number): DiskGeometry {
  const heads = 16;
  const sectors = 63;
  return { cylinders: Math.min(MAX_CYLINDERS, Math.floor(totalSectors / (heads * sectors))), heads, sectors };
}

/** Geometry after INITIALIZE DEVICE PARAMETERS. */
export function translatedGeometry(totalSectors: number, heads: number, sectors: number): DiskGeometry {
  return { cylinders: Math.min(0xffff, Math.floor(totalSectors / (heads * sectors))), heads, sectors };
}

export function chsToLba(geometry: DiskGeometry, cylinder: number, head: number, sector: number): number {
  return (cylinder * geometry.heads + head) * geometry.sectors + sector - 1;
}

export function lbaToChs(geometry: DiskGeometry, lba: number): { cylinder: number; head: number; sector: number } {
  const track = Math.floor(lba / geometry.sectors);
  return {
    cylinder: Math.floor(track / geometry.heads),
    head: track % geometry.heads,
    sector: (lba % geometry.sectors) + 1,
  };
}
