import type { Extent, FilePort } from '../../main/vmm/block/disk-image.js';
import { gather } from '../../main/vmm/block/vectors.js';
import { MemoryFile } from './memory-file.js';

/** Unit in which a disk keeps a write or loses it. */
const SECTOR = 512;

interface Pending {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** What ends the power: every operation after that fails. */
export class PowerCut extends Error {
  override readonly name = 'PowerCut';
}

/**
 * A file on a disk with a write cache: what is written is read back at once, but after the power is cut only what was
 * synced is sure to be there, and of the rest any sectors.
 */
export class PowerCutFile implements FilePort {
  readonly readonly = false;
  /** Operations that change the file, so far. */
  changes = 0;
  private readonly cache: MemoryFile;
  private durable: Uint8Array;
  private pending: Pending[] = [];
  private cut = false;

  /** @param cutAt the change at which the power goes */
  constructor(
    content: Uint8Array,
    private readonly cutAt = Infinity,
  ) {
    this.cache = new MemoryFile(content.slice());
    this.durable = content.slice();
  }

  /** What is on the disk when the power is back. @param survives decides for each sector written since the last sync */
  afterCut(survives: () => boolean): Uint8Array {
    const end = Math.max(this.durable.length, ...this.pending.map(({ offset, bytes }) => offset + bytes.length));
    const disk = new Uint8Array(end);
    disk.set(this.durable);
    for (const { offset, bytes } of this.pending) {
      for (let at = 0; at < bytes.length;) {
        const length = Math.min(SECTOR - ((offset + at) % SECTOR), bytes.length - at);
        if (survives()) disk.set(bytes.subarray(at, at + length), offset + at);
        at += length;
      }
    }
    return disk;
  }

  size(): Promise<number> {
    return this.cache.size();
  }

  read(offset: number, target: Uint8Array): Promise<number> {
    return this.cache.read(offset, target);
  }

  readv(offset: number, targets: readonly Uint8Array[]): Promise<number> {
    return this.cache.readv(offset, targets);
  }

  write(offset: number, source: Uint8Array): Promise<void> {
    return this.writev(offset, [source]);
  }

  async writev(offset: number, sources: readonly Uint8Array[]): Promise<void> {
    this.changed();
    this.pending.push({ offset, bytes: gather(sources) });
    await this.cache.writev(offset, sources);
  }

  async truncate(size: number): Promise<void> {
    this.changed();
    await this.cache.truncate(size);
  }

  punchHole(): Promise<void> {
    return Promise.resolve();
  }

  allocation(offset: number, length: number): Promise<Extent> {
    return this.cache.allocation(offset, length);
  }

  async sync(): Promise<void> {
    this.changed();
    await this.cache.sync();
    this.durable = this.cache.bytes.slice();
    this.pending = [];
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  private changed(): void {
    if (this.changes++ >= this.cutAt) this.cut = true;
    if (this.cut) throw new PowerCut();
  }
}
