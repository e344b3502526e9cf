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
import { LOG_SECTOR } from './log-entry.js';
import { LogWriter, type ChangedPage } from './log-writer.js';
import { SectorBitmaps } from './sector-bitmaps.js';
import { damagedVhdx } from './vhdx-errors.js';
import { MEGABYTE, type FoundHeader } from './vhdx-header.js';
import type { VhdxMetadata } from './vhdx-metadata.js';
import type { Region } from './vhdx-regions.js';

/** States of payload blocks: [MS-VHDX] 2.5.1.1. */
const STATE = { notPresent: 0, undefined: 1, zero: 2, unmapped: 3, fullyPresent: 6, partiallyPresent: 7 } as const;
const STATE_MASK = 7;
/** Sectors whose presence one block of bitmaps tells, and the size of such a block. */
const SECTORS_PER_BITMAP = 2 ** 23;
const BITMAP_BYTES = MEGABYTE;
/** Bounds the memory the table takes to 64 MiB. */
const MAX_ENTRIES = 1 << 23;

/** What the map is made from. */
export interface VhdxLayout {
  readonly header: FoundHeader;
  readonly bat: Region;
  readonly metadata: VhdxMetadata;
}

/** Block allocation table of a VHDX file. Changes go through the log. */
export class VhdxMap implements WritableBlockMap {
  readonly size: number;
  private readonly blockBytes: number;
  /** Payload blocks between two bitmap blocks. */
  private readonly chunkRatio: number;
  private readonly bitmaps: SectorBitmaps;
  private readonly changedPages = new Set<number>();
  private log: LogWriter | undefined;
  /** As it is in the file while the log is not in use. */
  private header: FoundHeader;

  private constructor(
    private readonly file: FilePort,
    private readonly layout: VhdxLayout,
    private readonly table: DataView,
    private readonly rooms: RoomKeeper,
  ) {
    const { blockBytes, diskSize, logicalSectorBytes } = layout.metadata;
    this.size = diskSize;
    this.header = layout.header;
    this.blockBytes = blockBytes;
    this.chunkRatio = chunkRatioOf(layout.metadata);
    this.bitmaps = new SectorBitmaps(file, logicalSectorBytes);
  }

  /** @throws ImageError */
  static async open(file: FilePort, layout: VhdxLayout): Promise<VhdxMap> {
    const { bat, metadata } = layout;
    const bytes = tableEntries(metadata) * 8;
    if (bytes > MAX_ENTRIES * 8 || bytes > bat.length) throw damagedVhdx('its block allocation table is too short');
    const table = new Uint8Array(Math.ceil(bytes / LOG_SECTOR) * LOG_SECTOR);
    await file.read(bat.offset, table);
    const end = Math.ceil((await file.size()) / MEGABYTE) * MEGABYTE;
    const rooms = new RoomKeeper(file, end, metadata.blockBytes);
    const map = new VhdxMap(file, layout, new DataView(table.buffer), rooms);
    map.checkTable(end);
    return map;
  }

  async run(at: number, end: number): Promise<Run> {
    const block = Math.floor(at / this.blockBytes);
    if (this.state(block) !== STATE.partiallyPresent) {
      // Behind it may be a block that is kept sector by sector.
      const one = this.layout.metadata.parent === undefined ? end : Math.min(end, (block + 1) * this.blockBytes);
      return runOfBlocks(at, one, this.blockBytes, (index) => this.place(index));
    }
    const bitmap = this.offset(this.bitmapIndex(block));
    const inChunk = (block % this.chunkRatio) * this.blockBytes;
    const limit = Math.min(end, (block + 1) * this.blockBytes);
    const from = inChunk + (at % this.blockBytes);
    const { present, length } = await this.bitmaps.run(bitmap, from, from + limit - at);
    if (!present) return { place: HOLE, length };
    const host = this.offset(this.index(block)) + (at % this.blockBytes);
    return { place: { kind: 'data', file: this.file, host }, length };
  }

  reserve(at: number, end: number): Promise<Room> {
    return this.rooms.reserve(at, end);
  }

  assign({ start, length, host }: Room): Promise<void> {
    for (let done = 0; done < length; done += this.blockBytes)
      this.set((start + done) / this.blockBytes, STATE.fullyPresent, host + done);
    return Promise.resolve();
  }

  giveBack(room: Room): void {
    this.rooms.unreserve(room);
  }

  discard(at: number, end: number): Promise<void> {
    if (this.layout.metadata.leaveAllocated) return Promise.resolve();
    const last = Math.floor(end / this.blockBytes);
    for (let block = Math.ceil(at / this.blockBytes); block < last; block++) {
      if (this.state(block) !== STATE.fullyPresent) continue;
      const host = this.offset(this.index(block));
      this.set(block, STATE.notPresent, 0);
      this.rooms.release(host);
    }
    return Promise.resolve();
  }

