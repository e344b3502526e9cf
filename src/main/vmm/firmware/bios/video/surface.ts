import type { AddressSpace } from '../address-space.js';
import { bytesPerLine, type VideoMode } from './modes.js';
import type { VgaRegisters } from './vga-registers.js';

/** Where a character cell is. */
export interface Cell {
  readonly page: number;
  readonly column: number;
  readonly row: number;
}

/** A rectangle of cells, both corners inclusive. */
export interface CellWindow {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** One mode's way to put characters and pixels into video memory. */
export interface Surface {
  putCharacter(cell: Cell, character: number, attribute: number): void;
  /** Character in the low byte, attribute (0 in graphics) in the high byte. */
  readCharacter(cell: Cell): number;
  /** Moves a window's rows up (positive) or down and fills what becomes free. */
  scroll(page: number, window: CellWindow, rows: number, attribute: number): void;
  /** `colour` bit 7: exclusive-or (not in mode 13h). */
  putPixel(page: number, x: number, y: number, colour: number): void;
  readPixel(page: number, x: number, y: number): number;
}

/** The parts of the data area's geometry a surface follows, since programs change them (43- and 50-line text). */
export interface Geometry {
  readonly columns: number;
  readonly pageBytes: number;
  readonly characterHeight: number;
}

/** Rows of a window in the order in which they can be copied `rows` up or down without overwriting what is still needed. */
export function* scrolledRows(window: CellWindow, rows: number): Generator<{ to: number; from: number | undefined }> {
  const { top, bottom } = window;
  const step = rows >= 0 ? 1 : -1;
  for (let to = step > 0 ? top : bottom; to >= top && to <= bottom; to += step) {
    const from = to + rows;
    yield { to, from: from >= top && from <= bottom ? from : undefined };
  }
}

/** Text modes: a word a cell. */
export class TextSurface implements Surface {
  constructor(
    private readonly memory: AddressSpace,
    private readonly mode: VideoMode,
    private readonly geometry: Geometry,
  ) {}

  putCharacter(cell: Cell, character: number, attribute: number): void {
    this.memory.write16(this.address(cell), character | (attribute << 8));
  }

  readCharacter(cell: Cell): number {
    return this.memory.read16(this.address(cell));
  }

  scroll(page: number, window: CellWindow, rows: number, attribute: number): void {
    const width = (window.right - window.left + 1) * 2;
    for (const { to, from } of scrolledRows(window, rows)) {
      const target = this.address({ page, column: window.left, row: to });
      if (from === undefined) {
        for (let i = 0; i < width; i += 2) this.memory.write16(target + i, 0x20 | (attribute << 8));
      } else {
        const source = this.address({ page, column: window.left, row: from });
        this.memory.writeBytes(target, this.memory.readBytes(source, width));
      }
    }
  }

  putPixel(): void {}

  readPixel(): number {
    return 0;
  }

  private address({ page, column, row }: Cell): number {
    const offset = page * this.geometry.pageBytes + (row * this.geometry.columns + column) * 2;
    return this.mode.base + (offset & 0x7fff);
  }
}

/** The glyph source of graphics modes: INT 43h's table, and INT 1Fh's for the upper half in 8-line CGA modes. */
export interface GlyphSource {
  row(character: number, line: number): number;
}

/** What all graphics modes share: characters are drawn from glyph rows, pixel by pixel or eight at a time. */
abstract class GraphicsSurface implements Surface {
  protected readonly stride: number;

  constructor(
    protected readonly memory: AddressSpace,
    protected readonly mode: VideoMode,
    protected readonly geometry: Geometry,
    private readonly glyphs: GlyphSource,
  ) {
    this.stride = bytesPerLine(mode);
  }

  putCharacter({ page, column, row }: Cell, character: number, colour: number): void {
    const height = this.geometry.characterHeight;
    for (let line = 0; line < height; line++) {
      this.drawRow(page, column, row * height + line, this.glyphs.row(character, line), colour);
    }
  }

  readCharacter({ page, column, row }: Cell): number {
    const height = this.geometry.characterHeight;
    const rows = Array.from({ length: height }, (_, line) => this.readRow(page, column, row * height + line));
    for (let character = 0; character < 256; character++) {
      if (rows.every((bits, line) => bits === this.glyphs.row(character, line))) return character;
    }
    return 0;
  }

  scroll(page: number, window: CellWindow, rows: number, attribute: number): void {
    const height = this.geometry.characterHeight;
    for (const { to, from } of scrolledRows(window, rows)) {
      for (let line = 0; line < height; line++) {
        const target = to * height + line;
        if (from === undefined) this.fillRow(page, window, target, attribute);
        else this.copyRow(page, window, target, from * height + line);
      }
    }
  }

  abstract putPixel(page: number, x: number, y: number, colour: number): void;
  abstract readPixel(page: number, x: number, y: number): number;
  protected abstract copyRow(page: number, window: CellWindow, to: number, from: number): void;

