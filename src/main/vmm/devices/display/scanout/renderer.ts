import type { Frame } from './frame.js';
import type { TileMap } from './tile-map.js';

/** What a renderer paints on: the picture, and the record of what it changed there. */
export interface Target {
  readonly frame: Frame;
  readonly changed: TileMap;
  /** Whether blinking things show now. */
  readonly cursorOn: boolean;
  readonly blinkOn: boolean;
}

/** Brings the picture of one kind of screen mode up to date. */
export interface Renderer {
  /**
   * @param repaint paint everything, whatever is remembered of the previous picture
   */
  render(target: Target, repaint: boolean): void;
}
