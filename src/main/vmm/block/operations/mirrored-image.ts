import type { DiskImage, Extent } from '../disk-image.js';
import type { Vectors } from '../vectors.js';

/**
 * A disk kept in two images, of which the upper builds on the lower and is read: what is written goes to the upper first,
 * then to the lower. So the upper reads as the disk at every moment, and the lower does where it has been made equal.
 * While it is being made equal nobody depends on the lower, and a write that fails there is no failure of the disk's
 * ({@link assertKept} tells); once bound, both must take every write.
 */
export class MirroredImage implements DiskImage {
  readonly format: string;
  readonly size: number;
  readonly readonly = false;
  private bound = false;
  private failed = false;
  private failure: unknown;

  constructor(
    private readonly upper: DiskImage,
    private readonly lower: DiskImage,
  ) {
    this.format = upper.format;
    this.size = upper.size;
  }

  get backing(): DiskImage | undefined {
    return this.upper.backing;
  }

  /** @throws why the lower image does not have all that was written */
  assertKept(): void {
    if (this.failed) throw this.failure;
  }

  /** From now on a write that fails below fails. @throws as {@link assertKept} */
  bind(): void {
    this.assertKept();
    this.bound = true;
  }

  read(offset: number, targets: Vectors): Promise<void> {
    return this.upper.read(offset, targets);
  }

  async write(offset: number, sources: Vectors): Promise<void> {
    await this.upper.write(offset, sources);
    await this.below(() => this.lower.write(offset, sources));
  }

  /** Nothing happens: the two might give different answers to what was there. */
  discard(): Promise<void> {
    return Promise.resolve();
  }

  extent(offset: number, length: number): Promise<Extent> {
    return this.upper.extent(offset, length);
  }

  async flush(): Promise<void> {
    await this.upper.flush();
    await this.below(() => this.lower.flush());
  }

  /** Closes both: the lower is the upper's. */
  async close(): Promise<void> {
    try {
      await this.below(() => this.lower.flush());
    } finally {
      await this.upper.close();
    }
  }

  private async below(work: () => Promise<void>): Promise<void> {
    if (this.failed) return;
    try {
      await work();
    } catch (error) {
      if (this.bound) throw error;
      this.failed = true;
      this.failure = error;
    }
  }
}
