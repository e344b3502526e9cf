import type { FilePort } from '../../disk-image.js';

/** Bitmaps kept in memory: 64 of 512 bytes for blocks of 2 MiB. */
const MAX_BITMAPS = 64;

/** Which sectors of its blocks a differencing image holds itself; one bit a sector, the first one the highest. */
export class SectorBitmaps {
  private readonly known = new Map<number, Uint8Array>();

  constructor(
    private readonly file: FilePort,
    private readonly bitmapBytes: number,
  ) {}

  /**
   * Whether the sector at byte `from` of a block is present, and for how long, up to `end`, that stays so.
   * @param host where the block's bitmap is in the file
   */
  async run(host: number, from: number, end: number): Promise<{ readonly present: boolean; readonly length: number }> {
    const bitmap = await this.bitmap(host);
    const isPresent = (sector: number): boolean => (bitmap[sector >> 3]! & (0x80 >> (sector & 7))) !== 0;
    const first = Math.floor(from / 512);
    const present = isPresent(first);
    let next = first + 1;
    while (next * 512 < end && isPresent(next) === present) next++;
    return { present, length: Math.min(end, next * 512) - from };
  }

  private async bitmap(host: number): Promise<Uint8Array> {
    let bitmap = this.known.get(host);
    if (bitmap === undefined) {
      bitmap = new Uint8Array(this.bitmapBytes);
      await this.file.read(host, bitmap);
    }
    this.known.delete(host);
    this.known.set(host, bitmap);
    for (const oldest of this.known.keys()) {
      if (this.known.size <= MAX_BITMAPS) break;
      this.known.delete(oldest);
    }
    return bitmap;
  }
}
