import type { MemorySegment } from '../../../memory/guest-memory.js';
import type { ScanKernel } from '../kernel/scan-kernel.js';
import type { PictureMemory } from './picture-memory.js';
import type { Renderer, Target } from './renderer.js';
import type { LinearDepth, ScreenMode } from './screen-mode.js';

export type LinearMode = Extract<ScreenMode, { kind: 'linear' }>;

const BYTES_PER_PIXEL: Readonly<Record<LinearDepth, number>> = { 8: 1, 15: 2, 16: 2, 24: 3, 32: 4 };

/** The linear frame buffer: converted as a whole at every look, and compared with the picture on the way. */
export class LinearRenderer implements Renderer {
  constructor(
    private readonly mode: LinearMode,
    private readonly videoMemory: MemorySegment,
    private readonly picture: PictureMemory,
    private readonly kernel: ScanKernel,
  ) {}

  render({ changed }: Target): void {
    const { depth, start, pitch, width, height } = this.mode;
    const rowBytes = width * BYTES_PER_PIXEL[depth];
    const rows = Math.min(height, Math.floor((this.videoMemory.length - start - rowBytes) / pitch) + 1);
    if (rows <= 0) return;
    this.kernel.scan(depth, {
      source: this.videoMemory.offset + start,
      pitch,
      target: this.picture.pixelsOffset,
      width,
      height: rows,
      tiles: this.picture.tilesOffset,
      palette: this.picture.paletteOffset,
    });
    changed.recount();
  }
}