  get changed(): boolean {
    return this.changedPages.size > 0;
  }

  async commit(): Promise<void> {
    const pages = [...this.changedPages].sort((a, b) => a - b);
    await this.log!.write(pages.map((page) => this.page(page)));
    for (const page of pages) this.changedPages.delete(page);
    await this.rooms.committed();
  }

  /** Announces that the file and its disk are going to change. */
  async begin(): Promise<void> {
    this.log = await LogWriter.begin(this.file, this.header);
  }

  sync(): Promise<void> {
    return this.file.sync();
  }

  async settle(): Promise<void> {
    if (this.log !== undefined) this.header = await this.log.end();
    this.log = undefined;
  }

  close(): Promise<void> {
    return this.file.close();
  }

  /** Room in the file, in blocks, that nothing refers to. */
  get leaks(): number {
    const { header, bat } = this.layout;
    const tables = header.logLength + Math.ceil(bat.length / MEGABYTE) * MEGABYTE + 2 * MEGABYTE;
    return Math.max(0, Math.floor((this.rooms.fileEnd - tables - this.usedBytes()) / this.blockBytes));
  }

  private place(block: number): Place {
    const state = this.state(block);
    if (state === STATE.fullyPresent) return { kind: 'data', file: this.file, host: this.offset(this.index(block)) };
    return state === STATE.notPresent ? HOLE : ZERO;
  }

  private index(block: number): number {
    return block + Math.floor(block / this.chunkRatio);
  }

  private bitmapIndex(block: number): number {
    return (Math.floor(block / this.chunkRatio) + 1) * (this.chunkRatio + 1) - 1;
  }

  private state(block: number): number {
    return this.table.getUint32(this.index(block) * 8, true) & STATE_MASK;
  }

  /** Bits 63:20 of an entry count megabytes. */
  private offset(index: number): number {
    const low = this.table.getUint32(index * 8, true) >>> 20;
    return (this.table.getUint32(index * 8 + 4, true) * 2 ** 12 + low) * MEGABYTE;
  }

  private set(block: number, state: number, host: number): void {
    const at = this.index(block) * 8;
    this.table.setBigUint64(at, BigInt(host) | BigInt(state), true);
    this.changedPages.add(Math.floor(at / LOG_SECTOR));
  }

  private page(page: number): ChangedPage {
    const bytes = new Uint8Array(this.table.buffer, page * LOG_SECTOR, LOG_SECTOR).slice();
    return { offset: this.layout.bat.offset + page * LOG_SECTOR, bytes };
  }

  private usedBytes(): number {
    let used = 0;
    for (let block = 0; block * this.blockBytes < this.size; block++)
      if (this.state(block) >= STATE.fullyPresent) used += this.blockBytes;
    return used;
  }

  /** @throws ImageError if blocks overlap or lie outside the file */
  private checkTable(end: number): void {
    const blocks = Math.ceil(this.size / this.blockBytes);
    const places = new Float64Array(blocks);
    let used = 0;
    for (let block = 0; block < blocks; block++) {
      const state = this.state(block);
      if (state === 4 || state === 5) throw damagedVhdx('a block is in an unknown state');
      if (state === STATE.partiallyPresent) this.checkBitmap(block, end);
      if (state >= STATE.fullyPresent) places[used++] = this.offset(this.index(block));
    }
    const sorted = places.subarray(0, used).sort();
    sorted.forEach((host, i) => {
      if (host < MEGABYTE || host >= end) throw damagedVhdx('a block lies outside the file');
      if (i > 0 && host - sorted[i - 1]! < this.blockBytes) throw damagedVhdx('two parts of the disk share a block');
    });
  }

  private checkBitmap(block: number, end: number): void {
    if (this.layout.metadata.parent === undefined) throw damagedVhdx('a block refers to a parent that there is not');
    const index = this.bitmapIndex(block);
    const offset = this.offset(index);
    const present = (this.table.getUint32(index * 8, true) & STATE_MASK) === STATE.fullyPresent;
    if (!present || offset < MEGABYTE || offset + BITMAP_BYTES > end) throw damagedVhdx('a block lacks its bitmap');
  }
}

function chunkRatioOf({ logicalSectorBytes, blockBytes }: VhdxMetadata): number {
  return (SECTORS_PER_BITMAP * logicalSectorBytes) / blockBytes;
}

/** Entries of the table: [MS-VHDX] 2.5. */
export function tableEntries(metadata: VhdxMetadata): number {
  const ratio = chunkRatioOf(metadata);
  const blocks = Math.ceil(metadata.diskSize / metadata.blockBytes);
  if (metadata.parent !== undefined) return Math.ceil(blocks / ratio) * (ratio + 1);
  return blocks + Math.floor((blocks - 1) / ratio);
}
