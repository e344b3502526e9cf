import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { nodeFiles, type HostFiles } from './host-files.js';

/** What {@link writeFileAtomic} leaves behind when its process is killed: the name, the process, eight hex digits. */
export const ATOMIC_LEFTOVER = /\.(\d+)-[0-9a-f]{8}\.tmp$/;

export interface AtomicWriteOptions {
  readonly mode?: number;
  readonly files?: HostFiles;
}

/**
 * Replaces a file so that whoever reads it, after a crash at any point, finds the old content or the new, never a mix:
 * temporary file, fsync, rename, fsync of the folder.
 */
export async function writeFileAtomic(
  file: string,
  content: string | Uint8Array,
  { mode = 0o644, files = nodeFiles }: AtomicWriteOptions = {},
): Promise<void> {
  const temporary = `${file}.${process.pid}-${randomBytes(4).toString('hex')}.tmp`;
  try {
    await files.create(temporary, content, mode);
    await files.rename(temporary, file);
  } catch (error) {
    await files.remove(temporary);
    throw error;
  }
  await files.syncFolder(path.dirname(file));
}

/** Makes renames and new names in a folder durable. */
export function syncFolder(folder: string): Promise<void> {
  return nodeFiles.syncFolder(folder);
}
