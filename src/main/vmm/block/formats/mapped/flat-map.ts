import { FileError, type FilePort } from '../../disk-image.js';
import type { Room, Run, WritableBlockMap } from './block-map.js';

/** A disk, or a part of one, that lies in a file as it is: there is nothing to make room for. */
export class FlatMap implements WritableBlockMap {
  readonly changed = false;

  /** @param offset where it begins in the file, in bytes, as `size` */
  constructor(
    private readonly file: FilePort,
    private readonly offset: number,
    readonly size: number,
  ) {}

  run(at: number, end: number): Promise<Run> {
    return Promise.resolve({ place: { kind: 'data', file: this.file, host: this.offset + at }, length: end - at });
  }

  reserve(): Promise<Room> {
    return Promise.reject(new FileError('io-error', 'A flat disk has no room beyond its end.'));
  }

  assign(): Promise<void> {
    return Promise.resolve();
  }

  giveBack(): void {
    // Nothing is ever given out.
  }

  discard(at: number, end: number): Promise<void> {
    return this.file.punchHole(this.offset + at, end - at);
  }

  commit(): Promise<void> {
    return Promise.resolve();
  }

  sync(): Promise<void> {
    return this.file.sync();
  }

  settle(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return this.file.close();
  }
}
