import type { Glyph } from './glyph.js';

/** Weight of the line from the centre to an edge. */
type Arm = 0 | 1 | 2;

/** Left, right, up, down. */
type Arms = readonly [Arm, Arm, Arm, Arm];

/** B3h–DAh, but for the blocks; each from the four arms its name lists. */
const ARMS: Readonly<Record<number, Arms>> = {
  0xb3: [0, 0, 1, 1], 0xb4: [1, 0, 1, 1], 0xb5: [2, 0, 1, 1], 0xb6: [1, 0, 2, 2], 0xb7: [1, 0, 0, 2], 0xb8: [2, 0, 0, 1],
  0xb9: [2, 0, 2, 2], 0xba: [0, 0, 2, 2], 0xbb: [2, 0, 0, 2], 0xbc: [2, 0, 2, 0], 0xbd: [1, 0, 2, 0], 0xbe: [2, 0, 1, 0],
  0xbf: [1, 0, 0, 1], 0xc0: [0, 1, 1, 0], 0xc1: [1, 1, 1, 0], 0xc2: [1, 1, 0, 1], 0xc3: [0, 1, 1, 1], 0xc4: [1, 1, 0, 0],
  0xc5: [1, 1, 1, 1], 0xc6: [0, 2, 1, 1], 0xc7: [0, 1, 2, 2], 0xc8: [0, 2, 2, 0], 0xc9: [0, 2, 0, 2], 0xca: [2, 2, 2, 0],
  0xcb: [2, 2, 0, 2], 0xcc: [0, 2, 2, 2], 0xcd: [2, 2, 0, 0], 0xce: [2, 2, 2, 2], 0xcf: [2, 2, 1, 0], 0xd0: [1, 1, 2, 0],
  0xd1: [2, 2, 0, 1], 0xd2: [1, 1, 0, 2], 0xd3: [0, 1, 2, 0], 0xd4: [0, 2, 1, 0], 0xd5: [0, 2, 0, 1], 0xd6: [0, 1, 0, 2],
  0xd7: [1, 1, 2, 2], 0xd8: [2, 2, 1, 1], 0xd9: [1, 0, 1, 0], 0xda: [0, 1, 0, 1],
}; // prettier-ignore

const WIDTH = 8;
/** Columns of a single vertical line, and of a double one's outer edges and the gap between its strokes. */
const SINGLE = { first: 3, last: 4 } as const;
const DOUBLE = { first: 2, gap: 4, last: 6 } as const;

class Canvas {
  readonly rows: number[];

  constructor(readonly height: number) {
    this.rows = new Array<number>(height).fill(0);
  }

  fill(left: number, right: number, top: number, bottom: number, on = true): void {
    for (let y = Math.max(top, 0); y <= Math.min(bottom, this.height - 1); y++) {
      for (let x = Math.max(left, 0); x <= Math.min(right, WIDTH - 1); x++) {
        const bit = 0x80 >> x;
        this.rows[y] = on ? this.rows[y]! | bit : this.rows[y]! & ~bit;
      }
    }
  }
}

/** Double arms are drawn as bars whose inside is then carved out, so that corners and crossings join by themselves. */
function drawDoubleArms(canvas: Canvas, [left, right, up, down]: Arms, middle: number): void {
  const bottom = canvas.height - 1;
  const vertical = up === 2 || down === 2;
  const horizontal = left === 2 || right === 2;
  const [x0, x1] = vertical ? [DOUBLE.first, DOUBLE.last] : [SINGLE.first, SINGLE.last];
  const [y0, y1] = horizontal ? [middle - 1, middle + 1] : [middle, middle];
  if (left === 2) canvas.fill(0, x1, y0, y1);
  if (right === 2) canvas.fill(x0, WIDTH - 1, y0, y1);
  if (up === 2) canvas.fill(x0, x1, 0, y1);
  if (down === 2) canvas.fill(x0, x1, y0, bottom);
  if (left === 2) canvas.fill(0, DOUBLE.gap, middle, middle, false);
  if (right === 2) canvas.fill(DOUBLE.gap, WIDTH - 1, middle, middle, false);
  if (up === 2) canvas.fill(DOUBLE.gap, DOUBLE.gap, 0, middle, false);
  if (down === 2) canvas.fill(DOUBLE.gap, DOUBLE.gap, middle, bottom, false);
}

/**
 * How far past the centre a single arm reaches into a crossing double line: to the nearer stroke if that line runs
 * through and there is no arm opposite, to the farther one otherwise.
 */
function reach(crossing: readonly [Arm, Arm], opposite: Arm, nearer: number, farther: number, centre: number): number {
  if (crossing[0] !== 2 && crossing[1] !== 2) return centre;
  return crossing[0] === 2 && crossing[1] === 2 && opposite === 0 ? nearer : farther;
}

function drawSingleArms(canvas: Canvas, [left, right, up, down]: Arms, middle: number): void {
  const { first, last } = SINGLE;
  const bottom = canvas.height - 1;
  if (up === 1) canvas.fill(first, last, 0, reach([left, right], down, middle - 1, middle + 1, middle));
  if (down === 1) canvas.fill(first, last, reach([left, right], up, middle + 1, middle - 1, middle), bottom);
  if (left === 1) canvas.fill(0, reach([up, down], right, DOUBLE.first + 1, DOUBLE.last, last), middle, middle);
  if (right === 1)
    canvas.fill(reach([up, down], left, DOUBLE.last - 1, DOUBLE.first, first), WIDTH - 1, middle, middle);
}

/** A line-drawing character in a cell of any height, or `undefined` if the code is none. */
export function boxDrawing(code: number, height: number): Glyph | undefined {
  const arms = ARMS[code];
  if (!arms) return undefined;
  const canvas = new Canvas(height);
  const middle = (height >> 1) - 1;
  drawDoubleArms(canvas, arms, middle);
  drawSingleArms(canvas, arms, middle);
  return canvas.rows;
}

/** Shades: two rows that alternate. */
const SHADES: Readonly<Record<number, readonly [number, number]>> = {
  0xb0: [0x22, 0x88],
  0xb1: [0x55, 0xaa],
  0xb2: [0xdd, 0x77],
};
/** Blocks: the byte of upper and lower half. */
const BLOCKS: Readonly<Record<number, readonly [number, number]>> = {
  0xdb: [0xff, 0xff], 0xdc: [0x00, 0xff], 0xdd: [0xf0, 0xf0], 0xde: [0x0f, 0x0f], 0xdf: [0xff, 0x00],
}; // prettier-ignore

export function blockElement(code: number, height: number): Glyph | undefined {
  const rows = Array.from({ length: height }, (_, y) => y);
  if (SHADES[code]) return rows.map((y) => SHADES[code]![y & 1]!);
  if (BLOCKS[code]) return rows.map((y) => BLOCKS[code]![y < height / 2 ? 0 : 1]!);
  return undefined;
}
