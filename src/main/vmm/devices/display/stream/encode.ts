import {
  FRAME_HEADER_BYTES,
  FRAME_RECT_BYTES,
  FRAME_RESIZE,
  FRAME_UPDATE,
  writeFrameHeader,
} from '../../../../../shared/contract/frames.js';
import type { Rect } from '../display-source.js';
import type { Frame } from '../scanout/frame.js';

/** The message that tells a viewer the size of the screen. */
export function encodeResize(frame: Frame, sequence: number): Uint8Array<ArrayBuffer> {
  const message = new Uint8Array(FRAME_HEADER_BYTES);
  const { width, height } = frame;
  const header = { kind: FRAME_RESIZE, wholeScreen: false, rects: 0, sequence, width, height };
  writeFrameHeader(new DataView(message.buffer), header);
  return message;
}

/** Length of the message {@link encodeUpdate} makes of so many rectangles and pixels. */
export function updateBytes(rects: readonly Rect[]): number {
  return FRAME_HEADER_BYTES + rects.length * FRAME_RECT_BYTES + area(rects) * 4;
}

/**
 * One update: the given rectangles of the frame with their pixels.
 * @param buffer takes it; at least {@link updateBytes} long @returns the part of the buffer it fills
 */
export function encodeUpdate(
  frame: Frame,
  rects: readonly Rect[],
  sequence: number,
  buffer: ArrayBuffer,
): Uint8Array<ArrayBuffer> {
  const { width, height } = frame;
  const message = new Uint8Array(buffer, 0, updateBytes(rects));
  const view = new DataView(buffer);
  const wholeScreen = area(rects) === width * height;
  writeFrameHeader(view, { kind: FRAME_UPDATE, wholeScreen, rects: rects.length, sequence, width, height });
  const words = new Uint32Array(buffer, 0, message.length >> 2);
  let at = FRAME_HEADER_BYTES;
  for (const rect of rects) {
    view.setUint16(at, rect.x, true);
    view.setUint16(at + 2, rect.y, true);
    view.setUint16(at + 4, rect.width, true);
    view.setUint16(at + 6, rect.height, true);
    at += FRAME_RECT_BYTES;
    copyPixels(frame, rect, words, at >> 2);
    at += rect.width * rect.height * 4;
  }
  return message;
}

function area(rects: readonly Rect[]): number {
  return rects.reduce((sum, { width, height }) => sum + width * height, 0);
}

function copyPixels(frame: Frame, rect: Rect, target: Uint32Array, at: number): void {
  const first = rect.y * frame.width + rect.x;
  if (rect.width === frame.width) {
    target.set(frame.pixels.subarray(first, first + rect.width * rect.height), at);
    return;
  }
  for (let row = 0; row < rect.height; row++) {
    const from = first + row * frame.width;
    target.set(frame.pixels.subarray(from, from + rect.width), at + row * rect.width);
  }
}
