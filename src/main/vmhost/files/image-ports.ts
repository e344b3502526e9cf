import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { inflateRaw } from 'node:zlib';
import { ImageError, type DiskImage } from '../../vmm/block/disk-image.js';
import { openImage, type ImageFormat, type ImagePorts } from '../../vmm/block/formats/image-format.js';
import { openNodeFile } from './node-file.js';

/** Longest chain of backing files. */
const MAX_CHAIN = 32;

const BACKING_FORMATS: ReadonlySet<string> = new Set<ImageFormat>(['raw', 'qcow2']);

/**
 * What the image at `image` may reach: backing files in its own folder or below, whose format it names. An image is
 * untrusted input, so a name that leads elsewhere, also through a symbolic link, is refused.
 */
export async function imagePorts(image: string): Promise<ImagePorts> {
  const file = await realpath(image);
  return portsOf(file, path.dirname(file), [file]);
}

function portsOf(image: string, folder: string, chain: readonly string[]): ImagePorts {
  return {
    inflate,
    openBacking: (name, format) => openBacking(image, folder, chain, name, format),
  };
}

async function openBacking(
  image: string,
  folder: string,
  chain: readonly string[],
  name: string,
  format: string | undefined,
): Promise<DiskImage> {
  const refuse = (why: string) => new ImageError('image-unsupported', `${image} builds on “${name}”: ${why}.`);
  if (format === undefined || !BACKING_FORMATS.has(format)) throw refuse('its format is not stated or not supported');
  const target = await realpath(path.resolve(path.dirname(image), name)).catch(() => undefined);
  if (target === undefined) throw refuse('that file is missing');
  if (!target.startsWith(folder + path.sep)) throw refuse('that file is outside the folder of the disk');
  if (chain.includes(target) || chain.length >= MAX_CHAIN) throw refuse('the chain of disks never ends');
  const file = await openNodeFile(target, { readonly: true });
  try {
    return await openImage(format as ImageFormat, file, portsOf(target, folder, [...chain, target]));
  } catch (error) {
    await file.close();
    throw error;
  }
}

function inflate(source: Uint8Array, size: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    inflateRaw(source, { maxOutputLength: size }, (error, bytes) => {
      if (error) reject(new ImageError('image-damaged', 'compressed data is damaged', { cause: error }));
      else resolve(bytes);
    });
  });
}
