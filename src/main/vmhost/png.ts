import { promisify } from 'node:util';
import { crc32, deflate } from 'node:zlib';
import type { Frame } from '../vmm/devices/display/scanout/frame.js';

const compress = promisify(deflate);

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
const BIT_DEPTH = 8;
const TRUECOLOR = 2;
/** Each byte minus the one above it: what suits screens, whose rows resemble each other. */
const FILTER_UP = 2;

/**
 * A frame as a PNG file (W3C PNG, third edition), 24 bits a pixel. The frame is read before the first await, so it may
 * change afterwards; compression runs off the event loop.
 */
export async function encodePng(frame: Frame): Promise<Uint8Array<ArrayBuffer>> {
  const { width, height } = frame;
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([BIT_DEPTH, TRUECOLOR], 8);
  const data = await compress(filteredRows(frame));
  return Uint8Array.from(
    Buffer.concat([SIGNATURE, chunk('IHDR', header), chunk('IDAT', data), chunk('IEND', new Uint8Array(0))]),
  );
}

/** Rows of red, green, blue, each after its filter byte. */
function filteredRows({ width, height, pixels }: Frame): Uint8Array {
  const stride = 1 + width * 3;
  const rows = new Uint8Array(stride * height);
  for (let y = 0, at = 0; y < height; y++) {
    rows[at++] = FILTER_UP;
    for (let x = 0; x < width; x++) {
      const pixel = pixels[y * width + x]!;
      const above = y === 0 ? 0 : pixels[(y - 1) * width + x]!;
      rows[at++] = (pixel & 0xff) - (above & 0xff);
      rows[at++] = ((pixel >> 8) & 0xff) - ((above >> 8) & 0xff);
      rows[at++] = ((pixel >> 16) & 0xff) - ((above >> 16) & 0xff);
    }
  }
  return rows;
}

function chunk(type: string, data: Uint8Array): Buffer {
  const result = Buffer.alloc(12 + data.length);
  result.writeUInt32BE(data.length, 0);
  result.write(type, 4, 'latin1');
  result.set(data, 8);
  result.writeUInt32BE(crc32(result.subarray(4, 8 + data.length)), 8 + data.length);
  return result;
}
