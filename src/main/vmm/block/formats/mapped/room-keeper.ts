import type { FilePort } from '../../disk-image.js';
import type { Room } from './block-map.js';

/** Where new blocks may go, and whether that part of the file reads as zeros. */
export interface FoundRoom {
  readonly host: number;
  readonly units: number;
  readonly fresh: boolean;
}

/**
 * Gives out room in a file in units of one block: the file's end, or blocks that have become free. A freed block is
 * given out again only once the tables that named it are gone from the file.
 */
export class RoomKeeper {
  private readonly free: number[] = [];
  private freeAfterCommit: number[] = [];

  /**
   * @param end where the file's used part ends; what follows reads as zeros or does not exist
   * @param unit bytes of a block with whatever the format puts before it
   */
  constructor(
    private readonly file: FilePort,
    private end: number,
    private readonly unit: number,
  ) {}

  /** Where the next new room begins: the length the file needs. */
  get fileEnd(): number {
    return this.end;
  }

  /** Room for at most `units` blocks side by side, at least one. */
  async take(units: number): Promise<FoundRoom> {
    const reused = this.free.pop();
    if (reused !== undefined) return { host: reused, units: 1, fresh: false };
    const host = this.end;
    await this.file.truncate(host + units * this.unit);
    this.end = host + units * this.unit;
    return { host, units, fresh: true };
  }

  /** Room for the blocks that cover [at, end) of the disk, or the first of them, in formats that put nothing before a block. */
  async reserve(at: number, end: number): Promise<Room> {
    const { file, unit } = this;
    const first = Math.floor(at / unit);
    const { host, units, fresh } = await this.take(Math.ceil(end / unit) - first);
    return { start: first * unit, length: units * unit, file, host, fresh };
  }

  /** The room of {@link reserve} is not needed after all. */
  unreserve({ host, length }: Room): void {
    this.giveBack(host, length / this.unit);
  }

  /** Blocks that nothing has referred to. */
  giveBack(host: number, units: number): void {
    for (let i = 0; i < units; i++) this.free.push(host + i * this.unit);
  }

  /** A block that the tables in the file still name. */
  release(host: number): void {
    this.freeAfterCommit.push(host);
  }

  /** The file's tables name released blocks no longer: their room goes back to the file system, where it can. */
  async committed(): Promise<void> {
    const freed = this.freeAfterCommit;
    this.freeAfterCommit = [];
    for (const host of freed) await this.file.punchHole(host, this.unit);
    this.free.push(...freed);
  }
}
