import path from 'node:path';
import type { BlockServer } from '../../vmm/block/block-server.js';
import { ImageError } from '../../vmm/block/disk-image.js';
import type { ImageFormat, OperationControl } from '../../vmm/block/formats/format-driver.js';
import { driverOf } from '../../vmm/block/formats/image-format.js';
import { mergeDown } from '../../vmm/block/operations/merge-layers.js';
import { MirroredImage } from '../../vmm/block/operations/mirrored-image.js';
import { lockImage, type ImageLock } from '../files/image-lock.js';
import { imagePorts, type OpenLayer } from '../files/image-ports.js';
import { openNodeFile } from '../files/node-file.js';
import { openWritable, type DriveMedium } from './drive-medium.js';

/** Formats whose data stay where they are when the disk grows: what is open for reading goes on being right. */
const GROWN_IN_PLACE: ReadonlySet<string> = new Set<ImageFormat>(['raw', 'qcow2']);

/** Paths of a layer and of the one right above it, which is written into it. */
export interface MergePlaces {
  readonly layer: string;
  readonly child: string;
}

interface Pair {
  readonly child: OpenLayer;
  readonly lower: OpenLayer;
}

/**
 * Writes what a layer of a drive holds into the one below, which takes its place, while the guest runs and reads the same
 * at every moment.
 *
 * A layer that others build on is not written any more: once all is below and durable, the one above it says that it
 * builds on that. The head is written by the guest: from before the copy begins each write goes to it and then below as
 * well ({@link MirroredImage}), so when the copy is made both are the disk, and stay so until the host has said in the
 * machine's documents which of the two counts and asks for {@link finish}. Whoever dies when, the one they name is right.
 */
export class LiveMergeDown {
  private lock: ImageLock | undefined;
  private mirror: MirroredImage | undefined;
  private pair: Pair | undefined;

  private merged = false;

  constructor(
    private readonly blocks: BlockServer,
    private readonly medium: DriveMedium,
    private readonly places: MergePlaces,
  ) {}

  /** Whether the drive is served from two layers, or is about to be. */
  get isMirroring(): boolean {
    return this.mirror !== undefined;
  }

  /** Whether the file below is locked, and may be written. */
  get holdsFile(): boolean {
    return this.lock !== undefined;
  }

  /** Whether it is this merge, done but for {@link finish}. */
  awaitsFinish({ layer, child }: MergePlaces): boolean {
    return this.merged && this.isMirroring && layer === this.places.layer && child === this.places.child;
  }

  /**
   * @returns whether the drive is served from both until {@link finish}; else the child is not needed any more
   * @throws FileError, ImageError, or what `control` throws; the disk is the child's then as before
   */
  async run(control: OperationControl): Promise<boolean> {
    const found = await this.find();
    if (!found) return false;
    this.lock = await lockImage(found.lower.path);
    try {
      await this.copy(found, control);
    } catch (error) {
      await this.leave();
      throw error;
    }
    this.merged = true;
    return this.isMirroring;
  }

  /** The layer below serves the drive alone. The documents name it. */
  async finish(): Promise<void> {
    const { mirror, pair, lock } = this;
    if (!mirror || !pair || !lock) return;
    const childLock = await this.alone(() => {
      pair.child.image.replaceBacking!(undefined);
      return Promise.resolve(this.medium.descend(lock));
    });
    this.mirror = this.lock = undefined;
    // What it could not write is of no use any more.
    await pair.child.image.close().catch(() => {});
    await childLock?.release();
  }

  /** Lets go of the file below, once the drive is closed. */
  async release(): Promise<void> {
    await this.lock?.release();
  }

  private async copy(found: Pair, control: OperationControl): Promise<void> {
    const head = this.medium.layers[0] === found.child;
    const pair = await this.alone(() => this.begin(found, head));
    const checkpoint = (): void => {
      control.checkpoint();
      this.mirror?.assertKept();
    };
    const exclusively = (offset: number, length: number, work: () => Promise<void>): Promise<void> =>
      this.blocks.exclusively(this.medium.number, offset, length, work);
    await mergeDown(pair.child.image, pair.lower.image, exclusively, { ...control, checkpoint });
    if (head) await this.alone(() => this.bind());
    else await this.replace(pair);
  }

