import { COMPOSED, compose } from './accents.js';
import { ASCII_16, ASCII_8 } from './ascii-designs.js';
import { blockElement, boxDrawing } from './box-drawing.js';
import { glyph, stretch, type Glyph } from './glyph.js';
import { SYMBOLS } from './symbol-designs.js';

/** Code page 437 in the three cell heights of a VGA BIOS, 256 glyphs each. Drawn for this product. */
export interface CodePageFonts {
  readonly rows8: Uint8Array;
  readonly rows14: Uint8Array;
  readonly rows16: Uint8Array;
}

function ascii(character: string, height: 8 | 16): Glyph | undefined {
  const design = (height === 16 ? ASCII_16 : ASCII_8)[character];
  return design === undefined ? undefined : glyph(design, height);
}

function symbol(code: number, height: 8 | 16): Glyph | undefined {
  const design = SYMBOLS[code];
  if (design === undefined) return undefined;
  const small = glyph(design, 8);
  return height === 16 ? stretch(small) : small;
}

function composed(code: number, height: 8 | 16): Glyph | undefined {
  const parts = COMPOSED[code];
  if (!parts) return undefined;
  const [letter, accent] = parts;
  return compose(letter, accent, ascii(letter, height)!, height);
}

function draw(code: number, height: 8 | 16): Glyph {
  return (
    ascii(String.fromCharCode(code), height) ??
    composed(code, height) ??
    symbol(code, height) ??
    new Array<number>(height).fill(0)
  );
}

/** The 14-line cell is the 16-line one without its first and last row, but lines and blocks must fill it. */
function cell(code: number, height: 8 | 14 | 16): Glyph {
  const filling = boxDrawing(code, height) ?? blockElement(code, height);
  if (filling) return filling;
  return height === 14 ? draw(code, 16).slice(1, 15) : draw(code, height);
}

const table = (height: 8 | 14 | 16): Uint8Array =>
  Uint8Array.from(Array.from({ length: 256 }, (_, code) => cell(code, height)).flat());

export function romFonts(): CodePageFonts {
  return { rows8: table(8), rows14: table(14), rows16: table(16) };
}
