import { realpath } from 'node:fs/promises';
import path from 'node:path';
import type { BlockServer } from '../../vmm/block/block-server.js';
import { ImageError, type DiskImage } from '../../vmm/block/disk-image.js';
import type { ImageFormat } from '../../vmm/block/formats/image-format.js';
import { lockImage, type ImageLock } from '../files/image-lock.js';
import { imagePorts, openImageFile, type OpenLayer } from '../files/image-ports.js';

/** How a file is to be opened for a drive. */
export interface MediumSource {
  readonly path: string;
  readonly format: ImageFormat;
  readonly readonly: boolean;
  /** The only files it may build on; without them, those in its folder or below. */
  readonly bases?: readonly string[];
}

/** A file in a drive: opened, locked if it is written, and attached to the block server. */
export class DriveMedium {
  private constructor(
    private readonly blocks: BlockServer,
    /** Of the image at the block server; stays the same when the drive goes over to an overlay. */
    readonly number: number,
    private head: OpenLayer,
    /** What the head builds on, nearest first. */
    private below: readonly OpenLayer[],
    private lock: ImageLock | undefined,
  ) {}

  /** @throws FileError, ImageError */
  static async open(blocks: BlockServer, { path: file, format, readonly, bases }: MediumSource): Promise<DriveMedium> {
    const lock = readonly ? undefined : await lockImage(file);
    try {
      const below: OpenLayer[] = [];
      // Told from the lowest up.
      const opened = (layer: OpenLayer): unknown => below.unshift(layer);
      const ports = await imagePorts(file, { readonly, opened, ...(bases ? { bases } : {}) });
      const image = await openImageFile(file, format, readonly, ports);
      if (!readonly && image.readonly && format !== 'iso') throw await refusedToWrite(image);
      return new DriveMedium(blocks, blocks.attach(image), { path: file, image }, below, lock);
    } catch (error) {
      await lock?.release();
      throw error;
    }
  }

  get path(): string {
    return this.head.path;
  }

  get image(): DiskImage {
    return this.head.image;
  }

  /** The head and what it builds on, nearest first. */
  get layers(): readonly OpenLayer[] {
    return [this.head, ...this.below];
  }

  /** Closes the files once requests under way have ended. */
  async close(): Promise<void> {
    await this.blocks.detach(this.number);
    try {
      await this.image.flush().catch(() => {});
      await this.image.close();
    } finally {
      await this.lock?.release();
    }
  }

  /**
   * Opens an empty overlay over the image in use, and makes durable what was written so far, so that little is left to
   * do when the drive goes over to it. @throws FileError, ImageError if the file is no overlay of this image
   */
  async prepareOverlay(file: string): Promise<PreparedOverlay> {
    const lock = await lockImage(file);
    try {
      const ports = { ...(await imagePorts(file)), openBacking: (name: string) => this.asBacking(file, name) };
      const image = await openImageFile(file, 'qcow2', false, ports);
      if (image.backing === undefined || image.size !== this.image.size) {
        image.replaceBacking?.(undefined);
        await image.close();
        throw notAnOverlay(file);
      }
      await this.image.flush();
      return { medium: this, layer: { path: file, image }, lock };
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  /** Goes over to an overlay; while the block server holds the image. @returns the lock on the file that is now below */
  adopt({ layer, lock }: PreparedOverlay): ImageLock | undefined {
    const old = this.lock;
    this.below = this.layers;
    this.head = layer;
    this.lock = lock;
    this.blocks.replace(this.number, layer.image);
    return old;
  }

  /** The layer in the file at `file`, if the disk is made of it. */
  async layerAt(file: string): Promise<OpenLayer | undefined> {
    const wanted = await realpath(file).catch(() => path.resolve(file));
    for (const layer of this.layers)
      if ((await realpath(layer.path).catch(() => path.resolve(layer.path))) === wanted) return layer;
    return undefined;
  }

  /** Requests go to another image of the head's content; while the block server holds the old one. */
  serve(image: DiskImage): void {
    this.head = { path: this.head.path, image };
    this.blocks.replace(this.number, image);
  }

  /**
   * The layer below the head, which has the same content, takes its place; while the block server holds the image.
   * @param lock on that layer's file @returns the lock on the head's
   */
  descend(lock: ImageLock): ImageLock | undefined {
    const old = this.lock;
    const [head, ...below] = this.below;
    this.head = head!;
    this.below = below;
    this.lock = lock;
    this.blocks.replace(this.number, this.head.image);
    return old;
  }

  /** Takes another image of the same content for one of the layers below the head, or none. */
  substitute(layer: OpenLayer, by: OpenLayer | undefined): void {
    this.below = this.below.flatMap((candidate) => (candidate !== layer ? [candidate] : by ? [by] : []));
  }

  /** Puts an image of the same file in the place of a layer below the head, and closes that; while the block server holds the image. */
  async exchange(layer: OpenLayer, by: OpenLayer): Promise<void> {
    this.layers[this.layers.indexOf(layer) - 1]!.image.replaceBacking!(by.image);
    this.substitute(layer, by);
    layer.image.replaceBacking?.(undefined);
    await layer.image.close();
  }

  private async asBacking(overlay: string, name: string): Promise<DiskImage> {
    const target = await realpath(path.resolve(path.dirname(overlay), name)).catch(() => undefined);
    if (target !== (await realpath(this.path))) throw notAnOverlay(overlay);
    return this.image;
  }
}

/**
 * Opens a layer once more, for writing, on what it builds on now. @throws FileError; ImageError, also if what it builds on
 * would be closed with it
 */
export async function openWritable({ path: file, image }: OpenLayer): Promise<OpenLayer> {
  const { backing } = image;
  if (backing && !image.replaceBacking)
    throw new ImageError('image-unsupported', 'Layers of this format cannot be merged while the machine runs.');
  const ports = { ...(await imagePorts(file, { readonly: false })), openBacking: () => Promise.resolve(backing!) };
  return { path: file, image: await openImageFile(file, image.format as ImageFormat, false, ports) };
}

/** An overlay that is open and waits for its drive to go over to it. */
export interface PreparedOverlay {
  readonly medium: DriveMedium;
  readonly layer: OpenLayer;
  readonly lock: ImageLock;
}

/** A guest would take its writes for a broken disk. An ISO image is known to be read only, wherever it is. */
async function refusedToWrite(image: DiskImage): Promise<ImageError> {
  await image.close();
  return new ImageError(
    'image-read-only',
    `a ${image.format} image of this kind can only be read. Take a snapshot first, convert the disk to qcow2, or make it read-only.`,
  );
}

function notAnOverlay(file: string): ImageError {
  return new ImageError('image-damaged', `${file} does not build on the disk in use.`);
}
