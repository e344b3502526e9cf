import type { FilePort } from '../../disk-image.js';
import { HOLE, runOfBlocks, type Place, type Room, type Run, type WritableBlockMap } from '../mapped/block-map.js';
import { RoomKeeper } from '../mapped/room-keeper.js';
import { TableRegion } from '../mapped/table-region.js';
import type { DynamicHeader } from './dynamic-header.js';
import { SectorBitmaps } from './sector-bitmaps.js';
import { damagedVhd, FOOTER_BYTES, isFooter } from './vhd-footer.js';

const UNUSED = 0xffff_ffff;

/**
 * Block allocation table of a dynamic or differencing VHD image. Each block begins with a bitmap of its sectors; a
 * differencing image shows its parent's sectors where the bit is clear. The file ends with a footer, which new blocks
 * overwrite; until it is written again, the copy at the file's start is the one that counts.
 */
export class VhdMap implements WritableBlockMap {
  private readonly bitmapBytes: number;
  private readonly bitmaps: SectorBitmaps | undefined;

  private constructor(
    private readonly file: FilePort,
    readonly size: number,
    private readonly header: DynamicHeader,
    private readonly table: TableRegion,
    private readonly rooms: RoomKeeper,
    private readonly footer: Uint8Array,
    private footerAt: number,
    differencing: boolean,
  ) {
    this.bitmapBytes = bitmapBytesOf(header.blockBytes);
    this.bitmaps = differencing ? new SectorBitmaps(file, this.bitmapBytes) : undefined;
  }

  /** @param footer as it is to be written at the file's end. @throws ImageError */
  static async open(
    file: FilePort,
    size: number,
    header: DynamicHeader,
    footer: Uint8Array,
    differencing: boolean,
  ): Promise<VhdMap> {
    const table = await TableRegion.read(file, header.tableOffset, header.tableEntries * 4);
    const end = await dataEnd(file);
    const unit = bitmapBytesOf(header.blockBytes) + header.blockBytes;
    checkTable(table.view, unit, end);
    return new VhdMap(file, size, header, table, new RoomKeeper(file, end, unit), footer, end, differencing);
  }

  async run(at: number, end: number): Promise<Run> {
    const { blockBytes } = this.header;
    if (this.bitmaps === undefined) return runOfBlocks(at, end, blockBytes, (block) => this.place(block));
    const block = Math.floor(at / blockBytes);
    const place = this.place(block);
    const limit = Math.min(end, (block + 1) * blockBytes);
    if (place.kind !== 'data') return { place, length: limit - at };
    const start = block * blockBytes;
    const { present, length } = await this.bitmaps.run(place.host - this.bitmapBytes, at - start, limit - start);
    return { place: present ? { ...place, host: place.host + at - start } : HOLE, length };
  }

  async reserve(at: number): Promise<Room> {
    const { blockBytes } = this.header;
    const { host, fresh } = await this.rooms.take(1);
    await this.file.write(host, new Uint8Array(this.bitmapBytes).fill(0xff));
    const start = Math.floor(at / blockBytes) * blockBytes;
    return { start, length: blockBytes, file: this.file, host: host + this.bitmapBytes, fresh };
  }

  assign({ start, host }: Room): Promise<void> {
    this.set(start / this.header.blockBytes, (host - this.bitmapBytes) / 512);
    return Promise.resolve();
  }

  giveBack({ host }: Room): void {
    this.rooms.giveBack(host - this.bitmapBytes, 1);
  }

  discard(at: number, end: number): Promise<void> {
    const { blockBytes } = this.header;
    const last = Math.floor(end / blockBytes);
    for (let block = Math.ceil(at / blockBytes); block < last; block++) {
      const sector = this.entry(block);
      if (sector === UNUSED) continue;
      this.set(block, UNUSED);
      this.rooms.release(sector * 512);
    }
    return Promise.resolve();
  }

  get changed(): boolean {
    return this.table.changed || this.footerAt !== this.rooms.fileEnd;
  }

  async commit(): Promise<void> {
    await this.table.writeBack();
    const end = this.rooms.fileEnd;
    if (this.footerAt !== end) await this.file.write(end, this.footer);
    this.footerAt = end;
    await this.file.sync();
    await this.rooms.committed();
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

  /** Blocks in use, and how many there is room for in the file. */
  get usage(): { readonly used: number; readonly room: number } {
    let used = 0;
    for (let block = 0; block < this.header.tableEntries; block++) if (this.entry(block) !== UNUSED) used++;
    const start = this.header.tableOffset + this.header.tableEntries * 4;
    const unit = this.bitmapBytes + this.header.blockBytes;
    return { used, room: Math.floor(Math.max(0, this.rooms.fileEnd - start) / unit) };
  }

  private place(block: number): Place {
    const sector = this.entry(block);
    return sector === UNUSED ? HOLE : { kind: 'data', file: this.file, host: sector * 512 + this.bitmapBytes };
  }

  private entry(block: number): number {
    return this.table.view.getUint32(block * 4);
  }

  private set(block: number, sector: number): void {
    this.table.view.setUint32(block * 4, sector);
    this.table.touch(block * 4);
  }
}

function bitmapBytesOf(blockBytes: number): number {
  return Math.ceil(blockBytes / 512 / 8 / 512) * 512;
}

/** Where the footer is, or is to be written when it is missing. */
export async function dataEnd(file: FilePort): Promise<number> {
  const size = await file.size();
  const last = new Uint8Array(FOOTER_BYTES);
  if (size % 512 === 0 && (await file.read(size - FOOTER_BYTES, last)) === FOOTER_BYTES && isFooter(last))
    return size - FOOTER_BYTES;
  return Math.ceil(size / 512) * 512;
}

/** @throws ImageError if blocks overlap or lie outside the file */
function checkTable(view: DataView, unit: number, end: number): void {
  const sectors = new Uint32Array(view.byteLength / 4);
  let used = 0;
  for (let at = 0; at < view.byteLength; at += 4) {
    const sector = view.getUint32(at);
    if (sector !== UNUSED) sectors[used++] = sector;
  }
  const sorted = sectors.subarray(0, used).sort();
  sorted.forEach((sector, i) => {
    if (sector < 3 || sector * 512 >= end) throw damagedVhd('a block lies outside the file');
    if (i > 0 && (sector - sorted[i - 1]!) * 512 < unit) throw damagedVhd('two parts of the disk share a block');
  });
}
