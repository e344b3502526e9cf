import { FileError, type Extent, type FilePort } from '../../main/vmm/block/disk-image.js';
import { gather, scatter, sliceVectors, vectorLength, type Vectors } from '../../main/vmm/block/vectors.js';

/** A file in memory, whose operations end in an order of its own, and which can be told how much room there is. */
export class MemoryFile implements FilePort {
  readonly readonly: boolean;
  /** Most bytes the file may have before writes fail with `no-space`. */
  room = Infinity;
  syncs = 0;
  closed = false;
  private turn = 0;

  constructor(
    public bytes: Uint8Array = new Uint8Array(),
    options: { readonly readonly?: boolean } = {},
  ) {
    this.readonly = options.readonly ?? false;
  }

  async size(): Promise<number> {
    await this.later();
    return this.bytes.length;
  }

  read(offset: number, target: Uint8Array): Promise<number> {
    return this.readv(offset, [target]);
  }

  async readv(offset: number, targets: Vectors): Promise<number> {
    await this.later();
    const part = this.bytes.subarray(offset, offset + vectorLength(targets));
    scatter(part, sliceVectors(targets, 0, part.length));
    return part.length;
  }

  write(offset: number, source: Uint8Array): Promise<void> {
    return this.writev(offset, [source]);
  }

  async writev(offset: number, sources: Vectors): Promise<void> {
    await this.later();
    if (this.readonly) throw new FileError('read-only', 'read-only file');
    const source = gather(sources);
    const end = offset + source.length;
    if (end > this.room) throw new FileError('no-space', 'no room');
    if (end > this.bytes.length) this.resize(end);
    this.bytes.set(source, offset);
  }

  async truncate(size: number): Promise<void> {
    await this.later();
    if (size > this.room) throw new FileError('no-space', 'no room');
    this.resize(size);
  }

  async punchHole(offset: number, length: number): Promise<void> {
    await this.later();
    this.bytes.fill(0, offset, offset + length);
  }

  async allocation(_offset: number, length: number): Promise<Extent> {
    await this.later();
    return { kind: 'data', length };
  }

  async sync(): Promise<void> {
    await this.later();
    this.syncs++;
  }

  async close(): Promise<void> {
    await this.later();
    this.closed = true;
  }

  private resize(size: number): void {
    const grown = new Uint8Array(size);
    grown.set(this.bytes.subarray(0, size));
    this.bytes = grown;
  }

  /** Every third operation waits for a turn of the event loop, so that operations overtake each other. */
  private async later(): Promise<void> {
    if (this.turn++ % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
}
