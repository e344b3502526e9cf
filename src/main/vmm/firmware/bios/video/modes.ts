/** How a mode keeps its picture in video memory. */
export type ModeKind = 'text' | 'cga4' | 'cga2' | 'planar' | 'packed256';

export type PaletteName = 'monochrome' | 'cga' | 'ega' | 'vga256';

/** A standard mode: its geometry and every VGA register (IBM VGA Technical Reference, BIOS parameter tables). */
export interface VideoMode {
  readonly number: number;
  readonly kind: ModeKind;
  /** Physical address of the picture. */
  readonly base: number;
  readonly columns: number;
  readonly rows: number;
  readonly characterHeight: number;
  /** Bytes from one page to the next. */
  readonly pageBytes: number;
  readonly pages: number;
  readonly palette: PaletteName;
  readonly misc: number;
  /** Sequencer 1–4. */
  readonly sequencer: readonly number[];
  /** CRTC 0–18h. */
  readonly crtc: readonly number[];
  /** Attribute controller 0–13h. */
  readonly attribute: readonly number[];
  /** Graphics controller 0–8. */
  readonly graphics: readonly number[];
}

const hex = (text: string): number[] => text.split(' ').map((byte) => parseInt(byte, 16));

const CRTC = {
  text40: hex('2d 27 28 90 2b a0 bf 1f 00 4f 0d 0e 00 00 00 00 9c 8e 8f 14 1f 96 b9 a3 ff'),
  text80: hex('5f 4f 50 82 55 81 bf 1f 00 4f 0d 0e 00 00 00 00 9c 8e 8f 28 1f 96 b9 a3 ff'),
  mono80: hex('5f 4f 50 82 55 81 bf 1f 00 4f 0d 0e 00 00 00 00 9c 8e 8f 28 0f 96 b9 a3 ff'),
  cga4: hex('2d 27 28 90 2b 80 bf 1f 00 c1 00 00 00 00 00 00 9c 8e 8f 14 00 96 b9 a2 ff'),
  cga2: hex('5f 4f 50 82 54 80 bf 1f 00 c1 00 00 00 00 00 00 9c 8e 8f 28 00 96 b9 c2 ff'),
  planar320x200: hex('2d 27 28 90 2b 80 bf 1f 00 c0 00 00 00 00 00 00 9c 8e 8f 14 00 96 b9 e3 ff'),
  planar640x200: hex('5f 4f 50 82 54 80 bf 1f 00 c0 00 00 00 00 00 00 9c 8e 8f 28 00 96 b9 e3 ff'),
  planar640x350: hex('5f 4f 50 82 54 80 bf 1f 00 40 00 00 00 00 00 00 83 85 5d 28 0f 63 ba e3 ff'),
  planar640x480: hex('5f 4f 50 82 54 80 0b 3e 00 40 00 00 00 00 00 00 ea 8c df 28 00 e7 04 e3 ff'),
  packed320x200: hex('5f 4f 50 82 54 80 bf 1f 00 41 00 00 00 00 00 00 9c 8e 8f 28 40 96 b9 a3 ff'),
};

const ATTRIBUTE = {
  text: hex('00 01 02 03 04 05 14 07 38 39 3a 3b 3c 3d 3e 3f 0c 00 0f 08'),
  mono: hex('00 08 08 08 08 08 08 08 10 18 18 18 18 18 18 18 0e 00 0f 08'),
  cga4: hex('00 13 15 17 02 04 06 07 10 11 12 13 14 15 16 17 01 00 03 00'),
  cga2: hex('00 17 17 17 17 17 17 17 17 17 17 17 17 17 17 17 01 00 01 00'),
  planar200: hex('00 01 02 03 04 05 06 07 10 11 12 13 14 15 16 17 01 00 0f 00'),
  planarMono: hex('00 08 00 00 18 18 00 00 00 08 00 00 00 18 00 00 0b 00 05 00'),
  planar: hex('00 01 02 03 04 05 14 07 38 39 3a 3b 3c 3d 3e 3f 01 00 0f 00'),
  planar2: hex('00 3f 3f 3f 3f 3f 3f 3f 3f 3f 3f 3f 3f 3f 3f 3f 01 00 0f 00'),
  packed: hex('00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f 41 00 0f 00'),
};

