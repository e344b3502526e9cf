import { ImageError, type DiskImage } from '../disk-image.js';
import type { OperationControl } from '../formats/format-driver.js';
import { eachPiece, eachStretch, readBytes, writeZeros } from './content.js';

/** Runs work on a range of the upper image while nobody else changes it. */
export type Exclusively = (offset: number, length: number, work: () => Promise<void>) => Promise<void>;

/**
 * Takes what `upper` reads of `layer`, the image right below it, into `upper`, so that it reads the same over what is
 * below `layer`. What `upper` reads is the same at every moment: it may be ended anywhere and begun again. Pieces are
 * aligned to every unit of allocation up to 2 MiB.
 */
export async function mergeUp(
  upper: DiskImage,
  layer: DiskImage,
  exclusively: Exclusively,
  control: OperationControl,
): Promise<void> {
  await eachPiece(upper.size, control, (offset, length) =>
    exclusively(offset, length, () => pullPiece(upper, layer, offset, offset + length)),
  );
  await upper.flush();
}

async function pullPiece(upper: DiskImage, layer: DiskImage, start: number, end: number): Promise<void> {
  for (let at = start; at < end;) {
    const { kind, length } = await upper.extent(at, end - at);
    if (kind === 'hole') await pullHole(upper, layer, at, at + length);
    at += length;
  }
}

async function pullHole(upper: DiskImage, layer: DiskImage, start: number, end: number): Promise<void> {
  const hides = layer.backing !== undefined;
  for (let at = start; at < end;) {
    const from = at;
    // Beyond the end of the layer zeros are read, whatever is below it.
    const beyond = from >= layer.size;
    const { kind, length } = beyond
      ? { kind: 'zero' as const, length: end - from }
      : await layer.extent(from, Math.min(end, layer.size) - from);
    at += length;
    if (kind === 'zero' && hides) await writeZeros(upper, from, length);
    if (kind !== 'data') continue;
    await eachStretch(await readBytes(layer, from, length), async (offset, part, zero) => {
      if (!zero) await upper.write(from + offset, [part]);
      else if (hides) await writeZeros(upper, from + offset, part.length);
    });
  }
}

/**
 * Writes what `upper` itself holds into `layer`, the image right below it, and as large, which then reads as `upper`
 * does. `upper` stays as it is and reads the same at every moment. Where `upper` is written meanwhile, the same must be
 * written to `layer` (`MirroredImage`).
 * @throws ImageError if the layer is too small
 */
export async function mergeDown(
  upper: DiskImage,
  layer: DiskImage,
  exclusively: Exclusively,
  control: OperationControl,
): Promise<void> {
  if (layer.size < upper.size)
    throw new ImageError('image-unsupported', 'The disk below is smaller than the one to be written into it.');
  await eachPiece(upper.size, control, (offset, length) =>
    exclusively(offset, length, () => pushPiece(upper, layer, offset, offset + length)),
  );
  await layer.flush();
}

async function pushPiece(upper: DiskImage, layer: DiskImage, start: number, end: number): Promise<void> {
  for (let at = start; at < end;) {
    const { kind, length } = await upper.extent(at, end - at);
    if (kind === 'data') await layer.write(at, [await readBytes(upper, at, length)]);
    else if (kind === 'zero') await writeZeros(layer, at, length);
    at += length;
  }
}
