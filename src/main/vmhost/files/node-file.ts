import * as fs from 'node:fs';
import { open, statfs, type FileHandle } from 'node:fs/promises';
import type { Extent, FilePort } from '../../vmm/block/disk-image.js';
import { vectorLength } from '../../vmm/block/vectors.js';
import { fileError } from './file-errors.js';
import { PromptCalls, TurnBudget } from './prompt-calls.js';
import { punchHole } from './punch-hole.js';

/** IOV_MAX of Linux: more vectors than the kernel takes in one call are given in several. */
const MAX_VECTORS = 1024;

/**
 * File systems of Linux on media of the host itself, by statfs(2)'s type: no call on them waits for another computer, or for
 * another process. btrfs, ext2 to ext4, f2fs, overlayfs, tmpfs, XFS, ZFS.
 */
const LOCAL_FILE_SYSTEMS = new Set([
  0x9123_683e, 0xef53, 0xf2f5_2010, 0x794c_7630, 0x0102_1994, 0x5846_5342, 0x2fc1_2fc1,
]); // prettier-ignore

const turnBudget = new TurnBudget({ nowMs: () => performance.now(), next: setImmediate });

type Done<T> = (error: NodeJS.ErrnoException | null, value: T) => void;

/** Node's callback functions, which cost half of what FileHandle's methods do and take views of shared memory. */
function call<T>(start: (done: Done<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    start((error, value) => (error ? reject(fileError(error)) : resolve(value)));
  });
}

/** The same for FileHandle's methods. */
async function ask<T>(promise: Promise<T>): Promise<T> {
  try {
    return await promise;
  } catch (error) {
    throw fileError(error);
  }
}

/**
 * A host file as a {@link FilePort}. Bytes move by descriptor; the rest goes through the handle, since Node's permission
 * model, which VM processes run under, refuses `fdatasync` by descriptor.
 */
class NodeFile implements FilePort {
  private readonly fd: number;

  /** @param prompt makes small transfers on the calling thread; undefined where a call may wait for others */
  constructor(
    private readonly handle: FileHandle,
    readonly readonly: boolean,
    private readonly prompt: PromptCalls | undefined,
  ) {
    this.fd = handle.fd;
  }

  async size(): Promise<number> {
    return (await ask(this.handle.stat())).size;
  }

  read(offset: number, target: Uint8Array): Promise<number> {
    return this.readv(offset, [target]);
  }

  async readv(offset: number, targets: readonly Uint8Array[]): Promise<number> {
    let done = 0;
    for (let rest = targets; rest.length > 0;) {
      const batch = rest.slice(0, MAX_VECTORS);
      const count =
        this.atOnce(batch, () => fs.readvSync(this.fd, batch, offset + done)) ??
        (await call<number>((cb) => fs.readv(this.fd, batch, offset + done, cb)));
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
      const count =
        this.atOnce(batch, () => fs.writevSync(this.fd, batch, offset + done)) ??
        (await call<number>((cb) => fs.writev(this.fd, batch, offset + done, cb)));
      done += count;
      rest = remaining(rest, count);
    }
  }

  /** What a transfer gives that is made at once, or undefined if it is to be left to another thread. */
  private atOnce(vectors: readonly Uint8Array[], transfer: () => number): number | undefined {
    let count: number | undefined;
    try {
      this.prompt?.attempt(vectorLength(vectors), () => (count = transfer()));
    } catch (error) {
      throw fileError(error);
    }
    return count;
  }

  truncate(size: number): Promise<void> {
    return ask(this.handle.truncate(size));
  }

  punchHole(offset: number, length: number): Promise<void> {
    return punchHole(this.fd, offset, length);
  }

  /** Node has no SEEK_HOLE: a file that takes no room is one hole, any other is data. */
  async allocation(_offset: number, length: number): Promise<Extent> {
    const { blocks, size } = await ask(this.handle.stat());
    return { kind: blocks === 0 && size > 0 ? 'zero' : 'data', length };
  }

  sync(): Promise<void> {
    return ask(this.handle.datasync());
  }

  close(): Promise<void> {
    return ask(this.handle.close());
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
export async function openNodeFile(name: string, options: { readonly readonly: boolean }): Promise<FilePort> {
  const handle = await ask(open(name, options.readonly ? 'r' : 'r+'));
  return new NodeFile(handle, options.readonly, (await isLocal(name)) ? new PromptCalls(turnBudget) : undefined);
}

async function isLocal(name: string): Promise<boolean> {
  if (process.platform !== 'linux') return false;
  try {
    return LOCAL_FILE_SYSTEMS.has((await statfs(name)).type);
  } catch {
    return false;
  }
}
