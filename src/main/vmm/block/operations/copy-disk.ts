import type { DiskImage } from '../disk-image.js';
import type { ImageWriter, OperationControl } from '../formats/format-driver.js';
import { contentAt, eachPiece, eachStretch, isZero, PIECE_BYTES, readBytes, writeZeros } from './content.js';

/** Unit that an {@link ImageWriter} is given: it begins at multiples of this. */
const WRITER_GRAIN = 64 << 10;

/** Writes what a disk, with all it builds on, reads as into an image that is new and as large. Zeros are left out. */
export async function copyDisk(source: DiskImage, target: DiskImage, control: OperationControl): Promise<void> {
  await eachPiece(source.size, control, async (offset, length) => {
    for (let at = offset; at < offset + length;) {
      const content = await contentAt(source, at, offset + length - at);
      const from = at;
      at += content.length;
      if (content.zero) continue;
      await eachStretch(await readBytes(source, from, content.length), async (start, part, zero) => {
        if (!zero) await target.write(from + start, [part]);
      });
    }
  });
  await target.flush();
}

/** The same, for images that are written once, from beginning to end. */
export async function streamDisk(source: DiskImage, writer: ImageWriter, control: OperationControl): Promise<void> {
  await eachPiece(source.size, control, async (offset, length) => {
    if (await isZeroThroughout(source, offset, length)) return;
    const bytes = await readBytes(source, offset, length);
    for (let at = 0; at < length;) {
      let end = at;
      while (end < length && !isZero(bytes.subarray(end, end + WRITER_GRAIN))) end += WRITER_GRAIN;
      if (end > at) await writer.write(offset + at, bytes.subarray(at, end));
      at = Math.max(end, at + WRITER_GRAIN);
    }
  });
  await writer.finish();
}

async function isZeroThroughout(source: DiskImage, offset: number, length: number): Promise<boolean> {
  for (let at = offset; at < offset + length;) {
    const content = await contentAt(source, at, offset + length - at);
    if (!content.zero) return false;
    at += content.length;
  }
  return true;
}

/**
 * Writes what an image itself holds, not what it builds on, into a new one that builds on the same, without what need not
 * be stored: of data that are zeros only the fact is kept, and nothing at all where nothing is below.
 */
export async function copyLayer(source: DiskImage, target: DiskImage, control: OperationControl): Promise<void> {
  const overBacking = source.backing !== undefined;
  await eachPiece(source.size, control, async (offset, length) => {
    for (let at = offset; at < offset + length;) {
      const { kind, length: found } = await source.extent(at, Math.min(PIECE_BYTES, offset + length - at));
      const from = at;
      at += found;
      if (kind === 'hole' || (kind === 'zero' && !overBacking)) continue;
      if (kind === 'zero') await writeZeros(target, from, found);
      else
        await eachStretch(await readBytes(source, from, found), async (start, part, zero) => {
          if (!zero) await target.write(from + start, [part]);
          else if (overBacking) await writeZeros(target, from + start, part.length);
        });
    }
  });
  await target.flush();
}
