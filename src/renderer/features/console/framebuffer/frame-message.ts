import {
  FRAME_HEADER_BYTES,
  FRAME_RECT_BYTES,
  FRAME_RESIZE,
  FRAME_UPDATE,
  readFrameHeader,
} from '../../../../shared/contract/frames.js';

/** A rectangle of the screen and its pixels, four bytes each. */
export interface FrameRect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8ClampedArray<ArrayBuffer>;
}

export type FrameMessage =
  | { readonly kind: 'resize'; readonly width: number; readonly height: number }
  | { readonly kind: 'update'; readonly sequence: number; readonly rects: readonly FrameRect[] };

/**
 * Reads a message of the display channel; pixels stay where they are.
 * @throws RangeError if it is not what `shared/contract/frames.ts` describes
 */
export function decodeFrameMessage(message: Uint8Array): FrameMessage {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const { kind, rects, sequence, width, height } = readFrameHeader(view);
  if (kind === FRAME_RESIZE) return { kind: 'resize', width, height };
  if (kind !== FRAME_UPDATE) throw new RangeError(`unknown frame message ${kind}`);
  return { kind: 'update', sequence, rects: decodeRects(message, view, rects) };
}

function decodeRects(message: Uint8Array, view: DataView, count: number): FrameRect[] {
  const rects: FrameRect[] = [];
  let at = FRAME_HEADER_BYTES;
  for (let i = 0; i < count; i++) {
    if (at + FRAME_RECT_BYTES > message.length) throw new RangeError('frame message cut off in a rectangle');
    const [x, y, width, height] = [0, 2, 4, 6].map((offset) => view.getUint16(at + offset, true)) as [
      number,
      number,
      number,
      number,
    ];
    at += FRAME_RECT_BYTES;
    const bytes = width * height * 4;
    if (at + bytes > message.length) throw new RangeError('frame message cut off in its pixels');
    const pixels = new Uint8ClampedArray(message.buffer as ArrayBuffer, message.byteOffset + at, bytes);
    if (bytes > 0) rects.push({ x, y, width, height, pixels });
    at += bytes;
  }
  return rects;
}
