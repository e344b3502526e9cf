import type { TileMap } from './tile-map.js';

/** A picture as the monitor would show it. Pixels are RGBX words, red in the low byte, the high byte always 255. */
export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint32Array;
}

export const OPAQUE = 0xff00_0000;
export const BLACK = 0xff00_0000;

export function blackFrame(width: number, height: number): Frame {
  return { width, height, pixels: new Uint32Array(width * height).fill(BLACK) };
}

/** Makes pictures on demand and knows what changed since the last. */
export interface FrameSource {
  /** The picture as of the last {@link update}; another object when the size has changed. */
  readonly frame: Frame;
  /** What the last {@link update} changed. */
  readonly changed: TileMap;
  /** @param nowMs host time, for blinking */
  update(nowMs: number): void;
}
