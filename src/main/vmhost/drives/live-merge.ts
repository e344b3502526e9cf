import path from 'node:path';
import type { BlockServer } from '../../vmm/block/block-server.js';
import { ImageError } from '../../vmm/block/disk-image.js';
import type { ImageFormat, OperationControl } from '../../vmm/block/formats/format-driver.js';
import { driverOf } from '../../vmm/block/formats/image-format.js';
import { mergeUp } from '../../vmm/block/operations/merge-layers.js';
import type { OpenLayer } from '../files/image-ports.js';
import { lockImage } from '../files/image-lock.js';
import { openNodeFile } from '../files/node-file.js';
import { openWritable, type DriveMedium } from './drive-medium.js';

/**
 * Takes a layer out of the chain of a drive while its guest runs: what the layer above reads of it is copied up, piece
 * by piece, then that one says that it builds on what the layer built on. The guest reads the same at every moment; if
 * it ends anywhere, even with the process, it can be begun again. The layer's file stays.
 */
export class LiveMerge {
  constructor(
    private readonly blocks: BlockServer,
    private readonly medium: DriveMedium,
  ) {}

  /** @throws FileError, ImageError, or what `control` throws */
  async run(layerPath: string, control: OperationControl): Promise<void> {
    const { upper, layer } = await this.find(layerPath);
    if (upper.image.replaceBacking === undefined || (layer.image.backing && !layer.image.replaceBacking))
      throw new ImageError('image-unsupported', 'Layers of this format cannot be merged while the machine runs.');
    const lock = upper.image.readonly ? await lockImage(upper.path) : undefined;
    try {
      const writable = upper.image.readonly ? await this.reopen(upper) : upper;
      await mergeUp(
        writable.image,
        layer.image,
        (offset, length, work) => this.exclusively(offset, length, work),
        control,
      );
      await this.drop(writable, layer);
    } finally {
      await lock?.release();
    }
  }

  /** The head may be written by the guest; what is below it is written by nobody but this. */
  private exclusively(offset: number, length: number, work: () => Promise<void>): Promise<void> {
    return this.blocks.exclusively(this.medium.number, offset, length, work);
  }

  private async find(layerPath: string): Promise<{ readonly upper: OpenLayer; readonly layer: OpenLayer }> {
    const layer = await this.medium.layerAt(layerPath);
    const upper = layer && this.medium.layers[this.medium.layers.indexOf(layer) - 1];
    if (!upper) throw new ImageError('image-unsupported', `${layerPath} is no layer of this drive's disk.`);
    return { upper, layer };
  }

  /** Opens a layer once more, for writing, and puts it in the place of the one that can only be read. */
  private async reopen(upper: OpenLayer): Promise<OpenLayer> {
    const writable = await openWritable(upper);
    await this.blocks.alone(this.medium.number, () => this.medium.exchange(upper, writable));
    return writable;
  }

  /** First the file says that it builds on what is below the layer, then the open image goes on with it. */
  private async drop(upper: OpenLayer, layer: OpenLayer): Promise<void> {
    const below = this.medium.layers[this.medium.layers.indexOf(layer) + 1];
    const file = await openNodeFile(upper.path, { readonly: false });
    try {
      const name = below && path.relative(path.dirname(upper.path), below.path);
      const backing = below && { name: name!, format: below.image.format as ImageFormat };
      await driverOf('qcow2').rebase!(file, backing);
    } finally {
      await file.close();
    }
    await this.blocks.alone(this.medium.number, async () => {
      upper.image.replaceBacking!(below?.image);
      this.medium.substitute(layer, undefined);
      layer.image.replaceBacking?.(undefined);
      await layer.image.close();
    });
  }
}
