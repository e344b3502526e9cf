import { SCAN_OUT_BYTES } from '../display-source.js';
import { BLACK, type Frame } from './frame.js';
import { TileMap } from './tile-map.js';

/** Layout of scan-out's part of the machine's memory: tile map, palette, colour components, picture. */
const PALETTE = 0x1_0000;
const COMPONENTS = 0x1_0400;
const PIXELS = 0x2_0000;
const PALETTE_ENTRIES = 256;
const COMPONENT_BYTES = 48;

/** The picture and its tile map, where both the compiled loops and the renderers reach them. */
export class PictureMemory {
  /** RGBX words by DAC entry. */
  readonly palette: Int32Array;
  /** Red, green and blue of the 16 attributes, 16 bytes each. */
  readonly components: Uint8Array;
  private readonly bytes: Uint8Array;

  constructor(
    readonly buffer: ArrayBufferLike,
    private readonly offset: number,
  ) {
    this.bytes = new Uint8Array(buffer, offset, SCAN_OUT_BYTES);
    this.palette = new Int32Array(buffer, offset + PALETTE, PALETTE_ENTRIES);
    this.components = new Uint8Array(buffer, offset + COMPONENTS, COMPONENT_BYTES);
  }

  /** Host offsets. */
  get tilesOffset(): number {
    return this.offset;
  }

  get paletteOffset(): number {
    return this.offset + PALETTE;
  }

  get componentsOffset(): number {
    return this.offset + COMPONENTS;
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
