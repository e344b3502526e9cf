export type Depth = 8 | 15 | 16 | 24 | 32;

export interface VesaMode {
  readonly number: number;
  readonly width: number;
  readonly height: number;
  readonly bitsPerPixel: Depth;
}

const DEPTHS: readonly Depth[] = [8, 15, 16, 24, 32];

/** VESA's own numbers (VBE 3.0, section 3) by depth 8, 15, 16, 24; 32 bits never got one and takes the usual 14xh. */
const STANDARD: readonly (readonly [width: number, height: number, ...numbers: (number | undefined)[]])[] = [
  [640, 400, 0x100, undefined, undefined, undefined, 0x141],
  [640, 480, 0x101, 0x110, 0x111, 0x112, 0x142],
  [800, 600, 0x103, 0x113, 0x114, 0x115, 0x143],
  [1024, 768, 0x105, 0x116, 0x117, 0x118, 0x144],
  [1280, 1024, 0x107, 0x119, 0x11a, 0x11b, 0x145],
  [320, 200, 0x146, 0x10d, 0x10e, 0x10f, 0x140],
];

/** Sizes since then, five depths each from 180h. */
const MODERN: readonly (readonly [width: number, height: number])[] = [
  [1152, 864], [1280, 720], [1280, 768], [1280, 800], [1280, 960], [1440, 900], [1400, 1050], [1600, 900], [1600, 1200], [1680, 1050], [1920, 1080],
]; // prettier-ignore
const FIRST_MODERN = 0x180;

export const bytesPerPixel = (depth: Depth): number => Math.ceil(depth / 8);

const ALL: readonly VesaMode[] = [
  ...STANDARD.flatMap(([width, height, ...numbers]) =>
    numbers.flatMap((number, i) => (number === undefined ? [] : [{ number, width, height, bitsPerPixel: DEPTHS[i]! }])),
  ),
  ...MODERN.flatMap(([width, height], size) =>
    DEPTHS.map((bitsPerPixel, i) => ({ number: FIRST_MODERN + size * 5 + i, width, height, bitsPerPixel })),
  ),
];

/** Modes whose picture fits in `videoMemory` bytes. */
export function vesaModes(videoMemory: number): readonly VesaMode[] {
  return ALL.filter((mode) => mode.width * mode.height * bytesPerPixel(mode.bitsPerPixel) <= videoMemory);
}
