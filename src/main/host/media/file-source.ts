import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { AnnexError } from '../../../shared/contract/errors.js';
import { fileError } from '../library/machine-folder.js';
import type { ByteSource } from './byte-source.js';

/** Lends a file's bytes for as long as `use` runs. @throws AnnexError if it cannot be opened, is no file, or a read fails */
export async function withFileSource<T>(
  file: string,
  name: string,
  use: (source: ByteSource, modifiedAt: number) => Promise<T>,
): Promise<T> {
  let handle: FileHandle | undefined;
  try {
    // A named pipe would be waited for until somebody writes to it.
    handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const { size, mtimeMs } = await regularFile(handle, name);
    return await use({ size, read: (offset, length) => readAt(handle!, size, offset, length) }, mtimeMs);
  } catch (cause) {
    throw fileError(cause, name);
  } finally {
    await handle?.close();
  }
}

async function regularFile(handle: FileHandle, name: string): Promise<{ size: number; mtimeMs: number }> {
  const info = await handle.stat();
  if (!info.isFile())
    throw new AnnexError('media-not-readable', `"${name}" is not a file. Choose an ISO, disk image or kernel.`, {
      name,
    });
  return info;
}

async function readAt(handle: FileHandle, size: number, offset: number, length: number): Promise<Uint8Array> {
  const wanted = Math.max(0, Math.min(length, size - offset));
  const bytes = new Uint8Array(wanted);
  const { bytesRead } = await handle.read(bytes, 0, wanted, offset);
  return bytes.subarray(0, bytesRead);
}
