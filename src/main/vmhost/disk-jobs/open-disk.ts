import type { ImageRef } from '../../../shared/disk-jobs/protocol.js';
import { FileError, ImageError, type DiskImage, type FilePort } from '../../vmm/block/disk-image.js';
import type { FormatDriver, ImageFormat } from '../../vmm/block/formats/format-driver.js';
import { DETECT_BYTES, detectFormat, driverOf, type ImagePorts } from '../../vmm/block/formats/image-format.js';
import { lockImage, refuseLocked } from '../files/image-lock.js';
import { imagePorts, openImageFile } from '../files/image-ports.js';
import { openNodeFile } from '../files/node-file.js';
import { errorOfFile } from '../vm-errors.js';

/** An image whose format is known, and what it may reach. */
export interface DiskFile {
  readonly path: string;
  readonly driver: FormatDriver;
  readonly ports: ImagePorts;
}

/** @throws FileError */
export async function locateDisk({ path, format, bases }: ImageRef, readonly: boolean): Promise<DiskFile> {
  const driver = driverOf(format ?? (await recognise(path)));
  return { path, driver, ports: await imagePorts(path, { readonly, ...(bases ? { bases } : {}) }) };
}

/**
 * Lends the opened image for reading.
 * @throws AnnexError naming the image if it cannot be opened, `image-locked` if a machine may be writing it
 */
export async function reading<T>(ref: ImageRef, use: (image: DiskImage, disk: DiskFile) => Promise<T>): Promise<T> {
  const { image, disk } = await openForReading(ref).catch((error: unknown) => {
    // A job has several files: what opening this one says would else be told of the one that is made.
    throw error instanceof FileError || error instanceof ImageError ? errorOfFile(error, ref.path) : error;
  });
  try {
    return await use(image, disk);
  } finally {
    await image.close();
  }
}

async function openForReading(ref: ImageRef): Promise<{ image: DiskImage; disk: DiskFile }> {
  await refuseLocked(ref.path);
  const disk = await locateDisk(ref, true);
  return { image: await openImageFile(ref.path, disk.driver.format, true, disk.ports), disk };
}

/** Lends the file of an image, for work on the image as a whole. */
export async function withFile<T>(path: string, readonly: boolean, use: (file: FilePort) => Promise<T>): Promise<T> {
  const file = await openNodeFile(path, { readonly });
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

export async function locked<T>(path: string, work: () => Promise<T>): Promise<T> {
  const lock = await lockImage(path);
  try {
    return await work();
  } finally {
    await lock.release();
  }
}

/** What a file that a person chose looks like: by its start or, for a fixed VHD, by its end. */
async function recognise(path: string): Promise<ImageFormat> {
  return withFile(path, true, async (file) => {
    const head = new Uint8Array(DETECT_BYTES);
    const found = detectFormat(head.subarray(0, await file.read(0, head)));
    if (found !== 'raw') return found;
    const foot = new Uint8Array(512);
    await file.read(Math.max(0, (await file.size()) - foot.length), foot);
    return detectFormat(foot) === 'vhd' ? 'vhd' : 'raw';
  });
}
