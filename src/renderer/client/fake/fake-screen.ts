import {
  FRAME_HEADER_BYTES,
  FRAME_RECT_BYTES,
  FRAME_RESIZE,
  FRAME_UPDATE,
  writeFrameHeader,
} from '../../../shared/contract/frames.js';

const WIDTH = 720;
const HEIGHT = 400;

const LINES = [
  '[  OK  ] Started OpenSSH server.',
  '[  OK  ] Reached target Multi-User System.',
  '',
  'Debian GNU/Linux 12 annex tty1',
  '',
  'annex login: guest (automatic login)',
  'Linux annex 6.1.0-37-cloud-amd64 #1 SMP x86_64',
  '',
  'guest@annex:~$ uname -srm',
  'Linux 6.1.0-37-amd64 x86_64',
  'guest@annex:~$ ',
];

function draw(context: CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D, cursor: boolean): void {
  context.fillStyle = '#000';
  context.fillRect(0, 0, WIDTH, HEIGHT);
  context.font = '15px monospace';
  context.fillStyle = '#b9bfc6';
  LINES.forEach((line, row) => context.fillText(line, 0, 13 + row * 16));
  if (cursor) context.fillRect(135, 12 + (LINES.length - 1) * 16, 9, 3);
}

/** Announces the size of the screen, as every display channel does first. */
export function fakeResize(): Uint8Array<ArrayBuffer> {
  const message = new Uint8Array(FRAME_HEADER_BYTES);
  const header = { kind: FRAME_RESIZE, wholeScreen: true, rects: 0, sequence: 0, width: WIDTH, height: HEIGHT };
  writeFrameHeader(new DataView(message.buffer), header);
  return message;
}

/** The drawn screen as one whole-screen update of the display channel. */
export function fakeFrame(sequence: number): Uint8Array<ArrayBuffer> {
  const context = new OffscreenCanvas(WIDTH, HEIGHT).getContext('2d')!;
  draw(context, sequence % 2 === 0);
  const pixels = context.getImageData(0, 0, WIDTH, HEIGHT).data;
  const message = new Uint8Array(FRAME_HEADER_BYTES + FRAME_RECT_BYTES + pixels.length);
  const view = new DataView(message.buffer);
  writeFrameHeader(view, { kind: FRAME_UPDATE, wholeScreen: true, rects: 1, sequence, width: WIDTH, height: HEIGHT });
  view.setUint16(FRAME_HEADER_BYTES + 4, WIDTH, true);
  view.setUint16(FRAME_HEADER_BYTES + 6, HEIGHT, true);
  message.set(pixels, FRAME_HEADER_BYTES + FRAME_RECT_BYTES);
  return message;
}

/** A small PNG of the screen, base64. */
export async function fakeThumbnail(): Promise<string> {
  const canvas = new OffscreenCanvas(WIDTH, HEIGHT);
  draw(canvas.getContext('2d')!, true);
  const bytes = new Uint8Array(await (await canvas.convertToBlob()).arrayBuffer());
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}

export const FAKE_SCREEN = { width: WIDTH, height: HEIGHT, graphics: false };
