import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { syncFolder } from '../../node/atomic-file.js';
import { damaged } from '../../vmm/snapshot/state-error.js';
import type { StateBytes, StateSink } from '../../vmm/snapshot/state-ports.js';

/** A state file being read, synchronously: by threads that have nothing else to do. */
export class StateFile implements StateBytes {
  private readonly fd: number;
  readonly size: number;

  /** @throws NodeJS.ErrnoException */
  constructor(file: string) {
    this.fd = openSync(file, 'r');
    this.size = fstatSync(this.fd).size;
  }

  read(offset: number, target: Uint8Array): void {
    for (let done = 0; done < target.length;) {
      const count = readSync(this.fd, target, done, target.length - done, offset + done);
      if (count === 0) throw damaged('the file ends too early');
      done += count;
    }
  }

  close(): void {
    closeSync(this.fd);
  }
}

/** A state file being written beside its place; it appears there whole or not at all. */
export class NewStateFile implements StateSink {
  private constructor(
    private readonly handle: FileHandle,
    private readonly partial: string,
    private readonly target: string,
  ) {}

  /** @throws NodeJS.ErrnoException */
  static async create(target: string): Promise<NewStateFile> {
    const partial = `${target}.partial`;
    return new NewStateFile(await open(partial, 'w', 0o600), partial, target);
  }

  append(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length;) {
      done += writeSync(this.handle.fd, bytes, done, bytes.length - done);
    }
  }

  /** Makes the file durable, then visible. @throws NodeJS.ErrnoException */
  async commit(): Promise<void> {
    await this.handle.datasync();
    await this.handle.close();
    await rename(this.partial, this.target);
    await syncFolder(path.dirname(this.target));
  }

  /** Leaves nothing behind. */
  async abandon(): Promise<void> {
    await this.handle.close().catch(() => undefined);
    await rm(this.partial, { force: true });
  }
}