const GRAPHICS = {
  text: hex('00 00 00 00 00 10 0e 0f ff'),
  mono: hex('00 00 00 00 00 10 0a 0f ff'),
  cga4: hex('00 00 00 00 00 30 0f 0f ff'),
  cga2: hex('00 00 00 00 00 00 0d 0f ff'),
  planar: hex('00 00 00 00 00 00 05 0f ff'),
  planarMono: hex('00 00 00 00 00 00 05 05 ff'),
  packed: hex('00 00 00 00 00 40 05 0f ff'),
};

const text80 = {
  kind: 'text', base: 0xb_8000, columns: 80, rows: 25, characterHeight: 16, pageBytes: 0x1000, pages: 8, palette: 'ega',
  misc: 0x67, sequencer: hex('00 03 00 02'), crtc: CRTC.text80, attribute: ATTRIBUTE.text, graphics: GRAPHICS.text,
} as const; // prettier-ignore
const text40 = { ...text80, columns: 40, pageBytes: 0x800, sequencer: hex('08 03 00 02'), crtc: CRTC.text40 } as const;
const cga4 = {
  kind: 'cga4', base: 0xb_8000, columns: 40, rows: 25, characterHeight: 8, pageBytes: 0x4000, pages: 1, palette: 'cga',
  misc: 0x63, sequencer: hex('09 03 00 02'), crtc: CRTC.cga4, attribute: ATTRIBUTE.cga4, graphics: GRAPHICS.cga4,
} as const; // prettier-ignore
const planar640 = {
  kind: 'planar', base: 0xa_0000, columns: 80, rows: 25, characterHeight: 8, palette: 'cga', misc: 0x63,
  sequencer: hex('01 0f 00 06'), crtc: CRTC.planar640x200, attribute: ATTRIBUTE.planar200, graphics: GRAPHICS.planar,
} as const; // prettier-ignore
const planar480 = {
  ...planar640, rows: 30, characterHeight: 16, pageBytes: 0xa000, pages: 1, palette: 'ega', misc: 0xe3, crtc: CRTC.planar640x480,
} as const; // prettier-ignore

const MODES: readonly VideoMode[] = [
  { number: 0x00, ...text40 },
  { number: 0x01, ...text40 },
  { number: 0x02, ...text80 },
  { number: 0x03, ...text80 },
  { number: 0x04, ...cga4 },
  { number: 0x05, ...cga4 },
  {
    number: 0x06, ...cga4, kind: 'cga2', columns: 80, sequencer: hex('01 01 00 06'),
    crtc: CRTC.cga2, attribute: ATTRIBUTE.cga2, graphics: GRAPHICS.cga2,
  },
  {
    number: 0x07, ...text80, base: 0xb_0000, palette: 'monochrome', misc: 0x66,
    crtc: CRTC.mono80, attribute: ATTRIBUTE.mono, graphics: GRAPHICS.mono,
  },
  {
    number: 0x0d, ...planar640, columns: 40, pageBytes: 0x2000, pages: 8,
    sequencer: hex('09 0f 00 06'), crtc: CRTC.planar320x200,
  },
  { number: 0x0e, ...planar640, pageBytes: 0x4000, pages: 4 },
  {
    number: 0x0f, ...planar640, characterHeight: 14, pageBytes: 0x8000, pages: 2, palette: 'monochrome', misc: 0xa3,
    crtc: CRTC.planar640x350, attribute: ATTRIBUTE.planarMono, graphics: GRAPHICS.planarMono,
  },
  {
    number: 0x10, ...planar640, characterHeight: 14, pageBytes: 0x8000, pages: 2, palette: 'ega', misc: 0xa3,
    crtc: CRTC.planar640x350, attribute: ATTRIBUTE.planar,
  },
  { number: 0x11, ...planar480, attribute: ATTRIBUTE.planar2 },
  { number: 0x12, ...planar480, attribute: ATTRIBUTE.planar },
  {
    number: 0x13, ...planar640, kind: 'packed256', columns: 40, pageBytes: 0x1_0000, pages: 1, palette: 'vga256',
    sequencer: hex('01 0f 00 0e'), crtc: CRTC.packed320x200, attribute: ATTRIBUTE.packed, graphics: GRAPHICS.packed,
  },
]; // prettier-ignore

/** The standard mode of a number (0–7, 0Dh–13h), if there is one. */
export function videoMode(number: number): VideoMode | undefined {
  return MODES.find((mode) => mode.number === number);
}

export const bytesPerLine = (mode: VideoMode): number =>
  mode.kind === 'packed256' ? mode.columns * 8 : mode.kind === 'cga4' ? mode.columns * 2 : mode.columns;
