import type { Rect } from '../display-source.js';

/** Edge of a tile in pixels: the grain of dirty tracking. */
export const TILE = 16;
export const TILE_SHIFT = 4;

/** Which tiles of a screen have changed. Merging two is a bitwise or, so a slow viewer costs no more than a fast one. */
export class TileMap {
  readonly columns: number;
  readonly rows: number;
  /** A byte for each tile, row by row. */
  readonly tiles: Uint8Array;
  private dirty = false;

  /** @param tiles memory to keep the map in, all zeros */
  constructor(
    readonly width: number,
    readonly height: number,
    tiles?: Uint8Array,
  ) {
    this.columns = Math.ceil(width / TILE);
    this.rows = Math.ceil(height / TILE);
    this.tiles = tiles?.subarray(0, this.columns * this.rows) ?? new Uint8Array(this.columns * this.rows);
  }

  get any(): boolean {
    return this.dirty;
  }

  /** Pixels of the marked tiles, as if none hung over the screen's edge. */
  get pixels(): number {
    if (!this.dirty) return 0;
    let marked = 0;
    for (let i = 0; i < this.tiles.length; i++) marked += this.tiles[i]!;
    return marked * TILE * TILE;
  }

  mark(column: number, row: number): void {
    this.tiles[row * this.columns + column] = 1;
    this.dirty = true;
  }

  /** Marks what a rectangle of pixels touches; the part outside the screen is ignored. */
  markRect(x: number, y: number, width: number, height: number): void {
    const lastColumn = Math.min((x + width - 1) >> TILE_SHIFT, this.columns - 1);
    const lastRow = Math.min((y + height - 1) >> TILE_SHIFT, this.rows - 1);
    for (let row = Math.max(y, 0) >> TILE_SHIFT; row <= lastRow; row++) {
      for (let column = Math.max(x, 0) >> TILE_SHIFT; column <= lastColumn; column++) this.mark(column, row);
    }
  }

  markAll(): void {
    this.tiles.fill(1);
    this.dirty = this.tiles.length > 0;
  }

  /** Takes notice of tiles that were marked in memory. */
  recount(): void {
    this.dirty = this.tiles.includes(1);
  }

  clear(): void {
    if (!this.dirty) return;
    this.tiles.fill(0);
    this.dirty = false;
  }

  /** Adds another map of the same screen size. */
  merge(other: TileMap): void {
    if (!other.dirty) return;
    for (let i = 0; i < this.tiles.length; i++) this.tiles[i]! |= other.tiles[i]!;
    this.dirty = true;
  }

  /** The marked tiles as disjoint rectangles in pixels: runs along a row, equal runs of successive rows joined. */
  rects(): Rect[] {
    const done: Rect[] = [];
    let open = new Map<number, { x: number; y: number; width: number; height: number }>();
    for (let row = 0; row < this.rows; row++) {
      const y = row * TILE;
      const height = Math.min(TILE, this.height - y);
      const next: typeof open = new Map();
      for (const { x, width } of this.runs(row)) {
        const above = open.get(x);
        if (above?.width === width) {
          above.height += height;
          next.set(x, above);
        } else {
          const rect = { x, y, width, height };
          next.set(x, rect);
          done.push(rect);
        }
      }
      open = next;
    }
    return done;
  }

  private *runs(row: number): Generator<{ x: number; width: number }> {
    const base = row * this.columns;
    for (let column = 0; column < this.columns; column++) {
      if (!this.tiles[base + column]) continue;
      const first = column;
      while (column < this.columns && this.tiles[base + column]) column++;
      const x = first * TILE;
      yield { x, width: Math.min(column * TILE, this.width) - x };
    }
  }
}
