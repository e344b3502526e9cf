import type { FilePort } from '../../disk-image.js';
import type { ImagePorts } from '../image-ports.js';
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
import type { CachedTable } from '../table-cache.js';
import { GrainTables } from './grain-tables.js';
import { directoryEntries, parseSparseHeader, SECTOR, UNCLEAN_OFFSET, type SparseHeader } from './sparse-header.js';
import { readFooter } from './stream.js';
import { damagedVmdk } from './vmdk-errors.js';
import { inflateZlib } from './zlib-stream.js';

/** A grain table entry that stands for zeros, where the header allows it. */
const ZEROED = 1;
/** Before the data of a compressed grain: its first sector (8 bytes) and the length of the data (4). */
const GRAIN_MARKER_BYTES = 12;

/** What a walk through all grain tables found. */
export interface GrainSurvey {
  readonly used: number;
  readonly shared: number;
  readonly outside: number;
  readonly differingTables: number;
  readonly leaked: number;
}

/** A part of a disk in grains, whose places are in tables of two levels. */
export class SparseExtent implements WritableBlockMap {
  readonly size: number;
  private readonly grainBytes: number;
  /** Whether the mark of {@link markUnclean} has been set by this session. */
  private unclean = false;

  private constructor(
    private readonly file: FilePort,
    readonly header: SparseHeader,
    private readonly tables: GrainTables,
    private readonly rooms: RoomKeeper,
    private readonly hasParent: boolean,
    private readonly ports: ImagePorts,
  ) {
    this.size = header.capacity * SECTOR;
    this.grainBytes = header.grainSectors * SECTOR;
  }

  /** @param hasParent whether another disk shows where this one has nothing. @throws ImageError */
  static async open(file: FilePort, hasParent: boolean, ports: ImagePorts): Promise<SparseExtent> {
    const head = new Uint8Array(SECTOR);
    let header = parseSparseHeader(head.subarray(0, await file.read(0, head)));
    if (header.directory === undefined) header = await readFooter(file);
    if (header.directory === undefined) throw damagedVmdk('its footer does not name the grain directory');
    const tables = await GrainTables.open(file, header, header.directory);
    const end = Math.ceil((await file.size()) / SECTOR) * SECTOR;
    const rooms = new RoomKeeper(file, end, header.grainSectors * SECTOR);
    return new SparseExtent(file, header, tables, rooms, hasParent, ports);
  }

  async run(at: number, end: number): Promise<Run> {
    const perTable = this.header.entriesPerTable;
    const index = Math.floor(at / (perTable * this.grainBytes));
    const limit = Math.min(end, (index + 1) * perTable * this.grainBytes);
    const table = await this.tables.table(index);
    if (table === undefined) return { place: HOLE, length: limit - at };
    return runOfBlocks(at, limit, this.grainBytes, (grain) => this.place(table, grain - index * perTable));
  }

  async inflate(file: FilePort, host: number): Promise<Uint8Array> {
    const marker = new Uint8Array(GRAIN_MARKER_BYTES);
    await file.read(host, marker);
    const length = new DataView(marker.buffer).getUint32(8, true);
    // Deflate makes what it cannot compress a little larger.
    if (length > this.grainBytes * 2) throw damagedVmdk('a compressed grain is too long');
    const data = new Uint8Array(length);
    const there = await file.read(host + GRAIN_MARKER_BYTES, data);
    const grain = await inflateZlib(data.subarray(0, there), this.grainBytes, this.ports);
    if (grain.length === this.grainBytes) return grain;
    // The last grain of a disk may be cut off at its end.
    const whole = new Uint8Array(this.grainBytes);
    whole.set(grain);
    return whole;
  }

  async reserve(at: number, end: number): Promise<Room> {
    const tableBytes = this.header.entriesPerTable * this.grainBytes;
    const index = Math.floor(at / tableBytes);
    if (this.tables.table(index) === undefined) await this.createTable(index);
    return this.rooms.reserve(at, Math.min(end, (index + 1) * tableBytes));
  }

  async assign({ start, length, host }: Room): Promise<void> {
    const perTable = this.header.entriesPerTable;
    const first = start / this.grainBytes;
    const table = (await this.tables.table(Math.floor(first / perTable)))!;
    for (let i = 0; i < length / this.grainBytes; i++)
      table.view.setUint32(((first + i) % perTable) * 4, host / SECTOR + i * this.header.grainSectors, true);
    this.tables.touch(table);
  }

  giveBack(room: Room): void {
    this.rooms.unreserve(room);
  }

  async discard(at: number, end: number): Promise<void> {
    // Without zeroed grains an empty grain would show the parent's content.
    if (this.hasParent && !this.header.zeroedGrains) return;
    const perTable = this.header.entriesPerTable;
    const last = Math.floor(end / this.grainBytes);
    for (let grain = Math.ceil(at / this.grainBytes); grain < last; grain++) {
      const index = Math.floor(grain / perTable);
      const table = await this.tables.table(index);
      if (table === undefined) grain = (index + 1) * perTable - 1;
      else this.empty(table, grain % perTable);
    }
  }

