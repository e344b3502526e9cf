import type { ImagePorts } from '../image-ports.js';
import { damagedVmdk } from './vmdk-errors.js';

/** RFC 1950: two bytes of header, deflate data, Adler-32 of the content. */
const HEADER = [0x78, 0x9c];
const DEFLATE_METHOD = 8;
const CHECKSUM_BYTES = 4;
/** The largest prime below 2^16, and how many bytes can be summed before 32 bits overflow. */
const ADLER_BASE = 65_521;
const ADLER_RUN = 5552;

/** @throws ImageError if the data is damaged */
export async function inflateZlib(source: Uint8Array, maxBytes: number, ports: ImagePorts): Promise<Uint8Array> {
  const damaged = damagedVmdk('a compressed grain cannot be read');
  if (source.length < HEADER.length + CHECKSUM_BYTES) throw damaged;
  const [method, flags] = [source[0]!, source[1]!];
  if ((method & 0xf) !== DEFLATE_METHOD || (method * 256 + flags) % 31 !== 0 || (flags & 0x20) !== 0) throw damaged;
  const content = await ports.inflate(source.subarray(HEADER.length), maxBytes);
  const sum = new DataView(source.buffer, source.byteOffset + source.length - CHECKSUM_BYTES).getUint32(0);
  if (sum !== adler32(content)) throw damaged;
  return content;
}

export async function deflateZlib(source: Uint8Array, ports: ImagePorts): Promise<Uint8Array> {
  const data = await ports.deflate(source);
  const bytes = new Uint8Array(HEADER.length + data.length + CHECKSUM_BYTES);
  bytes.set(HEADER);
  bytes.set(data, HEADER.length);
  new DataView(bytes.buffer).setUint32(HEADER.length + data.length, adler32(source));
  return bytes;
}

export function adler32(bytes: Uint8Array): number {
  let [a, b] = [1, 0];
  for (let at = 0; at < bytes.length;) {
    const end = Math.min(bytes.length, at + ADLER_RUN);
    for (; at < end; at++) {
      a += bytes[at]!;
      b += a;
    }
    a %= ADLER_BASE;
    b %= ADLER_BASE;
  }
  return ((b << 16) | a) >>> 0;
}
