/** Largest picture in pixels, whatever a guest asks for. */
export const MAX_SCREEN_WIDTH = 2560;
export const MAX_SCREEN_HEIGHT = 1600;

/** Room for the picture, and before it a palette and a tile map. */
export const SCAN_OUT_BYTES = 0x2_0000 + MAX_SCREEN_WIDTH * MAX_SCREEN_HEIGHT * 4;

/**
 * What a display adapter publishes for whoever scans it out. The adapter runs on the machine thread; scan-out runs on
 * the I/O thread and reads video memory and this block from the machine's shared memory without stopping the guest.
 */
export interface DisplaySource {
  /** Host offset and size of video memory. */
  readonly videoMemory: { readonly offset: number; readonly length: number };
  /** Host offset of the shared display-state block (layout beside the adapter). */
  readonly stateOffset: number;
  /** Host offset of {@link SCAN_OUT_BYTES} for scan-out's own use. */
  readonly scanOutOffset: number;
}

/** A rectangle in pixels. */
export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}
