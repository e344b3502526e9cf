import type { MemorySegment } from '../../../memory/guest-memory.js';
import type { DisplayRegisters } from '../display-state.js';
import type { ScanKernel } from '../kernel/scan-kernel.js';
import { PLANAR_BYTES } from '../vga/planar-memory.js';
import { CrtAddress, rowBands, rowScanOf, type RowBand } from './crt-address.js';
import type { Palette } from './palette.js';
import type { PictureMemory } from './picture-memory.js';
import type { Renderer, Target } from './renderer.js';
import type { ScreenMode } from './screen-mode.js';
import { TILE } from './tile-map.js';

export type PlanarMode = Extract<ScreenMode, { kind: 'planar' }>;

/** A plane's byte → eight nibbles with the bit in their lowest place, leftmost pixel in the lowest nibble. */
const SPREAD = Int32Array.from({ length: 256 }, (_, byte) => {
  let word = 0;
  for (let pixel = 0; pixel < 8; pixel++) word |= ((byte >> (7 - pixel)) & 1) << (pixel * 4);
  return word;
});

/**
 * Graphics modes that go through the VGA's serializers: 16 colours in planes, 4 colours interleaved (CGA) and 256
 * colours (13h, mode X). Each scan line is made anew and compared with the picture; equal successive lines are made once.
 * Lines of 16 colours that lie in a row and are not panned, which is nearly all, go through the compiled loop.
 */
export class PlanarRenderer implements Renderer {
  private readonly words: Int32Array;
  private readonly address = new CrtAddress();
  private readonly line: Int32Array;

  constructor(
    readonly mode: PlanarMode,
    private readonly videoMemory: MemorySegment,
    private readonly registers: DisplayRegisters,
    private readonly palette: Palette,
    private readonly picture: PictureMemory,
    private readonly kernel: ScanKernel,
  ) {
    this.words = new Int32Array(picture.buffer, videoMemory.offset, PLANAR_BYTES >> 2);
    // One character more than fits: panning shifts it in.
    this.line = new Int32Array((mode.columns + 1) * (mode.width / mode.columns));
  }

  render(target: Target): void {
    this.address.update(this.registers);
    this.splitColors();
    for (const band of rowBands(this.registers, this.mode.height)) this.renderBand(target, band);
    target.changed.recount();
  }

  private splitColors(): void {
    const { components } = this.picture;
    this.palette.colors16.forEach((color, i) => {
      components[i] = color;
      components[16 + i] = color >> 8;
      components[32 + i] = color >> 16;
    });
  }

  private renderBand(target: Target, band: RowBand): void {
    let shownOffset = -1;
    for (let i = 0; i < band.height; i++) {
      const rowScan = rowScanOf(this.registers, band, i);
      const offset = this.address.planeOffset(band.counter, rowScan);
      if (this.isPlain(band, offset, rowScan)) {
        this.scanLine(offset, band.y + i);
        continue;
      }
      if (offset !== shownOffset) this.makeLine(band.counter, rowScan);
      shownOffset = offset;
      this.put(target, band.y + i, band.pan);
    }
  }

  /** Whether a line's words follow each other, one dot to a pixel and none panned away. */
  private isPlain(band: RowBand, offset: number, rowScan: number): boolean {
    const { pixels, dots, columns, width } = this.mode;
    if (pixels !== '16-colors' || dots !== 1 || width !== columns * 8 || band.pan !== 0) return false;
    return this.address.steps && this.address.planeOffset(band.counter + columns - 1, rowScan) === offset + columns - 1;
  }

  private scanLine(offset: number, y: number): void {
    const { width, columns } = this.mode;
    this.kernel.scanPlanes({
      source: this.videoMemory.offset + offset * 4,
      columns,
      target: this.picture.pixelsOffset + y * width * 4,
      tile: this.picture.tilesOffset + Math.floor(y / TILE) * Math.ceil(width / TILE),
      components: this.picture.componentsOffset,
    });
  }

  private makeLine(counter: number, rowScan: number): void {
    const { columns, pixels, dots, width } = this.mode;
    const columnDots = width / columns;
    for (let column = 0; column <= columns; column++) {
      const data = this.words[this.address.planeOffset(counter + column, rowScan)]!;
      if (pixels === '256-colors') this.put256(data, column * columnDots, dots);
      else this.put16(pixels === '4-colors' ? interleaved(data) : planes(data), column * columnDots, dots);
    }
  }

  private put16(nibbles: number, at: number, dots: number): void {
    const { line } = this;
    const { colors16 } = this.palette;
    for (let shift = 0; shift < 32; shift += 4) {
      const color = colors16[(nibbles >>> shift) & 15]!;
      for (let i = 0; i < dots; i++) line[at++] = color;
    }
  }

  private put256(data: number, at: number, dots: number): void {
    const { line } = this;
    const { colors256 } = this.palette;
    for (let shift = 0; shift < 32; shift += 8) {
      const color = colors256[(data >>> shift) & 0xff]!;
      for (let i = 0; i < dots; i++) line[at++] = color;
    }
  }

  /** Copies the line into the picture where it differs. */
  private put({ frame, changed }: Target, y: number, pan: number): void {
    const { width } = this.mode;
    const pixels = frame.pixels;
    const line = this.line;
    const base = y * width;
    for (let x = 0; x < width; x += TILE) {
      const end = Math.min(x + TILE, width);
      let differs = 0;
      for (let i = x; i < end; i++) differs |= pixels[base + i]! ^ line[i + pan]!;
      if (differs === 0) continue;
      for (let i = x; i < end; i++) pixels[base + i] = line[i + pan]!;
      changed.mark(x / TILE, Math.floor(y / TILE));
    }
  }
}

/** Eight pixels of one bit from each plane. */
function planes(data: number): number {
  return (
    SPREAD[data & 0xff]! |
    (SPREAD[(data >>> 8) & 0xff]! << 1) |
    (SPREAD[(data >>> 16) & 0xff]! << 2) |
    (SPREAD[data >>> 24]! << 3)
  );
}

/** Shift-register interleave: four pixels of two bits from planes 0 and 2, then four from 1 and 3. */
function interleaved(data: number): number {
  return pairs(data & 0xff, (data >>> 16) & 0xff) | (pairs((data >>> 8) & 0xff, data >>> 24) << 16);
}

function pairs(low: number, high: number): number {
  let word = 0;
  for (let pixel = 0; pixel < 4; pixel++) {
    const shift = 6 - pixel * 2;
    word |= (((low >> shift) & 3) | (((high >> shift) & 3) << 2)) << (pixel * 4);
  }
  return word;
}
