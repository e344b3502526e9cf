import type { FilePort } from '../../disk-image.js';

/** Bytes of a bitmap read at once, and how many such pieces are kept. */
const PIECE_BYTES = 4096;
const MAX_PIECES = 64;

/** Which sectors a differencing image holds itself; one bit a sector, the first one the lowest ([MS-VHDX] 2.5.1.2). */
export class SectorBitmaps {
  private readonly pieces = new Map<number, Uint8Array>();

  constructor(
    private readonly file: FilePort,
    private readonly sectorBytes: number,
  ) {}

  /**
   * Whether the sector at byte `from` of a chunk is present, and for how long, up to `end` at most, that stays so.
   * @param bitmap where the bitmap of the chunk is in the file
   */
  async run(
    bitmap: number,
    from: number,
    end: number,
  ): Promise<{ readonly present: boolean; readonly length: number }> {
    const first = Math.floor(from / this.sectorBytes);
    const pieceSectors = PIECE_BYTES * 8;
    const pieceStart = Math.floor(first / pieceSectors) * pieceSectors;
    const piece = await this.piece(bitmap + pieceStart / 8);
    const isPresent = (sector: number): boolean => {
      const bit = sector - pieceStart;
      return (piece[bit >> 3]! & (1 << (bit & 7))) !== 0;
    };
    const limit = Math.min(Math.ceil(end / this.sectorBytes), pieceStart + pieceSectors);
    const present = isPresent(first);
    let next = first + 1;
    while (next < limit && isPresent(next) === present) next++;
    return { present, length: Math.min(end, next * this.sectorBytes) - from };
  }

  private async piece(at: number): Promise<Uint8Array> {
    let piece = this.pieces.get(at);
    if (piece === undefined) {
      piece = new Uint8Array(PIECE_BYTES);
      await this.file.read(at, piece);
    }
    this.pieces.delete(at);
    this.pieces.set(at, piece);
    for (const oldest of this.pieces.keys()) {
      if (this.pieces.size <= MAX_PIECES) break;
      this.pieces.delete(oldest);
    }
    return piece;
  }
}
