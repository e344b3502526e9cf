/**
 * What a display adapter publishes for whoever scans it out. The adapter runs on the machine thread; scan-out runs on
 * the I/O thread and reads video memory and this block from the machine's shared memory without stopping the guest.
 */
export interface DisplaySource {
  /** Host offset and size of video memory. */
  readonly videoMemory: { readonly offset: number; readonly length: number };
  /** Host offset of the shared display-state block (layout beside the adapter). */
  readonly stateOffset: number;
}

/** A rectangle in pixels. */
export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}