  private async begin({ child, lower }: Pair, head: boolean): Promise<Pair> {
    const writable = await this.writable(lower, child.image.size);
    this.pair = { child, lower: writable };
    if (head) this.medium.serve((this.mirror = new MirroredImage(child.image, writable.image)));
    return this.pair;
  }

  /** What was written through another object once is written through it again: two would not know of each other. */
  private async writable(lower: OpenLayer, size: number): Promise<OpenLayer> {
    if (lower.image.size !== size) await grow(lower, size);
    else if (!lower.image.readonly) return lower;
    const writable = await openWritable(lower);
    if (writable.image.readonly) {
      writable.image.replaceBacking?.(undefined);
      await writable.image.close();
      throw new ImageError('image-read-only', `a ${lower.image.format} image of this kind can only be read.`);
    }
    await this.medium.exchange(lower, writable);
    return writable;
  }

  private async bind(): Promise<void> {
    await this.mirror!.flush();
    this.mirror!.bind();
  }

  /** First the file of the layer above says that it builds on what is below, then the open image goes on with it. */
  private async replace({ child, lower }: Pair): Promise<void> {
    await this.alone(() => settle(lower));
    const upper = this.medium.layers[this.medium.layers.indexOf(child) - 1]!;
    await rebase(upper, child, lower);
    await this.alone(async () => {
      upper.image.replaceBacking!(lower.image);
      this.medium.substitute(child, undefined);
      child.image.replaceBacking!(undefined);
      await child.image.close();
    });
    await this.lock?.release();
    this.lock = undefined;
  }

  /** The head alone serves the drive again. A layer below that cannot be left in order stays locked until it is closed. */
  private async leave(): Promise<void> {
    const { pair, mirror } = this;
    this.mirror = undefined;
    try {
      await this.alone(async () => {
        if (pair && mirror) this.medium.serve(pair.child.image);
        if (pair) await settle(pair.lower);
      });
    } catch {
      return;
    }
    await this.lock?.release();
    this.lock = undefined;
  }

  /** Nothing if it has been done before, and the documents do not know yet. @throws ImageError */
  private async find(): Promise<Pair | undefined> {
    const [lower, child] = [await this.medium.layerAt(this.places.layer), await this.medium.layerAt(this.places.child)];
    if (lower && !child) return undefined;
    const { layers } = this.medium;
    const index = child ? layers.indexOf(child) : -1;
    if (!lower || !child || layers[index + 1] !== lower)
      throw new ImageError('image-unsupported', `${this.places.layer} is no layer of this drive's disk.`);
    if (!child.image.replaceBacking || (index > 0 && !layers[index - 1]!.image.replaceBacking))
      throw new ImageError('image-unsupported', 'Layers of this format cannot be merged while the machine runs.');
    return { child, lower };
  }

  private alone<T>(work: () => Promise<T>): Promise<T> {
    return this.blocks.alone(this.medium.number, work);
  }
}

async function settle({ image }: OpenLayer): Promise<void> {
  await image.flush();
  await image.settle?.();
}

/** @throws ImageError if the disk would have to shrink, or its format moves data when it grows */
async function grow({ path: file, image }: OpenLayer, size: number): Promise<void> {
  const { resize } = driverOf(image.format as ImageFormat);
  if (image.size > size || !resize || !GROWN_IN_PLACE.has(image.format))
    throw new ImageError('image-unsupported', 'The disk below has another size; the machine must be off to change it.');
  const port = await openNodeFile(file, { readonly: false });
  try {
    await resize(port, await imagePorts(file), size);
    await port.sync();
  } finally {
    await port.close();
  }
}

/** Makes a layer say that it builds on `lower` in the place of `child`, which names it. */
async function rebase(upper: OpenLayer, child: OpenLayer, lower: OpenLayer): Promise<void> {
  const { details, rebase: write } = driverOf('qcow2');
  const named = await openNodeFile(child.path, { readonly: true });
  const file = await openNodeFile(upper.path, { readonly: false });
  try {
    const { backing } = await details(named, await imagePorts(child.path));
    const name = path.isAbsolute(backing!.name) ? backing!.name : path.relative(path.dirname(upper.path), lower.path);
    await write!(file, { name, format: lower.image.format as ImageFormat });
  } finally {
    await named.close();
    await file.close();
  }
}