  protected drawRow(page: number, column: number, y: number, bits: number, colour: number): void {
    const exclusiveOr = colour & 0x80;
    for (let bit = 0; bit < 8; bit++) {
      const on = (bits & (0x80 >> bit)) !== 0;
      if (on) this.putPixel(page, column * 8 + bit, y, colour);
      else if (!exclusiveOr) this.putPixel(page, column * 8 + bit, y, 0);
    }
  }

  private readRow(page: number, column: number, y: number): number {
    let bits = 0;
    for (let bit = 0; bit < 8; bit++) bits |= this.readPixel(page, column * 8 + bit, y) ? 0x80 >> bit : 0;
    return bits;
  }

  private fillRow(page: number, window: CellWindow, y: number, colour: number): void {
    for (let column = window.left; column <= window.right; column++) this.drawRow(page, column, y, 0xff, colour & 0x7f);
  }
}

/** CGA modes: two interleaved banks of lines, 2 bits or 1 bit a pixel. */
export class CgaSurface extends GraphicsSurface {
  private get bits(): number {
    return this.mode.kind === 'cga4' ? 2 : 1;
  }

  putPixel(_page: number, x: number, y: number, colour: number): void {
    const { address, shift, mask } = this.locate(x, y);
    const old = this.memory.read8(address);
    const value = (colour & mask) << shift;
    this.memory.write8(address, colour & 0x80 ? old ^ value : (old & ~(mask << shift)) | value);
  }

  readPixel(_page: number, x: number, y: number): number {
    const { address, shift, mask } = this.locate(x, y);
    return (this.memory.read8(address) >> shift) & mask;
  }

  protected copyRow(_page: number, window: CellWindow, to: number, from: number): void {
    const width = (window.right - window.left + 1) * this.bits;
    const start = window.left * this.bits;
    this.memory.writeBytes(this.line(to) + start, this.memory.readBytes(this.line(from) + start, width));
  }

  private line(y: number): number {
    return this.mode.base + (y & 1) * 0x2000 + (y >> 1) * 80;
  }

  private locate(x: number, y: number): { address: number; shift: number; mask: number } {
    const perByte = 8 / this.bits;
    const shift = (perByte - 1 - (x % perByte)) * this.bits;
    return { address: this.line(y) + Math.floor(x / perByte), shift, mask: (1 << this.bits) - 1 };
  }
}

/** Mode 13h: a byte a pixel. */
export class PackedSurface extends GraphicsSurface {
  putPixel(_page: number, x: number, y: number, colour: number): void {
    this.memory.write8(this.mode.base + y * this.stride + x, colour);
  }

  readPixel(_page: number, x: number, y: number): number {
    return this.memory.read8(this.mode.base + y * this.stride + x);
  }

  protected copyRow(_page: number, window: CellWindow, to: number, from: number): void {
    const width = (window.right - window.left + 1) * 8;
    const start = this.mode.base + window.left * 8;
    this.memory.writeBytes(start + to * this.stride, this.memory.readBytes(start + from * this.stride, width));
  }
}

/** EGA/VGA 16-colour modes: four planes behind one address. Leaves the graphics controller as a mode set does. */
export class PlanarSurface extends GraphicsSurface {
  constructor(
    memory: AddressSpace,
    mode: VideoMode,
    geometry: Geometry,
    glyphs: GlyphSource,
    private readonly vga: VgaRegisters,
  ) {
    super(memory, mode, geometry, glyphs);
  }

  putPixel(page: number, x: number, y: number, colour: number): void {
    this.writeMasked(this.line(page, y) + (x >> 3), 0x80 >> (x & 7), colour);
  }

  readPixel(page: number, x: number, y: number): number {
    const address = this.line(page, y) + (x >> 3);
    let colour = 0;
    for (let plane = 0; plane < 4; plane++) {
      this.vga.graphics(4, plane);
      if (this.memory.read8(address) & (0x80 >> (x & 7))) colour |= 1 << plane;
    }
    this.vga.graphics(4, 0);
    return colour;
  }

  protected override drawRow(page: number, column: number, y: number, bits: number, colour: number): void {
    const address = this.line(page, y) + column;
    if (!(colour & 0x80)) this.writeMasked(address, ~bits & 0xff, 0);
    this.writeMasked(address, bits, colour);
  }

  protected copyRow(page: number, window: CellWindow, to: number, from: number): void {
    this.vga.graphics(5, 1); // write mode 1: latches
    for (let column = window.left; column <= window.right; column++) {
      this.memory.read8(this.line(page, from) + column);
      this.memory.write8(this.line(page, to) + column, 0);
    }
    this.vga.graphics(5, 0);
  }

  /** Write mode 2: the byte is a colour, the bit mask says which pixels take it. */
  private writeMasked(address: number, mask: number, colour: number): void {
    if (mask === 0) return;
    this.vga.graphics(5, 2);
    this.vga.graphics(3, colour & 0x80 ? 0x18 : 0);
    this.vga.graphics(8, mask);
    this.memory.read8(address);
    this.memory.write8(address, colour & 0x0f);
    this.vga.graphics(8, 0xff);
    this.vga.graphics(3, 0);
    this.vga.graphics(5, 0);
  }

  private line(page: number, y: number): number {
    return this.mode.base + page * this.geometry.pageBytes + y * this.stride;
  }
}
