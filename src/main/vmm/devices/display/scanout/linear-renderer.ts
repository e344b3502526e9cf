import type { Palette } from './palette.js';
import type { Renderer, Target } from './renderer.js';
import { OPAQUE } from './frame.js';
import type { LinearDepth, ScreenMode } from './screen-mode.js';
import { TILE } from './tile-map.js';

export type LinearMode = Extract<ScreenMode, { kind: 'linear' }>;

const BYTES_PER_PIXEL: Readonly<Record<LinearDepth, number>> = { 8: 1, 15: 2, 16: 2, 24: 3, 32: 4 };

/** Bits of a 15- or 16-bit pixel → RGBX, each component widened by repeating its upper bits. */
function highColor(pixel: number, greenBits: 5 | 6): number {
  const red = (pixel >> (5 + greenBits)) & 0x1f;
  const green = (pixel >> 5) & ((1 << greenBits) - 1);
  const blue = pixel & 0x1f;
  const green8 = greenBits === 6 ? (green << 2) | (green >> 4) : (green << 3) | (green >> 2);
  return OPAQUE | (((blue << 3) | (blue >> 2)) << 16) | (green8 << 8) | (red << 3) | (red >> 2);
}

/**
 * The linear frame buffer. Keeps a copy of the visible part of video memory in its own format and compares it 16 pixels
 * at a time; only what differs is copied and converted. Conversion reads the copy, so a pixel the guest changes in
 * between is found by the next comparison.
 */
export class LinearRenderer implements Renderer {
  private readonly bytesPerPixel: number;
  /** 32-bit words in a row of the copy; a row is a multiple of 8 pixels, so always whole words. */
  private readonly rowWords: number;
  private readonly shadow: Int32Array;
  private readonly shadowBytes: Uint8Array;
  private readonly aligned: Int32Array;
  private readonly alignedBytes: Uint8Array;
  private readonly videoWords: Int32Array;
  private readonly lookup: Int32Array | undefined;

  constructor(
    private mode: LinearMode,
    private readonly videoMemory: Uint8Array,
    private readonly palette: Palette,
  ) {
    this.bytesPerPixel = BYTES_PER_PIXEL[mode.depth];
    this.rowWords = (mode.width * this.bytesPerPixel) >> 2;
    this.shadow = new Int32Array(this.rowWords * mode.height);
    this.shadowBytes = new Uint8Array(this.shadow.buffer);
    this.aligned = new Int32Array(this.rowWords);
    this.alignedBytes = new Uint8Array(this.aligned.buffer);
    this.videoWords = new Int32Array(videoMemory.buffer, videoMemory.byteOffset, videoMemory.length >> 2);
    if (mode.depth === 15) this.lookup = Int32Array.from({ length: 0x1_0000 }, (_, pixel) => highColor(pixel, 5));
    if (mode.depth === 16) this.lookup = Int32Array.from({ length: 0x1_0000 }, (_, pixel) => highColor(pixel, 6));
  }

  /** Shows another place in video memory, if format and size stay. @returns whether they do */
  moveTo(mode: LinearMode): boolean {
    const { width, height, depth } = this.mode;
    if (width !== mode.width || height !== mode.height || depth !== mode.depth) return false;
    this.mode = mode;
    return true;
  }

  render(target: Target, repaint: boolean): void {
    for (let y = 0; y < this.mode.height; y++) this.renderRow(target, y, repaint);
  }

  private renderRow(target: Target, y: number, repaint: boolean): void {
    const start = this.mode.start + y * this.mode.pitch;
    if (start + this.rowWords * 4 > this.videoMemory.length) return;
    const words = start & 3 ? this.alignRow(start) : this.videoWords;
    const first = start & 3 ? 0 : start >> 2;
    const shadow = this.shadow;
    const copy = y * this.rowWords;
    const tileWords = (TILE * this.bytesPerPixel) >> 2;
    for (let at = 0, x = 0; at < this.rowWords; at += tileWords, x += TILE) {
      const count = Math.min(tileWords, this.rowWords - at);
      let same = !repaint;
      for (let i = at; same && i < at + count; i++) same = words[first + i] === shadow[copy + i];
      if (same) continue;
      for (let i = at; i < at + count; i++) shadow[copy + i] = words[first + i]!;
      this.convert(target, x, y, Math.min(TILE, this.mode.width - x));
      target.changed.mark(x / TILE, Math.floor(y / TILE));
    }
  }

  private alignRow(start: number): Int32Array {
    this.alignedBytes.set(this.videoMemory.subarray(start, start + this.rowWords * 4));
    return this.aligned;
  }

  private convert(target: Target, x: number, y: number, count: number): void {
    const { width, pixels } = target.frame;
    let to = y * width + x;
    const from = y * this.rowWords * 4 + x * this.bytesPerPixel;
    const bytes = this.shadowBytes;
    switch (this.mode.depth) {
      case 8:
        for (let i = 0; i < count; i++) pixels[to++] = this.palette.colors256[bytes[from + i]!]!;
        return;
      case 15:
      case 16:
        for (let i = from; i < from + count * 2; i += 2) pixels[to++] = this.lookup![bytes[i]! | (bytes[i + 1]! << 8)]!;
        return;
      case 24:
        for (let i = from; i < from + count * 3; i += 3)
          pixels[to++] = OPAQUE | (bytes[i]! << 16) | (bytes[i + 1]! << 8) | bytes[i + 2]!;
        return;
      case 32:
        for (let i = from >> 2; i < (from >> 2) + count; i++) {
          const pixel = this.shadow[i]!;
          pixels[to++] = OPAQUE | ((pixel & 0xff) << 16) | (pixel & 0xff00) | ((pixel >> 16) & 0xff);
        }
    }
  }
}
