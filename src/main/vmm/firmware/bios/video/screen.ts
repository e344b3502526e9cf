import { CODE_SEGMENT, type BiosRom } from '../../rom/bios-rom.js';
import type { AddressSpace } from '../address-space.js';
import { BDA } from '../data-area.js';
import { loadGlyphs } from './fonts.js';
import { videoMode, type VideoMode } from './modes.js';
import { palette, toGrey } from './palettes.js';
import {
  CgaSurface,
  PackedSurface,
  PlanarSurface,
  TextSurface,
  type Cell,
  type GlyphSource,
  type Surface,
} from './surface.js';
import type { VgaRegisters } from './vga-registers.js';

const VECTOR_UPPER_GLYPHS = 0x1f * 4;
const VECTOR_GLYPHS = 0x43 * 4;
const BLANK = 0x20;
const DEFAULT_ATTRIBUTE = 0x07;

/** BDA 40:89h (video flags): bit 0 VGA active, 1 grey summing, 3 palette loading off. */
const FLAG_GREY_SUMMING = 0x02;
const FLAG_KEEP_PALETTE = 0x08;

/** Fonts by glyph height, as far addresses in the ROM. */
const FONT_LABELS = { 8: 'font8', 14: 'font14', 16: 'font16' } as const;
export type FontHeight = keyof typeof FONT_LABELS;

/** The screen as the data area describes it: mode, pages, cursor. All state is the guest's own memory and the VGA. */
export class Screen {
  constructor(
    readonly memory: AddressSpace,
    readonly vga: VgaRegisters,
    private readonly rom: BiosRom,
  ) {}

  /** Current mode number without the don't-clear bit. */
  get modeNumber(): number {
    return this.memory.read8(BDA.videoMode) & 0x7f;
  }

  get mode(): VideoMode | undefined {
    return videoMode(this.modeNumber);
  }

  get columns(): number {
    return Math.min(this.memory.read16(BDA.videoColumns) || 80, 255);
  }

  get rows(): number {
    return this.memory.read8(BDA.videoRows) + 1;
  }

  get characterHeight(): number {
    return Math.min(this.memory.read8(BDA.characterHeight) || 16, 32);
  }

  get pageBytes(): number {
    return this.memory.read16(BDA.videoPageBytes);
  }

  get activePage(): number {
    return this.memory.read8(BDA.videoPage) & 7;
  }

  get isText(): boolean {
    return this.mode?.kind === 'text';
  }

  /** How the current mode draws; `undefined` in a mode of VBE's. */
  get surface(): Surface | undefined {
    const { mode } = this;
    if (!mode) return undefined;
    const geometry = { columns: this.columns, pageBytes: this.pageBytes, characterHeight: this.characterHeight };
    switch (mode.kind) {
      case 'text':
        return new TextSurface(this.memory, mode, geometry);
      case 'cga4':
      case 'cga2':
        return new CgaSurface(this.memory, mode, geometry, this.glyphs(mode));
      case 'packed256':
        return new PackedSurface(this.memory, mode, geometry, this.glyphs(mode));
      case 'planar':
        return new PlanarSurface(this.memory, mode, geometry, this.glyphs(mode), this.vga);
    }
  }

  /**
   * Sets a standard mode; bit 7 keeps video memory.
   * @returns whether there is such a mode
   */
  setMode(request: number): boolean {
    const mode = videoMode(request & 0x7f);
    if (!mode) return false;
    this.vga.sequencer(1, this.vga.readSequencer(1) | 0x20);
    this.programRegisters(mode);
    if (!(this.memory.read8(BDA.videoFlags) & FLAG_KEEP_PALETTE)) this.loadPalette(mode);
    this.describe(mode, request);
    if (!(request & 0x80)) this.clearMemory(mode);
    if (mode.kind === 'text') this.loadRomFont(16, 0);
    else this.useGlyphs(mode.characterHeight as FontHeight);
    this.setCursorShape(mode.characterHeight === 16 ? 0x0607 : 0x0000);
    this.vga.sequencer(1, mode.sequencer[0]!);
    return true;
  }

  cursor(page: number): { column: number; row: number } {
    const position = this.memory.read16(BDA.cursorPositions + (page & 7) * 2);
    return { column: position & 0xff, row: position >> 8 };
  }

  setCursor(page: number, column: number, row: number): void {
    this.memory.write16(BDA.cursorPositions + (page & 7) * 2, (column & 0xff) | ((row & 0xff) << 8));
    if ((page & 7) === this.activePage) this.showCursor();
  }

