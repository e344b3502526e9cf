import { encodeExtensions } from '../../../../../shared/disk/empty-qcow2.js';
import { ImageError, type FilePort } from '../../disk-image.js';
import type { BackingReference } from '../format-driver.js';
import { HEADER_SECTOR_BYTES, readHeader, type Qcow2Header } from './qcow2-header.js';

const MAX_NAME_BYTES = 1023;

/**
 * Changes what the image says it builds on. The name is put where the header does not look yet, and made durable; then
 * one write of the header's sector names it. Header extensions but the backing format are dropped: those this version
 * knows are optional.
 * @throws ImageError if the name does not fit
 */
export async function rebaseQcow2(file: FilePort, backing: BackingReference | undefined): Promise<void> {
  const header = await readHeader(file);
  const sector = new Uint8Array(HEADER_SECTOR_BYTES);
  await file.read(0, sector.subarray(0, header.headerBytes));
  const extensions = encodeExtensions(backing?.format);
  const free = header.headerBytes + extensions.length;
  if (free > HEADER_SECTOR_BYTES) throw tooLong();
  sector.set(extensions, header.headerBytes);
  const name = new TextEncoder().encode(backing?.name ?? '');
  const at = name.length === 0 ? 0 : placeOfName(header, name.length, free);
  if (at >= HEADER_SECTOR_BYTES) {
    await file.write(at, name);
    await file.sync();
  } else if (at > 0) sector.set(name, at);
  const view = new DataView(sector.buffer);
  view.setBigUint64(8, BigInt(at));
  view.setUint32(16, name.length);
  await file.write(0, sector);
  await file.sync();
}

/** Somewhere in the first cluster, and not where the old name is unless both are in the header's sector. */
function placeOfName(header: Qcow2Header, length: number, free: number): number {
  if (length > MAX_NAME_BYTES) throw tooLong();
  if (free + length <= HEADER_SECTOR_BYTES) return free;
  const old = header.backingNameOffset;
  const oldEnd = old + new TextEncoder().encode(header.backingFile ?? '').length;
  for (const at of [HEADER_SECTOR_BYTES, Math.max(oldEnd, HEADER_SECTOR_BYTES)]) {
    const overlaps = at < oldEnd && old < at + length;
    if (!overlaps && at + length <= 2 ** header.clusterBits) return at;
  }
  throw tooLong();
}

function tooLong(): ImageError {
  return new ImageError(
    'image-unsupported',
    'The name of the file this qcow2 image is to build on is too long for it.',
  );
}
