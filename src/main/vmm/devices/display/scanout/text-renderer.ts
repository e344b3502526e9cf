import type { DisplayRegisters } from '../display-state.js';
import { Attr, AttrMode, Crtc, MaxScanLine, Seq, Underline } from '../vga/registers.js';
import { rowBands, type RowBand } from './crt-address.js';
import type { Palette } from './palette.js';
import type { Renderer, Target } from './renderer.js';
import type { ScreenMode } from './screen-mode.js';
import { TextCells } from './text-screen.js';

export type TextMode = Extract<ScreenMode, { kind: 'text' }>;

const GLYPHS = 256;
const GLYPH_ROWS = 32;
const FONT_BYTES = GLYPHS * GLYPH_ROWS;
const PLANE_2 = 2;

/** What a cell looks like, in one word: character, attribute and these. */
const CELL_CURSOR = 1 << 16;
const CELL_BLINKED_OUT = 1 << 17;
const ATTRIBUTE_BLINK = 0x80 << 8;

/** How glyphs become dots, as far as registers say; a change repaints the screen. */
interface Style {
  readonly blink: boolean;
  readonly lineGraphics: boolean;
  readonly underline: number;
  readonly cursorFirst: number;
  readonly cursorLast: number;
  readonly doubleScan: boolean;
}

/**
 * Alphanumeric modes. Remembers what each cell looked like and paints only cells that look different; fonts live in
 * plane 2 and are compared too, since guests load them while the screen is on.
 */
export class TextRenderer implements Renderer {
  private readonly cells: TextCells;
  private shown: Int32Array;
  private layout = '';
  private style: Style;
  private readonly fonts = [new Uint8Array(FONT_BYTES), new Uint8Array(FONT_BYTES)] as const;

  constructor(
    private readonly mode: TextMode,
    private readonly videoMemory: Uint8Array,
    private readonly registers: DisplayRegisters,
    private readonly palette: Palette,
  ) {
    this.cells = new TextCells(videoMemory, registers);
    this.shown = new Int32Array(0);
    this.style = textStyle(registers);
  }

  render(target: Target, repaint: boolean): void {
    this.cells.update();
    const bands = rowBands(this.registers, this.mode.height);
    const restyled = [this.fontsChanged(), this.styleChanged(), this.layoutChanged(bands)].includes(true);
    const cursor = this.cursorCounter(target.cursorOn);
    // One column more than fits: panning shifts it in.
    const columns = this.mode.columns + 1;
    bands.forEach((band, row) => {
      for (let column = 0; column < columns; column++) {
        const look = this.lookOf(band, column, cursor, target.blinkOn);
        const index = row * columns + column;
        if (look === this.shown[index] && !restyled && !repaint) continue;
        this.shown[index] = look;
        this.paint(target, band, column * this.mode.cellWidth - band.pan, look);
      }
    });
  }

  private lookOf(band: RowBand, column: number, cursor: number, blinkOn: boolean): number {
    let look = this.cells.at(band, column);
    if (this.style.blink && !blinkOn && look & ATTRIBUTE_BLINK) look |= CELL_BLINKED_OUT;
    if (((band.counter + column) & 0xffff) === cursor) look |= CELL_CURSOR;
    return look;
  }

  /** Address counter of the cell under the cursor, -1 while it does not show. */
  private cursorCounter(on: boolean): number {
    const { crtc } = this.registers;
    if (!on || crtc[Crtc.cursorStart]! & 0x20) return -1;
    const skew = (crtc[Crtc.cursorEnd]! >> 5) & 3;
    return (((crtc[Crtc.cursorHigh]! << 8) | crtc[Crtc.cursorLow]!) + skew) & 0xffff;
  }

  private styleChanged(): boolean {
    const style = textStyle(this.registers);
    const same = (Object.keys(style) as (keyof Style)[]).every((key) => style[key] === this.style[key]);
    this.style = style;
    return !same;
  }

  private layoutChanged(bands: readonly RowBand[]): boolean {
    const layout = bands.map((b) => `${b.y},${b.height},${b.firstScan},${b.pan}`).join(';');
    if (layout === this.layout) return false;
    this.layout = layout;
    this.shown = new Int32Array(bands.length * (this.mode.columns + 1));
    return true;
  }

  private fontsChanged(): boolean {
    const select = this.registers.sequencer[Seq.characterMap]!;
    const mapB = ((select >> 2) & 4) | (select & 3);
    const mapA = ((select >> 3) & 4) | ((select >> 2) & 3);
    const changedB = this.loadFont(this.fonts[0], mapB);
    const changedA = this.loadFont(this.fonts[1], mapA);
    return changedA || changedB;
  }

  private loadFont(font: Uint8Array, map: number): boolean {
    const base = ((map & 3) << 14) | ((map & 4) << 11);
    const memory = this.videoMemory;
    let changed = false;
    for (let i = 0, at = base * 4 + PLANE_2; i < FONT_BYTES; i++, at += 4) {
      const rows = memory[at]!;
      if (font[i] === rows) continue;
      font[i] = rows;
      changed = true;
    }
    return changed;
  }

  private paint(target: Target, band: RowBand, x: number, look: number): void {
    const { style } = this;
    const attribute = (look >> 8) & 0xff;
    const background = this.palette.colors16[style.blink ? (attribute >> 4) & 7 : attribute >> 4]!;
    const foreground = look & CELL_BLINKED_OUT ? background : this.palette.colors16[attribute & 15]!;
    const font = this.fonts[attribute & 8 ? 1 : 0];
    const glyph = (look & 0xff) * GLYPH_ROWS;
    const ninth = style.lineGraphics && (look & 0xe0) === 0xc0;
    const underline = (attribute & 7) === 1 ? style.underline : -1;
    for (let line = 0; line < band.height; line++) {
      const scan = style.doubleScan ? (band.firstScan + line) >> 1 : band.firstScan + line;
      const solid = scan === underline || (look & CELL_CURSOR && scan >= style.cursorFirst && scan <= style.cursorLast);
      const dots = solid ? 0x1ff : (font[glyph + scan]! << 1) | (ninth ? font[glyph + scan]! & 1 : 0);
      this.paintDots(target, x, band.y + line, dots, foreground, background);
    }
    target.changed.markRect(x, band.y, this.mode.cellWidth, band.height);
  }

  /** @param dots nine dots, the leftmost in bit 8 */
  private paintDots(
    { frame }: Target,
    x: number,
    y: number,
    dots: number,
    foreground: number,
    background: number,
  ): void {
    const { cellWidth, width } = this.mode;
    const doubled = cellWidth > 9 ? 1 : 0;
    const base = y * width;
    for (let i = Math.max(0, -x); i < cellWidth && x + i < width; i++) {
      frame.pixels[base + x + i] = (dots >> (8 - (i >> doubled))) & 1 ? foreground : background;
    }
  }
}

function textStyle({ crtc, attribute }: DisplayRegisters): Style {
  const mode = attribute[Attr.mode]!;
  return {
    blink: (mode & AttrMode.blink) !== 0,
    lineGraphics: (mode & AttrMode.lineGraphics) !== 0,
    underline: crtc[Crtc.underline]! & Underline.location,
    cursorFirst: crtc[Crtc.cursorStart]! & 0x1f,
    cursorLast: crtc[Crtc.cursorEnd]! & 0x1f,
    doubleScan: (crtc[Crtc.maxScanLine]! & MaxScanLine.doubleScan) !== 0,
  };
}
