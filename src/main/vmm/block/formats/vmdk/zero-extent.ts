import { FileError } from '../../disk-image.js';
import { ZERO, type BlockMap, type Run } from '../mapped/block-map.js';

/** A part of a disk that is zeros and takes no room; it cannot be written. */
export class ZeroExtent implements BlockMap {
  constructor(readonly size: number) {}

  run(at: number, end: number): Promise<Run> {
    return Promise.resolve({ place: ZERO, length: end - at });
  }

  discard(): Promise<void> {
    return Promise.resolve();
  }

  sync(): Promise<void> {
    return Promise.resolve();
  }

  settle(): Promise<void> {
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
