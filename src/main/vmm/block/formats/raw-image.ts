import { SECTOR_BYTES } from '../block-device.js';
import { FileError, type DiskImage, type Extent, type FilePort } from '../disk-image.js';
import { sliceVectors, vectorLength, zeroVectors, type Vectors } from '../vectors.js';

/** The disk's bytes as they are. A file whose length is no multiple of 512 is a disk rounded up, its end reading zero. */
export class RawImage implements DiskImage {
  readonly backing = undefined;

  private constructor(
    readonly format: 'raw' | 'iso',
    private readonly file: FilePort,
    /** Bytes the file had when it was opened. */
    private readonly fileBytes: number,
    readonly readonly: boolean,
  ) {}

  get size(): number {
    return roundUp(this.fileBytes);
  }

  static async open(file: FilePort): Promise<RawImage> {
    return new RawImage('raw', file, await file.size(), file.readonly);
  }

  /** An ISO 9660 image: the same bytes, never written. */
  static async openIso(file: FilePort): Promise<RawImage> {
    return new RawImage('iso', file, await file.size(), true);
  }

  /** @throws FileError `io-error` if the file has been cut since it was opened: its end is lost, and does not read zero */
  async read(offset: number, targets: Vectors): Promise<void> {
    const done = await this.file.readv(offset, targets);
    const lacking = vectorLength(targets) - done;
    if (lacking === 0) return;
    if (offset + done < this.fileBytes) throw new FileError('io-error', 'the file has become shorter');
    zeroVectors(sliceVectors(targets, done, lacking));
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
