/**
 * Frames on a display channel. One message is one update: header, then rectangles, each followed by its pixels.
 *
 * Little endian. Header (16 bytes): u8 kind (1 = update, 2 = resize), u8 flags (1 = whole screen), u16 rectangle count,
 * u32 sequence, u16 screen width, u16 screen height, u32 reserved.
 * Rectangle (8 bytes): u16 x, y, width, height; then width × height × 4 bytes of RGBX, rows top down, alpha always 255
 * so that the bytes can go into ImageData as they are.
 *
 * The receiver answers each update with {@link frameAck}; the sender keeps at most {@link MAX_UNACKED} in flight and merges what
 * changes meanwhile, so a slow window slows the stream and not the machine.
 */
export const FRAME_HEADER_BYTES = 16;
export const FRAME_RECT_BYTES = 8;
export const FRAME_UPDATE = 1;
export const FRAME_RESIZE = 2;
export const MAX_UNACKED = 2;

export interface FrameHeader {
  readonly kind: number;
  readonly wholeScreen: boolean;
  readonly rects: number;
  readonly sequence: number;
  readonly width: number;
  readonly height: number;
}

export function writeFrameHeader(view: DataView, header: FrameHeader): void {
  view.setUint8(0, header.kind);
  view.setUint8(1, header.wholeScreen ? 1 : 0);
  view.setUint16(2, header.rects, true);
  view.setUint32(4, header.sequence, true);
  view.setUint16(8, header.width, true);
  view.setUint16(10, header.height, true);
  view.setUint32(12, 0, true);
}

/** @throws RangeError if the message is shorter than a header */
export function readFrameHeader(view: DataView): FrameHeader {
  if (view.byteLength < FRAME_HEADER_BYTES) throw new RangeError('frame message shorter than its header');
  return {
    kind: view.getUint8(0),
    wholeScreen: (view.getUint8(1) & 1) !== 0,
    rects: view.getUint16(2, true),
    sequence: view.getUint32(4, true),
    width: view.getUint16(8, true),
    height: view.getUint16(10, true),
  };
}

/** Acknowledgement of an update: its sequence number as 4 bytes, little endian. */
export function frameAck(sequence: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, sequence, true);
  return bytes;
}