  /** CH start and CL end scan line of an 8-line cell, scaled to the real one unless emulation is off. */
  setCursorShape(shape: number): void {
    this.memory.write16(BDA.cursorShape, shape);
    const height = this.characterHeight;
    const emulate = !(this.memory.read8(BDA.videoControl) & 1) && this.isText && height > 8;
    const scaled = emulate ? scaleCursor(shape, height) : shape;
    this.vga.crtc(0x0a, scaled >> 8);
    this.vga.crtc(0x0b, scaled & 0xff);
  }

  setActivePage(page: number): void {
    const start = (page & 7) * this.pageBytes;
    this.memory.write8(BDA.videoPage, page & 7);
    this.memory.write16(BDA.videoPageStart, start);
    const address = this.isText ? start >> 1 : start;
    this.vga.crtc(0x0c, address >> 8);
    this.vga.crtc(0x0d, address & 0xff);
    this.showCursor();
  }

  /** Writes as a teletype on a page: bell, backspace, line feed and carriage return act, the screen scrolls. */
  teletype(page: number, character: number, attribute?: number): void {
    const { surface } = this;
    if (!surface) return;
    let { column, row } = this.cursor(page);
    switch (character) {
      case 0x07:
        return;
      case 0x08:
        column = Math.max(0, column - 1);
        break;
      case 0x0a:
        row++;
        break;
      case 0x0d:
        column = 0;
        break;
      default:
        this.put(surface, { page, column, row }, character, attribute);
        column++;
    }
    if (column >= this.columns) {
      column = 0;
      row++;
    }
    if (row >= this.rows) {
      row = this.rows - 1;
      this.scrollPage(surface, page, row);
    }
    this.setCursor(page, column, row);
  }

  /** Glyph height's table becomes INT 43h's. */
  useGlyphs(height: FontHeight): void {
    this.setGlyphVector(VECTOR_GLYPHS, this.fontAddress(height));
    if (height === 8) this.setGlyphVector(VECTOR_UPPER_GLYPHS, this.upperFont8);
  }

  fontAddress(height: FontHeight): number {
    return this.rom.address(FONT_LABELS[height]);
  }

  /** Far pointer to the static functionality table. */
  get functionalityPointer(): number {
    return farPointer(this.rom.address('videoFunctionality'));
  }

  /** Linear address of the 8×8 glyphs 128–255. */
  get upperFont8(): number {
    return this.fontAddress(8) + 128 * 8;
  }

  loadRomFont(height: FontHeight, block: number): void {
    const bytes = this.memory.readBytes(this.fontAddress(height), 256 * height);
    loadGlyphs(this.memory, this.vga, { bytes, height, first: 0 }, block);
  }

  /** After another font was loaded: character height, rows and page size follow from the mode's scan lines. */
  setCharacterHeight(height: number): void {
    const scanLines = this.verticalPixels();
    this.vga.crtc(0x09, (this.vga.readCrtc(0x09) & 0xe0) | (height - 1));
    const rows = Math.max(1, Math.floor(scanLines / height));
    const end = rows * height - 1;
    this.vga.crtc(0x12, end & 0xff);
    this.memory.write8(BDA.videoRows, rows - 1);
    this.memory.write16(BDA.characterHeight, height);
    this.memory.write16(BDA.videoPageBytes, this.columns * rows * 2 + 256 - ((this.columns * rows * 2) % 256));
    this.setCursorShape(this.memory.read16(BDA.cursorShape));
  }

  /** Visible scan lines the CRTC is programmed for. */
  private verticalPixels(): number {
    const overflow = this.vga.readCrtc(0x07);
    const end = this.vga.readCrtc(0x12) | ((overflow & 0x02) << 7) | ((overflow & 0x40) << 3);
    return this.vga.readCrtc(0x09) & 0x80 ? (end + 1) >> 1 : end + 1;
  }

  private put(surface: Surface, cell: Cell, character: number, attribute: number | undefined): void {
    const colour = attribute ?? (this.isText ? surface.readCharacter(cell) >> 8 : DEFAULT_ATTRIBUTE);
    surface.putCharacter(cell, character, colour);
  }

  private scrollPage(surface: Surface, page: number, lastRow: number): void {
    const attribute = this.isText ? surface.readCharacter({ page, column: 0, row: lastRow }) >> 8 : 0;
    surface.scroll(page, { left: 0, top: 0, right: this.columns - 1, bottom: lastRow }, 1, attribute);
  }

