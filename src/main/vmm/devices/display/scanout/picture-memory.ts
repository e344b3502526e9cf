import { SCAN_OUT_BYTES } from '../display-source.js';
import { BLACK, type Frame } from './frame.js';
import { TileMap } from './tile-map.js';

/** Layout of scan-out's part of the machine's memory: tile map, palette, picture. */
const PALETTE = 0x1_0000;
const PIXELS = 0x2_0000;
const PALETTE_ENTRIES = 256;

/** The picture and its tile map, where both the compiled loops and the renderers reach them. */
export class PictureMemory {
  /** RGBX words by DAC entry. */
  readonly palette: Int32Array;
  private readonly bytes: Uint8Array;

  constructor(
    private readonly buffer: ArrayBufferLike,
    private readonly offset: number,
  ) {
    this.bytes = new Uint8Array(buffer, offset, SCAN_OUT_BYTES);
    this.palette = new Int32Array(buffer, offset + PALETTE, PALETTE_ENTRIES);
  }

  /** Host offsets. */
  get tilesOffset(): number {
    return this.offset;
  }

  get paletteOffset(): number {
    return this.offset + PALETTE;
  }

  get pixelsOffset(): number {
    return this.offset + PIXELS;
  }

  /** A black picture; takes the place of the one before. */
  frame(width: number, height: number): Frame {
    const pixels = new Uint32Array(this.buffer, this.pixelsOffset, width * height).fill(BLACK);
    return { width, height, pixels };
  }

  /** An empty map of the picture's tiles; takes the place of the one before. */
  tileMap(width: number, height: number): TileMap {
    return new TileMap(width, height, this.bytes.subarray(0, PALETTE).fill(0));
  }
}
