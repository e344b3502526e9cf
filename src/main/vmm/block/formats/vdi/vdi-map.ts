import type { FilePort } from '../../disk-image.js';
import {
  HOLE,
  ZERO,
  runOfBlocks,
  type Place,
  type Room,
  type Run,
  type WritableBlockMap,
} from '../mapped/block-map.js';
import { RoomKeeper } from '../mapped/room-keeper.js';
import { TableRegion } from '../mapped/table-region.js';
import { BlockOwners } from './block-owners.js';
import { ALLOCATED_OFFSET, damagedVdi, parseVdiHeader, VDI_HEADER_BYTES, type VdiHeader } from './vdi-header.js';

/** Block map entries that name no block of the file. */
const UNALLOCATED = 0xffff_ffff;
const DISCARDED = 0xffff_fffe;

/** Bytes moved at a time when blocks fill gaps. */
const MOVE_BYTES = 1 << 20;

/**
 * The block map of a VDI image. Blocks of the file are numbered; the header counts them, and other programs put the
 * next one behind that many. So gaps that discarding leaves are filled from the end when the image is closed. The count
 * is in the file before a block beyond it is named; a crash leaves it too large at worst, and opening mends it.
 */
export class VdiMap implements WritableBlockMap {
  readonly size: number;

  private constructor(
    private readonly file: FilePort,
    private readonly header: VdiHeader,
    private readonly table: TableRegion,
    private readonly owners: BlockOwners,
    private readonly rooms: RoomKeeper,
    private countInFile: number,
  ) {
    this.size = header.diskSize - (header.diskSize % 512);
  }

  /** @throws ImageError */
  static async open(file: FilePort): Promise<VdiMap> {
    const head = new Uint8Array(VDI_HEADER_BYTES);
    const fileBytes = await file.size();
    const header = parseVdiHeader(head.subarray(0, await file.read(0, head)), fileBytes);
    const table = await TableRegion.read(file, header.mapOffset, header.blocks * 4);
    const owners = ownersOf(table.view, header, fileBytes);
    const rooms = new RoomKeeper(file, header.dataOffset + owners.end * header.blockBytes, header.blockBytes);
    const map = new VdiMap(file, header, table, owners, rooms, header.allocated);
    if (!file.readonly) await map.tidyUp(fileBytes);
    return map;
  }

  run(at: number, end: number): Promise<Run> {
    return Promise.resolve(runOfBlocks(at, end, this.header.blockBytes, (block) => this.place(block)));
  }

  reserve(at: number, end: number): Promise<Room> {
    return this.rooms.reserve(at, end);
  }

  assign({ start, length, host }: Room): Promise<void> {
    const { blockBytes } = this.header;
    for (let done = 0; done < length; done += blockBytes)
      this.point((start + done) / blockBytes, this.numberAt(host + done));
    return Promise.resolve();
  }

  giveBack(room: Room): void {
    this.rooms.unreserve(room);
  }

  discard(at: number, end: number): Promise<void> {
    const { blockBytes, type } = this.header;
    if (type === 'fixed') return Promise.resolve();
    const last = Math.floor(end / blockBytes);
    for (let block = Math.ceil(at / blockBytes); block < last; block++) {
      const number = this.entry(block);
      if (number >= DISCARDED) continue;
      this.set(block, DISCARDED);
      this.owners.delete(number);
      this.rooms.release(this.hostOf(number));
    }
    return Promise.resolve();
  }

  get changed(): boolean {
    return this.table.changed;
  }

  async commit(): Promise<void> {
    await this.writeCount((this.rooms.fileEnd - this.header.dataOffset) / this.header.blockBytes);
    await this.table.writeBack();
    await this.file.sync();
    await this.rooms.committed();
  }

  sync(): Promise<void> {
    return this.file.sync();
  }

  settle(): Promise<void> {
    return this.fillGaps();
  }

  close(): Promise<void> {
    return this.file.close();
  }

  /** Blocks of the file that nothing names, or that the header does not count. */
  get leaks(): number {
    return Math.max(this.countInFile, this.owners.end) - this.owners.size;
  }

  private place(block: number): Place {
    const number = this.entry(block);
    if (number === DISCARDED) return ZERO;
    return number === UNALLOCATED ? HOLE : { kind: 'data', file: this.file, host: this.hostOf(number) };
  }

  private entry(block: number): number {
    return this.table.view.getUint32(block * 4, true);
  }

  private set(block: number, number: number): void {
    this.table.view.setUint32(block * 4, number, true);
    this.table.touch(block * 4);
  }

  private point(block: number, number: number): void {
    this.set(block, number);
    this.owners.set(number, block);
  }

  private hostOf(number: number): number {
    return this.header.dataOffset + number * this.header.blockBytes;
  }

  private numberAt(host: number): number {
    return (host - this.header.dataOffset) / this.header.blockBytes;
  }

  private async writeCount(count: number): Promise<void> {
    if (count === this.countInFile) return;
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, count, true);
    await this.file.write(ALLOCATED_OFFSET, bytes);
    await this.file.sync();
    this.countInFile = count;
  }

  /** After a crash the file may hold blocks that nothing names, behind the others or among them. */
  private async tidyUp(fileBytes: number): Promise<void> {
    if (fileBytes > this.rooms.fileEnd) await this.file.truncate(this.rooms.fileEnd);
    for (let number = this.owners.end - 1; number >= 0; number--)
      if (!this.owners.has(number)) this.rooms.giveBack(this.hostOf(number), 1);
  }

  /** Moves the last blocks into the gaps and cuts the file. Each step leaves a map that is right. */
  async fillGaps(): Promise<void> {
    const count = this.owners.size;
    const end = this.numberAt(this.rooms.fileEnd);
    let gap = 0;
    for (let number = count; number < end; number++) {
      const owner = this.owners.get(number);
      if (owner === undefined) continue;
      while (this.owners.has(gap)) gap++;
      await this.copyBlock(number, gap);
      this.point(owner, gap);
    }
    await this.file.sync();
    if (this.table.changed) {
      await this.table.writeBack();
      await this.file.sync();
    }
    await this.writeCount(count);
    await this.file.truncate(this.hostOf(count));
    await this.file.sync();
  }

  private async copyBlock(from: number, to: number): Promise<void> {
    const bytes = new Uint8Array(Math.min(MOVE_BYTES, this.header.blockBytes));
    for (let at = 0; at < this.header.blockBytes; at += bytes.length) {
      bytes.fill(0);
      await this.file.read(this.hostOf(from) + at, bytes);
      await this.file.write(this.hostOf(to) + at, bytes);
    }
  }
}

/** @throws ImageError if a block is named twice or lies outside the file */
function ownersOf(view: DataView, { blocks, blockBytes, dataOffset }: VdiHeader, fileBytes: number): BlockOwners {
  const owners = new BlockOwners();
  for (let block = 0; block < blocks; block++) {
    const number = view.getUint32(block * 4, true);
    if (number >= DISCARDED) continue;
    // Blocks being freed and used anew within one session can at most double what the file holds.
    if (number >= 2 * blocks || dataOffset + number * blockBytes >= fileBytes)
      throw damagedVdi('a block lies outside the file');
    if (owners.has(number)) throw damagedVdi('two parts of the disk share a block');
    owners.set(number, block);
  }
  return owners;
}
