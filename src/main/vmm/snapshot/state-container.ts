import { newer } from './manifest.js';
import { damaged } from './state-error.js';

/**
 * The file around a saved state: 16 bytes that say what it is, blobs, the manifest that names them, and at the very end
 * where the manifest lies. A file without its end was never completed.
 */
const HEAD_MAGIC = 'ANXSTATE';
const TAIL_MAGIC = 'ANXSTEND';
const CONTAINER_VERSION = 1;

export const HEAD_BYTES = 16;
export const TAIL_BYTES = 32;
export const MAX_MANIFEST_BYTES = 256 << 20;

/** Place of the manifest. */
export interface ManifestPlace {
  readonly offset: number;
  readonly bytes: number;
  readonly crc32: number;
}

export function encodeHead(): Uint8Array {
  const bytes = new Uint8Array(HEAD_BYTES);
  putText(bytes, 0, HEAD_MAGIC);
  new DataView(bytes.buffer).setUint32(8, CONTAINER_VERSION, true);
  return bytes;
}

/** @throws StateError `damaged` or `newer` */
export function checkHead(bytes: Uint8Array): void {
  if (textAt(bytes, 0) !== HEAD_MAGIC) throw damaged('the file is no saved state');
  if (viewOf(bytes).getUint32(8, true) > CONTAINER_VERSION) throw newer();
}

export function encodeTail({ offset, bytes: length, crc32 }: ManifestPlace): Uint8Array {
  const bytes = new Uint8Array(TAIL_BYTES);
  const view = viewOf(bytes);
  view.setBigUint64(0, BigInt(offset), true);
  view.setUint32(8, length, true);
  view.setUint32(12, crc32, true);
  putText(bytes, TAIL_BYTES - TAIL_MAGIC.length, TAIL_MAGIC);
  return bytes;
}

/** @param fileBytes size of the file @throws StateError `damaged` */
export function decodeTail(bytes: Uint8Array, fileBytes: number): ManifestPlace {
  if (textAt(bytes, TAIL_BYTES - TAIL_MAGIC.length) !== TAIL_MAGIC) throw damaged('the file is incomplete');
  const view = viewOf(bytes);
  const place = {
    offset: Number(view.getBigUint64(0, true)),
    bytes: view.getUint32(8, true),
    crc32: view.getUint32(12, true),
  };
  const fits = place.offset >= HEAD_BYTES && place.offset + place.bytes === fileBytes - TAIL_BYTES;
  if (!fits || place.bytes > MAX_MANIFEST_BYTES) throw damaged('its table of contents is not where it should be');
  return place;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

function putText(bytes: Uint8Array, at: number, text: string): void {
  for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
}

function textAt(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 8));
}
