/** Rows of an 8-pixel-wide glyph, top to bottom, the leftmost pixel in bit 7. */
export type Glyph = readonly number[];

/**
 * A glyph written as `row: byte byte …` in hexadecimal: blank rows down to `row`, the bytes, blank rows to `height`.
 */
export function glyph(design: string, height: number): Glyph {
  const [start, bytes] = design.split(':') as [string, string];
  const rows = bytes
    .trim()
    .split(/\s+/)
    .map((byte) => parseInt(byte, 16));
  const blank = (count: number): number[] => new Array<number>(count).fill(0);
  return [...blank(Number(start)), ...rows, ...blank(height)].slice(0, height);
}

/** Both glyphs, one over the other. */
export const overlay = (a: Glyph, b: Glyph): Glyph => a.map((row, i) => row | (b[i] ?? 0));

/** Moves a glyph down by `rows`. */
export const lower = (rows: Glyph, count: number): Glyph =>
  [...new Array<number>(count).fill(0), ...rows].slice(0, rows.length);

/** Rows of an 8-line design an 8×16 one takes, so that line 0 becomes row 2 and the baseline, line 6, row 11. */
const STRETCH = [-1, -1, 0, 1, 1, 2, 3, 3, 4, 5, 5, 6, 7, 7, -1, -1] as const;

export const stretch = (rows: Glyph): Glyph => STRETCH.map((line) => (line < 0 ? 0 : rows[line]!));