  get changed(): boolean {
    return this.tables.changed;
  }

  async commit(): Promise<void> {
    await this.tables.writeBack();
    await this.file.sync();
    await this.rooms.committed();
  }

  owns(file: FilePort): boolean {
    return file === this.file;
  }

  sync(): Promise<void> {
    return this.file.sync();
  }

  /** Takes back the mark of {@link markUnclean}, if it was set. */
  async settle(): Promise<void> {
    if (this.unclean) await this.markUnclean(false);
  }

  close(): Promise<void> {
    return this.file.close();
  }

  /** Sets or clears the mark that says whether the extent was closed properly. */
  async markUnclean(unclean: boolean): Promise<void> {
    await this.file.write(UNCLEAN_OFFSET, Uint8Array.of(unclean ? 1 : 0));
    await this.file.sync();
    this.unclean = unclean;
  }

  /** Looks at every entry of every table. @param step called once a table */
  async survey(step: (done: number, total: number) => void): Promise<GrainSurvey> {
    const total = directoryEntries(this.header);
    const seen = new GrainCells(this.grainBytes, this.rooms.fileEnd);
    let [used, shared, outside, differingTables] = [0, 0, 0, 0];
    for (let index = 0; index < total; index++) {
      step(index, total);
      const table = await this.tables.table(index);
      if (table === undefined) continue;
      if (!(await this.tables.agrees(index))) differingTables++;
      for (let i = 0; i < this.header.entriesPerTable; i++) {
        const host = table.view.getUint32(i * 4, true) * SECTOR;
        if (host === 0 || (host === SECTOR && this.header.zeroedGrains)) continue;
        used++;
        if (!this.holds(host)) outside++;
        else if (!this.header.compressed && !seen.add(host)) shared++;
      }
    }
    const leaked = this.header.compressed ? 0 : seen.unusedBehind(this.header.overhead * SECTOR);
    return { used, shared, outside, differingTables, leaked };
  }

  /** Writes every table again, so that it and its copy say the same. */
  async rewriteTables(): Promise<void> {
    for (let index = 0; index < directoryEntries(this.header); index++) {
      const table = await this.tables.table(index);
      if (table !== undefined && !(await this.tables.agrees(index))) this.tables.touch(table);
    }
    await this.commit();
  }

  /** @throws ImageError if the grain lies outside the file or in the extent's own tables */
  private place(table: CachedTable, entry: number): Place {
    const sector = table.view.getUint32(entry * 4, true);
    if (sector === 0) return HOLE;
    if (sector === ZEROED && this.header.zeroedGrains) return ZERO;
    const host = sector * SECTOR;
    if (!this.holds(host)) throw damagedVmdk('a grain is not in the file');
    const { file } = this;
    return this.header.compressed ? { kind: 'compressed', file, host, from: 0 } : { kind: 'data', file, host };
  }

  private holds(host: number): boolean {
    return host >= Math.max(SECTOR, this.header.overhead * SECTOR) && host < this.rooms.fileEnd;
  }

  private empty(table: CachedTable, entry: number): void {
    const sector = table.view.getUint32(entry * 4, true);
    const value = this.hasParent ? ZEROED : 0;
    if (sector === value) return;
    table.view.setUint32(entry * 4, value, true);
    this.tables.touch(table);
    if (sector > ZEROED) this.rooms.release(sector * SECTOR);
  }

  private async createTable(index: number): Promise<void> {
    const { host, fresh } = await this.rooms.take(1);
    if (!fresh) await this.file.write(host, new Uint8Array(this.tables.roomBytes));
    this.tables.create(index, host);
  }
}

/** Which grain-sized cells of a file are in use. Grains need not begin at a multiple of their size. */
class GrainCells {
  private readonly bits: Uint8Array;
  private shift: number | undefined;
  private used = 0;

  constructor(
    private readonly grainBytes: number,
    private readonly end: number,
  ) {
    this.bits = new Uint8Array(Math.ceil(end / grainBytes / 8) + 1);
  }

  /** @returns whether the cell was free. Grains out of step with the first cannot be told from each other. */
  add(host: number): boolean {
    this.shift ??= host % this.grainBytes;
    const cell = Math.floor((host - this.shift) / this.grainBytes);
    if ((host - this.shift) % this.grainBytes !== 0) return true;
    const [at, bit] = [cell >> 3, 1 << (cell & 7)];
    if ((this.bits[at]! & bit) !== 0) return false;
    this.bits[at]! |= bit;
    this.used++;
    return true;
  }

  unusedBehind(start: number): number {
    return Math.max(0, Math.floor((this.end - start) / this.grainBytes) - this.used);
  }
}
