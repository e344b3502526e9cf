import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { diskFormatSchema } from '../../../shared/config/machine-config.js';
import type { DiskJobReply, DiskJobRequest, ImageRef } from '../../../shared/disk-jobs/protocol.js';
import { ImageError, type DiskImage } from '../../vmm/block/disk-image.js';
import type {
  BackingReference,
  ImageDetails,
  ImageFormat,
  OperationControl,
} from '../../vmm/block/formats/format-driver.js';
import { mergeDown, mergeUp } from '../../vmm/block/operations/merge-layers.js';
import { openImageFile } from '../files/image-ports.js';
import { locateDisk, locked, withFile } from './open-disk.js';

type RequestOf<N extends DiskJobRequest['job']> = Extract<DiskJobRequest, { job: N }>;

/** Ended anywhere, the child reads the same, and the job can be done again. */
export async function mergeChildUp(
  { child, layer }: RequestOf<'merge-up'>,
  control: OperationControl,
): Promise<DiskJobReply<'merge-up'>> {
  await locked(child.path, async () => {
    if (await hasTakenIn(child, layer)) return;
    const format = await formatOfBacking(child, layer);
    const below = await backingOf({ path: layer, format, bases: child.bases });
    await opened(child, false, (image) => mergeUp(image, image.backing!, (_at, _length, work) => work(), control));
    const name = below && path.relative(path.dirname(await realpath(child.path)), below.path);
    await writeBacking(child, below && { name: name!, format: below.format });
  });
  return {};
}

/** Ended anywhere, the child reads the same, and the job can be done again. */
export async function mergeChildDown(
  { child, layer }: RequestOf<'merge-down'>,
  control: OperationControl,
): Promise<DiskJobReply<'merge-down'>> {
  await locked(child.path, async () => {
    const target = { path: layer, format: await formatOfBacking(child, layer), bases: child.bases };
    await locked(layer, () =>
      opened(child, true, async (upper) => {
        await resizeLayer(target, (present) => Math.max(present, upper.size));
        await opened(target, false, async (lower) => {
          if (lower.readonly)
            throw new ImageError('image-unsupported', `A ${lower.format} image of this kind cannot be written.`);
          await mergeDown(upper, lower, (_at, _length, work) => work(), control);
        });
        // Only what the child hid anyway is cut off.
        await resizeLayer(target, () => upper.size);
      }),
    );
  });
  return {};
}

export async function rebaseDisk({ image, backing }: RequestOf<'rebase'>): Promise<DiskJobReply<'rebase'>> {
  await locked(image.path, () => writeBacking(image, backing ?? undefined));
  return {};
}

/** Lends an image that this job has locked already, or that needs no lock. */
async function opened<T>(ref: ImageRef, readonly: boolean, use: (image: DiskImage) => Promise<T>): Promise<T> {
  const { driver, ports } = await locateDisk(ref, readonly);
  const image = await openImageFile(ref.path, driver.format, readonly, ports);
  try {
    return await use(image);
  } finally {
    await image.close();
  }
}

async function detailsOf(ref: ImageRef): Promise<ImageDetails> {
  const { driver, ports } = await locateDisk(ref, true);
  return withFile(ref.path, true, (file) => driver.details(file, ports));
}

/** What an image says it builds on, with the path that leads there. @throws ImageError if it does not say the format */
async function backingOf(ref: ImageRef): Promise<{ readonly path: string; readonly format: ImageFormat } | undefined> {
  const { backing } = await detailsOf(ref);
  if (backing === undefined) return undefined;
  const format = diskFormatSchema.safeParse(backing.format);
  if (!format.success)
    throw new ImageError('image-unsupported', `It builds on “${backing.name}”, whose format is not stated.`);
  return { path: path.resolve(path.dirname(await realpath(ref.path)), backing.name), format: format.data };
}

/** Whether a merge up was cut off when all but its end was durable: the child builds on what the layer builds on. */
async function hasTakenIn(child: ImageRef, layer: string): Promise<boolean> {
  const [own, below] = [
    await backingOf(child),
    await backingOf({ path: layer, format: null, bases: child.bases }).catch(() => undefined),
  ];
  return own !== undefined && below !== undefined && (await realpath(own.path)) === (await realpath(below.path));
}

/** Format of the layer as the child states it. @throws ImageError if the child builds on something else */
async function formatOfBacking(child: ImageRef, layer: string): Promise<ImageFormat> {
  const backing = await backingOf(child);
  if (backing === undefined || (await realpath(backing.path)) !== (await realpath(layer)))
    throw new ImageError('image-unsupported', `It does not build on ${layer}.`);
  return backing.format;
}

async function writeBacking(ref: ImageRef, backing: BackingReference | undefined): Promise<void> {
  const { driver } = await locateDisk(ref, true);
  const rebase = driver.rebase;
  if (rebase === undefined)
    throw new ImageError('image-unsupported', `A ${driver.format} image cannot be told to build on another.`);
  await withFile(ref.path, false, (file) => rebase(file, backing));
}

async function resizeLayer(ref: ImageRef, wanted: (present: number) => number): Promise<void> {
  const { size: present } = await detailsOf(ref);
  const size = wanted(present);
  if (size === present) return;
  const { driver, ports } = await locateDisk(ref, false);
  const resize = driver.resize;
  if (resize === undefined)
    throw new ImageError('image-unsupported', `A ${driver.format} image cannot take the size of the disk above it.`);
  await withFile(ref.path, false, async (file) => {
    await resize(file, ports, size);
    await file.sync();
  });
}
