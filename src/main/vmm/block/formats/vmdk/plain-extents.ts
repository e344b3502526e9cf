import { FileError, type FilePort } from '../../disk-image.js';
import { ZERO, type BlockMap, type Run } from '../mapped/block-map.js';
import { damagedVmdk } from './vmdk-errors.js';

/** A part of a disk that lies in a file as it is. */
export class FlatExtent implements BlockMap {
  private constructor(
    readonly size: number,
    private readonly file: FilePort,
    private readonly offset: number,
  ) {}

  /** @param offset where the extent begins in the file, in bytes, as `size`. @throws ImageError if the file is too short */
  static async open(file: FilePort, offset: number, size: number): Promise<FlatExtent> {
    if (offset + size > (await file.size())) throw damagedVmdk('a file with a part of it is too short');
    return new FlatExtent(size, file, offset);
  }

  run(at: number, end: number): Promise<Run> {
    return Promise.resolve({
      place: { kind: 'data', file: this.file, host: this.offset + at },
      length: end - at,
    });
  }

  sync(): Promise<void> {
    return this.file.sync();
  }

  close(): Promise<void> {
    return this.file.close();
  }
}

/** A part of a disk that is zeros and takes no room; it cannot be written. */
export class ZeroExtent implements BlockMap {
  constructor(readonly size: number) {}

  run(at: number, end: number): Promise<Run> {
    return Promise.resolve({ place: ZERO, length: end - at });
  }

  sync(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** A write to a part that cannot be written. */
export function readonlyExtentError(): FileError {
  return new FileError('read-only', 'This part of the VMDK image cannot be written.');
}
