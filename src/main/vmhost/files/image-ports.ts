import { realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { deflateRaw, inflateRaw } from 'node:zlib';
import { ImageError, type DiskImage, type FilePort } from '../../vmm/block/disk-image.js';
import { openImage, type ImageFormat, type ImagePorts } from '../../vmm/block/formats/image-format.js';
import { openNodeFile } from './node-file.js';

/** Longest chain of backing files. */
const MAX_CHAIN = 32;

const BACKING_FORMATS: ReadonlySet<string> = new Set<ImageFormat>(['raw', 'qcow2', 'vmdk', 'vhd', 'vhdx', 'vdi']);

/** Files an image may reach, besides itself. An image is untrusted input: a name that leads elsewhere is refused. */
interface Reach {
  readonly image: string;
  /** Real paths of the only files allowed, nearest first; without them, everything in `folder` or below is. */
  readonly allowed: readonly string[] | undefined;
  readonly folder: string;
  /** Real paths of the image and those that build on it. */
  readonly chain: readonly string[];
  readonly readonly: boolean;
  readonly opened: ((layer: OpenLayer) => void) | undefined;
}

/** An image that another one builds on, with the file it is in. */
export interface OpenLayer {
  readonly path: string;
  readonly image: DiskImage;
}

/** What an image may reach. */
export interface ImageAccess {
  /**
   * The only files it may build on, nearest first; without them, those in its own folder or below. The last is a disk a
   * person brought: what it builds on itself must be in its own folder or below.
   */
  readonly bases?: readonly string[];
  /** Whether parts of the image are opened for reading only. */
  readonly readonly?: boolean;
  /** Told of every image that is opened because another one builds on it. */
  readonly opened?: (layer: OpenLayer) => void;
}

/** What the image at `image`, there or yet to be made, may use: files in its reach, symbolic links resolved, and the host's deflate. */
export async function imagePorts(image: string, access: ImageAccess = {}): Promise<ImagePorts> {
  const file = await realpath(image).catch(() => pathOfNew(image));
  return portsOf({
    image: file,
    allowed: access.bases && (await Promise.all(access.bases.map((base) => realpath(base).catch(() => base)))),
    folder: path.dirname(file),
    chain: [file],
    readonly: access.readonly ?? true,
    opened: access.opened,
  });
}

/** Where an image will be that is yet to be made. */
async function pathOfNew(image: string): Promise<string> {
  return path.join(await realpath(path.dirname(image)), path.basename(image));
}

function portsOf(reach: Reach): ImagePorts {
  return {
    inflate,
    deflate,
    openBacking: (name, format) => openBacking(reach, name, format),
    openPart: (name) => openPart(reach, name),
  };
}

async function openBacking(reach: Reach, name: string, format: string | undefined): Promise<DiskImage> {
  if (format === undefined || !BACKING_FORMATS.has(format))
    throw refusal(reach, name, 'its format is not stated or not supported');
  const target = await resolveName(reach, name);
  if (reach.chain.includes(target) || reach.chain.length >= MAX_CHAIN)
    throw refusal(reach, name, 'the chain of disks never ends');
  const isLast = reach.allowed?.at(-1) === target;
  const ports = portsOf({
    ...reach,
    image: target,
    ...(isLast ? { allowed: undefined, folder: path.dirname(target) } : {}),
    chain: [...reach.chain, target],
    readonly: true,
  });
  const image = await openImageFile(target, format as ImageFormat, true, ports);
  reach.opened?.({ path: target, image });
  return image;
}

/** Opens the image in a file. @throws FileError, ImageError; the file is closed then */
export async function openImageFile(
  image: string,
  format: ImageFormat,
  readonly: boolean,
  ports: ImagePorts,
): Promise<DiskImage> {
  const file = await openNodeFile(image, { readonly });
  try {
    return await openImage(format, file, ports);
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function openPart(reach: Reach, name: string): Promise<FilePort> {
  const own = { ...reach, allowed: undefined, folder: path.dirname(reach.image) };
  return openNodeFile(await resolveName(own, name), { readonly: reach.readonly });
}

async function resolveName(reach: Reach, name: string): Promise<string> {
  const target = await realpath(path.resolve(path.dirname(reach.image), name)).catch(() => undefined);
  if (target === undefined) throw refusal(reach, name, 'that file is missing');
  const inReach = reach.allowed ? reach.allowed.includes(target) : target.startsWith(reach.folder + path.sep);
  if (!inReach) throw refusal(reach, name, 'that file is outside the folder of the disk');
  // Opening a pipe would wait for somebody who writes to it.
  if (!reach.allowed && !(await stat(target)).isFile()) throw refusal(reach, name, 'that is no file');
  return target;
}

function refusal({ image }: Reach, name: string, why: string): ImageError {
  return new ImageError('image-unsupported', `${image} builds on “${name}”: ${why}.`);
}

function deflate(source: Uint8Array): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    deflateRaw(source, { windowBits: 12 }, (error, bytes) => (error ? reject(error) : resolve(bytes)));
  });
}

function inflate(source: Uint8Array, size: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    inflateRaw(source, { maxOutputLength: size }, (error, bytes) => {
      if (error) reject(new ImageError('image-damaged', 'compressed data is damaged', { cause: error }));
      else resolve(bytes);
    });
  });
}
