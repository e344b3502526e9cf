import { describe, expect, it } from 'vitest';
import { FRAME_RESIZE, FRAME_UPDATE, writeFrameHeader } from '../../../../shared/contract/frames.js';
import { decodeFrameMessage } from './frame-message.js';

function message(kind: number, rects: number, body: readonly number[] = []): Uint8Array {
  const bytes = new Uint8Array(16 + body.length);
  writeFrameHeader(new DataView(bytes.buffer), { kind, wholeScreen: false, rects, sequence: 9, width: 64, height: 48 });
  bytes.set(body, 16);
  return bytes;
}

describe('a frame message', () => {
  it('announces a size', () => {
    expect(decodeFrameMessage(message(FRAME_RESIZE, 0))).toEqual({ kind: 'resize', width: 64, height: 48 });
  });

  it('carries rectangles, wherever in a larger buffer it lies', () => {
    const body = [1, 0, 2, 0, 1, 0, 2, 0, 10, 20, 30, 255, 40, 50, 60, 255];
    const shifted = new Uint8Array(64);
    shifted.set(message(FRAME_UPDATE, 1, body), 5);
    const decoded = decodeFrameMessage(shifted.subarray(5, 5 + 16 + body.length));
    expect(decoded).toMatchObject({ kind: 'update', sequence: 9, rects: [{ x: 1, y: 2, width: 1, height: 2 }] });
    expect(decoded.kind === 'update' && [...decoded.rects[0]!.pixels]).toEqual(body.slice(8));
  });

  it.each([
    ['a header cut short', new Uint8Array(7)],
    ['a rectangle cut short', message(FRAME_UPDATE, 1, [0, 0, 0])],
    ['pixels cut short', message(FRAME_UPDATE, 1, [0, 0, 0, 0, 9, 0, 9, 0, 1, 2, 3])],
    ['an unknown kind', message(7, 0)],
  ])('is refused with %s', (_what, bytes) => {
    expect(() => decodeFrameMessage(bytes)).toThrow(RangeError);
  });
});
