import { constants } from 'node:fs';
import { copyFile, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';

/** What a file takes. */
export interface FileUsage {
  /** Bytes it holds, holes included. */
  readonly sizeBytes: number;
  /** Bytes it takes on the host. */
  readonly usedBytes: number;
}

/**
 * What the host does to files that must survive its death at any moment: every step that changes something is one call,
 * so that a test can make any of them fail, or be the last.
 */
export interface HostFiles {
  /** Undefined if there is no such file. */
  read(file: string): Promise<Uint8Array | undefined>;
  /** The first `length` bytes, fewer at the end of the file. */
  readStart(file: string, length: number): Promise<Uint8Array>;
  /** Names in a folder; none if there is no such folder. */
  list(folder: string): Promise<readonly string[]>;
  /** Undefined if there is no such file. */
  usage(file: string): Promise<FileUsage | undefined>;
  /** Writes a new file and makes its content durable; fails if the name is taken. */
  create(file: string, content: string | Uint8Array, mode?: number): Promise<void>;
  /** A new file of zeros that takes no room. */
  createSparse(file: string, sizeBytes: number): Promise<void>;
  /** Copies a file to a new name, sharing its blocks where the file system can. */
  copy(from: string, to: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** No error if it is not there. */
  remove(fileOrFolder: string): Promise<void>;
  /** With its parents; no error if it is there. */
  makeFolder(folder: string): Promise<void>;
  /** Makes names in a folder durable, where the platform lets a folder be opened. */
  syncFolder(folder: string): Promise<void>;
}

/** The file system of this computer. */
export const nodeFiles: HostFiles = {
  read: (file) => orMissing(readFile(file)),
  async readStart(file, length) {
    const handle = await open(file, 'r');
    try {
      const { buffer, bytesRead } = await handle.read(new Uint8Array(length), 0, length, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  },
  list: async (folder) => (await orMissing(readdir(folder))) ?? [],
  async usage(file) {
    const info = await orMissing(stat(file));
    return info && { sizeBytes: info.size, usedBytes: Math.min(info.blocks * 512, info.size) };
  },
  async create(file, content, mode = 0o644) {
    const handle = await open(file, 'wx', mode);
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
  async createSparse(file, sizeBytes) {
    const handle = await open(file, 'wx');
    try {
      await handle.truncate(sizeBytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
  async copy(from, to) {
    await copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    const handle = await open(to, 'r+');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
  rename,
  remove: (target) => rm(target, { recursive: true, force: true }),
  makeFolder: async (folder) => void (await mkdir(folder, { recursive: true })),
  async syncFolder(folder) {
    if (process.platform === 'win32') return;
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
};

async function orMissing<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
