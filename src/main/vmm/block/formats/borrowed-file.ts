import type { Extent, FilePort } from '../disk-image.js';

/** A file lent to an image, which closes it as if it were its own: the lender keeps it open. */
export class BorrowedFile implements FilePort {
  constructor(private readonly file: FilePort) {}

  get readonly(): boolean {
    return this.file.readonly;
  }

  size(): Promise<number> {
    return this.file.size();
  }

  read(offset: number, target: Uint8Array): Promise<number> {
    return this.file.read(offset, target);
  }

  readv(offset: number, targets: readonly Uint8Array[]): Promise<number> {
    return this.file.readv(offset, targets);
  }

  write(offset: number, source: Uint8Array): Promise<void> {
    return this.file.write(offset, source);
  }

  writev(offset: number, sources: readonly Uint8Array[]): Promise<void> {
    return this.file.writev(offset, sources);
  }

  truncate(size: number): Promise<void> {
    return this.file.truncate(size);
  }

  punchHole(offset: number, length: number): Promise<void> {
    return this.file.punchHole(offset, length);
  }

  allocation(offset: number, length: number): Promise<Extent> {
    return this.file.allocation(offset, length);
  }

  sync(): Promise<void> {
    return this.file.sync();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