  private showCursor(): void {
    const { column, row } = this.cursor(this.activePage);
    const address = (this.memory.read16(BDA.videoPageStart) >> 1) + row * this.columns + column;
    this.vga.crtc(0x0e, (address >> 8) & 0xff);
    this.vga.crtc(0x0f, address & 0xff);
  }

  private programRegisters(mode: VideoMode): void {
    const { vga } = this;
    vga.misc = mode.misc;
    vga.sequencer(0, 0x01);
    mode.sequencer.slice(1).forEach((value, i) => vga.sequencer(i + 2, value));
    vga.sequencer(0, 0x03);
    vga.crtc(0x11, mode.crtc[0x11]! & 0x7f); // unlocks registers 0–7
    mode.crtc.forEach((value, index) => vga.crtc(index, value));
    mode.graphics.forEach((value, index) => vga.graphics(index, value));
    mode.attribute.forEach((value, index) => vga.attribute(index, value));
    vga.attribute(0x14, 0);
    vga.setPelMask(0xff);
  }

  private loadPalette(mode: VideoMode): void {
    const summing = this.memory.read8(BDA.videoFlags) & FLAG_GREY_SUMMING;
    palette(mode.palette).forEach((rgb, index) => this.vga.setColour(index, summing ? toGrey(rgb) : rgb));
  }

  private describe(mode: VideoMode, request: number): void {
    const { memory } = this;
    memory.write8(BDA.videoMode, mode.number);
    memory.write16(BDA.videoColumns, mode.columns);
    memory.write16(BDA.videoPageBytes, mode.pageBytes);
    memory.write16(BDA.videoPageStart, 0);
    for (let page = 0; page < 8; page++) memory.write16(BDA.cursorPositions + page * 2, 0);
    memory.write8(BDA.videoPage, 0);
    memory.write16(BDA.crtcPort, this.vga.crtcPort);
    memory.write8(BDA.videoRows, mode.rows - 1);
    memory.write16(BDA.characterHeight, mode.characterHeight);
    memory.write8(BDA.videoControl, 0x60 | (request & 0x80));
    memory.write8(BDA.videoSwitches, 0xf9);
    memory.write8(BDA.videoFlags, (memory.read8(BDA.videoFlags) & 0x7f) | 0x01);
    memory.write8(BDA.displayCombination, 0x08);
    memory.write8(BDA.videoModeControl, mode.number === 6 ? 0x1e : 0x29);
    memory.write8(BDA.videoPalette, 0x30);
  }

  private clearMemory(mode: VideoMode): void {
    if (mode.kind === 'text') {
      for (let at = 0; at < 0x8000; at += 2) this.memory.write16(mode.base + at, BLANK | (DEFAULT_ATTRIBUTE << 8));
    } else {
      const bytes = mode.base === 0xb_8000 ? 0x4000 : 0x1_0000;
      this.memory.fill(mode.base, bytes, 0);
    }
  }

  private setGlyphVector(vector: number, address: number): void {
    this.memory.write32(vector, farPointer(address));
  }

  private glyphs(mode: VideoMode): GlyphSource {
    const height = this.characterHeight;
    const table = this.farAddress(VECTOR_GLYPHS);
    const upper = mode.base === 0xb_8000 ? this.farAddress(VECTOR_UPPER_GLYPHS) : table + 128 * height;
    return {
      row: (character, line) => {
        const start = character < 128 ? table + character * height : upper + (character - 128) * height;
        return this.memory.read8(start + line);
      },
    };
  }

  private farAddress(pointer: number): number {
    return this.memory.read16(pointer) + (this.memory.read16(pointer + 2) << 4);
  }
}

/** A place in the ROM as segment:offset. */
const farPointer = (address: number): number => ((CODE_SEGMENT << 16) | (address & 0xffff)) >>> 0;

/** Scales a cursor given for an 8-line cell: near the bottom it stays as far from it, elsewhere proportionally. */
function scaleCursor(shape: number, height: number): number {
  const start = (shape >> 8) & 0x3f;
  const end = shape & 0x1f;
  if (start & 0x20 || end > 8 || start > 8) return shape;
  const scaledEnd = end >= 6 ? height - 8 + end - 1 : Math.floor(((end + 1) * height) / 8) - 1;
  const scaledStart = end === start + 1 ? scaledEnd - 1 : Math.floor((start * height) / 8);
  return (scaledStart << 8) | scaledEnd;
}
