import type { MemorySegment } from '../memory/guest-memory.js';
import { SECTOR_BYTES, type BlockInfo, type BlockRequest, type BlockStatus } from './block-device.js';
import { FileError, type DiskImage } from './disk-image.js';
import { OverlapOrder } from './overlap-order.js';

/** A request as the I/O thread gets it. */
export type ServedRequest = Pick<BlockRequest, 'op' | 'sector' | 'count' | 'segments'>;

/** What a drive has moved since it was attached. */
export interface BlockCounters {
  readBytes: number;
  writeBytes: number;
  reads: number;
  writes: number;
  flushes: number;
}

interface AttachedImage {
  image: DiskImage;
  /** While set, new requests wait for its end. */
  hold: Promise<void> | undefined;
  readonly order: OverlapOrder;
  readonly flushes: Set<Promise<void>>;
  readonly counters: BlockCounters;
}

/**
 * Runs block requests on disk images, on the I/O thread, many at a time. Bytes go straight between image and the
 * machine's shared memory.
 */
export class BlockServer {
  private readonly images = new Map<number, AttachedImage>();
  private nextNumber = 1;

  /** @param memory the machine's whole memory, which segments point into */
  constructor(private readonly memory: Uint8Array) {}

  /** Makes an image reachable; returns its number, never used twice. The caller keeps owning the image. */
  attach(image: DiskImage): number {
    const number = this.nextNumber++;
    const counters = { readBytes: 0, writeBytes: 0, reads: 0, writes: 0, flushes: 0 };
    this.images.set(number, { image, hold: undefined, order: new OverlapOrder(), flushes: new Set(), counters });
    return number;
  }

  /** What the machine's side must know of an attached image. */
  info(number: number): BlockInfo {
    const attached = this.images.get(number);
    if (attached === undefined) return { sectors: 0, readonly: true };
    return { sectors: Math.floor(attached.image.size / SECTOR_BYTES), readonly: attached.image.readonly };
  }

  counters(number: number): Readonly<BlockCounters> | undefined {
    return this.images.get(number)?.counters;
  }

  /** Takes new requests from the image no more and waits for those under way; then the image may be closed. */
  async detach(number: number): Promise<void> {
    const attached = this.images.get(number);
    if (attached === undefined) return;
    this.images.delete(number);
    await idle(attached);
  }

  /**
   * Lets `work` have the image to itself: waits for requests under way and makes new ones wait. It may put another image
   * in its place by {@link replace}.
   */
  async alone<T>(number: number, work: () => Promise<T>): Promise<T> {
    const attached = this.images.get(number)!;
    while (attached.hold) await attached.hold;
    let release = (): void => {};
    attached.hold = new Promise((resolve) => (release = resolve));
    try {
      await idle(attached);
      return await work();
    } finally {
      attached.hold = undefined;
      release();
    }
  }

  /** Runs `work` as a request that changes [start, start + length): those that overlap come before it or after it. */
  async exclusively<T>(number: number, start: number, length: number, work: () => Promise<T>): Promise<T> {
    const attached = this.images.get(number)!;
    while (attached.hold) await attached.hold;
    return attached.order.run(start, start + length, true, work);
  }

  /** Requests go to another image of the same size from now on; only while the old one is held by {@link alone}. */
  replace(number: number, image: DiskImage): void {
    this.images.get(number)!.image = image;
  }

  /** Never rejects. */
  async run(number: number, request: ServedRequest): Promise<BlockStatus> {
    const attached = this.images.get(number);
    if (attached === undefined) return 'no-medium';
    try {
      while (attached.hold) await attached.hold;
      await this.dispatch(attached, request);
      return 'ok';
    } catch (error) {
      return statusOf(error);
    }
  }

  private dispatch(attached: AttachedImage, { op, sector, count, segments }: ServedRequest): Promise<void> {
    const { image, order, counters } = attached;
    const start = sector * SECTOR_BYTES;
    const length = count * SECTOR_BYTES;
    const inOrder = (changes: boolean, work: () => Promise<void>) => order.run(start, start + length, changes, work);
    switch (op) {
      case 'read':
        counters.reads++;
        counters.readBytes += length;
        return inOrder(false, () => image.read(start, this.views(segments)));
      case 'write':
        counters.writes++;
        counters.writeBytes += length;
        return inOrder(true, () => image.write(start, this.views(segments)));
      case 'discard':
        return inOrder(true, () => image.discard(start, length));
      case 'flush':
        counters.flushes++;
        return this.flush(attached);
    }
  }

  private async flush({ image, flushes }: AttachedImage): Promise<void> {
    const done = image.flush();
    flushes.add(done);
    try {
      await done;
    } finally {
      flushes.delete(done);
    }
  }

  private views(segments: readonly MemorySegment[]): Uint8Array[] {
    return segments.map(({ offset, length }) => this.memory.subarray(offset, offset + length));
  }
}

async function idle({ order, flushes }: AttachedImage): Promise<void> {
  await order.idle();
  await Promise.allSettled(flushes);
}

function statusOf(error: unknown): BlockStatus {
  if (!(error instanceof FileError)) return 'io-error';
  if (error.code === 'no-space' || error.code === 'read-only') return error.code;
  return 'io-error';
}
