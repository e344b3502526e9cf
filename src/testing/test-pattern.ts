import { blackFrame, OPAQUE, type FrameSource } from '../main/vmm/devices/display/scanout/frame.js';
import { TileMap } from '../main/vmm/devices/display/scanout/tile-map.js';

/** A picture of which every pixel changes with every update: the heaviest load the frame path can be given. */
export class TestPattern implements FrameSource {
  readonly frame;
  readonly changed;
  private step = 0;

  constructor(width = 1024, height = 768) {
    this.frame = blackFrame(width, height);
    this.changed = new TileMap(width, height);
  }

  update(): void {
    const { width, height, pixels } = this.frame;
    const step = (this.step += 3);
    for (let y = 0, at = 0; y < height; y++) {
      const base = OPAQUE | (((y + step) & 0xff) << 16);
      for (let x = 0; x < width; x++) pixels[at++] = base | (((x ^ y) & 0xff) << 8) | ((x + step) & 0xff);
    }
    this.changed.markAll();
  }
}
