import { SECTOR_BYTES } from '../block-device.js';
import type { DiskImage, Extent, FilePort } from '../disk-image.js';
import { sliceVectors, vectorLength, zeroVectors, type Vectors } from '../vectors.js';

/** The disk's bytes as they are. A file whose length is no multiple of 512 is a disk rounded up, its end reading zero. */
export class RawImage implements DiskImage {
  readonly backing = undefined;

  private constructor(
    readonly format: 'raw' | 'iso',
    private readonly file: FilePort,
    readonly size: number,
    readonly readonly: boolean,
  ) {}

  static async open(file: FilePort): Promise<RawImage> {
    return new RawImage('raw', file, roundUp(await file.size()), file.readonly);
  }

  /** An ISO 9660 image: the same bytes, never written. */
  static async openIso(file: FilePort): Promise<RawImage> {
    return new RawImage('iso', file, roundUp(await file.size()), true);
  }

  async read(offset: number, targets: Vectors): Promise<void> {
    const done = await this.file.readv(offset, targets);
    zeroVectors(sliceVectors(targets, done, vectorLength(targets) - done));
  }

  write(offset: number, sources: Vectors): Promise<void> {
    return this.file.writev(offset, sources);
  }

  discard(offset: number, length: number): Promise<void> {
    return this.file.punchHole(offset, length);
  }

  extent(offset: number, length: number): Promise<Extent> {
    return this.file.allocation(offset, length);
  }

  flush(): Promise<void> {
    return this.file.sync();
  }

  close(): Promise<void> {
    return this.file.close();
  }
}

function roundUp(bytes: number): number {
  return Math.ceil(bytes / SECTOR_BYTES) * SECTOR_BYTES;
}
