/** Cylinders, heads and sectors a track of a diskette, and how dense its recording is. */
export interface FloppyGeometry {
  readonly tracks: number;
  readonly heads: number;
  readonly sectors: number;
  readonly density: 'double' | 'high' | 'extended';
}

const geometry = (
  tracks: number,
  heads: number,
  sectors: number,
  density: FloppyGeometry['density'],
): FloppyGeometry => ({ tracks, heads, sectors, density });

/** Formats in use, smallest first. */
const FORMATS: readonly FloppyGeometry[] = [
  geometry(40, 1, 8, 'double'),
  geometry(40, 1, 9, 'double'),
  geometry(40, 2, 8, 'double'),
  geometry(40, 2, 9, 'double'),
  geometry(80, 2, 9, 'double'),
  geometry(80, 2, 10, 'double'),
  geometry(80, 2, 15, 'high'),
  geometry(80, 2, 18, 'high'),
  geometry(80, 2, 20, 'high'),
  geometry(80, 2, 21, 'high'),
  geometry(82, 2, 21, 'high'),
  geometry(80, 2, 24, 'extended'),
  geometry(80, 2, 36, 'extended'),
];

export function floppySectors({ tracks, heads, sectors }: FloppyGeometry): number {
  return tracks * heads * sectors;
}

/**
 * Format of a diskette image: the one of its size, else the smallest common one it fits on (1.44 MB or 2.88 MB), as for
 * an image cut after its last used sector. `undefined` if it fits on none.
 * @param sectors size of the image in 512-byte sectors
 */
export function floppyGeometry(sectors: number): FloppyGeometry | undefined {
  const exact = FORMATS.find((format) => floppySectors(format) === sectors);
  const common = FORMATS.filter(({ sectors: perTrack }) => perTrack === 18 || perTrack === 36);
  return exact ?? common.find((format) => sectors <= floppySectors(format));
}
