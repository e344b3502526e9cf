import * as fs from 'node:fs';
import type { FilePort } from '../../vmm/block/disk-image.js';
import { fileError } from './file-errors.js';

/** IOV_MAX of Linux: more vectors than the kernel takes in one call are given in several. */
const MAX_VECTORS = 1024;

type Done<T> = (error: NodeJS.ErrnoException | null, value: T) => void;

/** Node's callback functions, which cost half of what FileHandle's methods do and take views of shared memory. */
function call<T>(start: (done: Done<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    start((error, value) => (error ? reject(fileError(error)) : resolve(value)));
  });
}

/** A host file as a {@link FilePort}. */
class NodeFile implements FilePort {
  constructor(
    private readonly fd: number,
    readonly readonly: boolean,
  ) {}

  async size(): Promise<number> {
    const stat = await call<fs.Stats>((done) => fs.fstat(this.fd, done));
    return stat.size;
  }

  read(offset: number, target: Uint8Array): Promise<number> {
    return this.readv(offset, [target]);
  }

  async readv(offset: number, targets: readonly Uint8Array[]): Promise<number> {
    let done = 0;
    for (let rest = targets; rest.length > 0;) {
      const batch = rest.slice(0, MAX_VECTORS);
      const count = await call<number>((cb) => fs.readv(this.fd, batch, offset + done, cb));
      if (count === 0) break;
      done += count;
      rest = remaining(rest, count);
    }
    return done;
  }

  write(offset: number, source: Uint8Array): Promise<void> {
    return this.writev(offset, [source]);
  }

  async writev(offset: number, sources: readonly Uint8Array[]): Promise<void> {
    let done = 0;
    for (let rest = sources; rest.length > 0;) {
      const batch = rest.slice(0, MAX_VECTORS);
      const count = await call<number>((cb) => fs.writev(this.fd, batch, offset + done, cb));
      done += count;
      rest = remaining(rest, count);
    }
  }

  truncate(size: number): Promise<void> {
    return call<void>((done) => fs.ftruncate(this.fd, size, (error) => done(error, undefined)));
  }

  /** Node has no fallocate, so nothing can be given back: the range keeps its blocks and its content. */
  punchHole(): Promise<void> {
    return Promise.resolve();
  }

  sync(): Promise<void> {
    return call<void>((done) => fs.fdatasync(this.fd, (error) => done(error, undefined)));
  }

  close(): Promise<void> {
    return call<void>((done) => fs.close(this.fd, (error) => done(error, undefined)));
  }
}

/** What is left of the vectors after `count` bytes. */
function remaining(vectors: readonly Uint8Array[], count: number): readonly Uint8Array[] {
  let skip = count;
  const first = vectors.findIndex((vector) => {
    if (skip < vector.length) return true;
    skip -= vector.length;
    return false;
  });
  if (first < 0) return [];
  return [vectors[first]!.subarray(skip), ...vectors.slice(first + 1)];
}

/** @throws FileError `not-found`, `no-permission`, `read-only` or `io-error` */
export async function openNodeFile(path: string, options: { readonly readonly: boolean }): Promise<FilePort> {
  const fd = await call<number>((done) => fs.open(path, options.readonly ? 'r' : 'r+', done));
  return new NodeFile(fd, options.readonly);
}
