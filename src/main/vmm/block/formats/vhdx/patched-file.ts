import { FileError, type Extent, type FilePort } from '../../disk-image.js';
import { sliceVectors, vectorLength, zeroVectors } from '../../vectors.js';
import type { Patch } from './log-entry.js';
import type { PendingChanges } from './log-replay.js';

/** A file as it would be with the changes of its log, for those who may not write to it. */
export class PatchedFile implements FilePort {
  readonly readonly = true;

  constructor(
    private readonly file: FilePort,
    private readonly changes: PendingChanges,
  ) {}

  size(): Promise<number> {
    return Promise.resolve(this.changes.fileBytes);
  }

  read(offset: number, target: Uint8Array): Promise<number> {
    return this.readv(offset, [target]);
  }

  async readv(offset: number, targets: readonly Uint8Array[]): Promise<number> {
    const length = Math.max(0, Math.min(vectorLength(targets), this.changes.fileBytes - offset));
    const done = await this.file.readv(offset, sliceVectors(targets, 0, length));
    zeroVectors(sliceVectors(targets, done, length - done));
    for (const patch of this.changes.patches) applyPatch(patch, offset, targets, length);
    return length;
  }

  allocation(_offset: number, length: number): Promise<Extent> {
    return Promise.resolve({ kind: 'data', length });
  }

  write(): Promise<void> {
    return refuse();
  }

  writev(): Promise<void> {
    return refuse();
  }

  truncate(): Promise<void> {
    return refuse();
  }

  punchHole(): Promise<void> {
    return refuse();
  }

  sync(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return this.file.close();
  }
}

function applyPatch(patch: Patch, offset: number, targets: readonly Uint8Array[], length: number): void {
  const [from, to] = [Math.max(offset, patch.offset), Math.min(offset + length, patch.offset + patch.length)];
  if (from >= to) return;
  let at = from - patch.offset;
  for (const vector of sliceVectors(targets, from - offset, to - from)) {
    if (patch.data === undefined) vector.fill(0);
    else vector.set(patch.data.subarray(at, at + vector.length));
    at += vector.length;
  }
}

function refuse(): Promise<never> {
  return Promise.reject(new FileError('read-only', 'This VHDX file is opened for reading.'));
}
