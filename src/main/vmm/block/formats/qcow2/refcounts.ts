import { ImageError, type FilePort } from '../../disk-image.js';
import { tableOffset } from './cluster-mapping.js';
import { HEADER_OFFSET, refcountTableFields, type Qcow2Header } from './qcow2-header.js';
import { readRefcount, writeRefcount } from './refcount-codec.js';
import { TableCache, tableOf, tablesInFile, type CachedTable } from '../table-cache.js';

/** Clusters in a row that belong to whoever asked. */
export interface Allocation {
  readonly offset: number;
  readonly clusters: number;
  /** Nothing was ever written there: what is not written now reads as zeros. */
  readonly fresh: boolean;
}

/**
 * How often each cluster of the file is referred to, in blocks of one cluster that a table names. The caller makes sure
 * that only one operation runs at a time.
 */
export class Refcounts {
  readonly blocks: TableCache;
  private table: DataView;
  private tableOffset: number;
  private readonly clusterBytes: number;
  private readonly entriesPerBlock: number;
  /** No cluster below is free. */
  private firstFree = 0;
  /** No cluster from here on was ever in use, or in the file when it was opened. */
  private firstFresh: number;

  private constructor(
    private readonly file: FilePort,
    private readonly header: Qcow2Header,
    tableBytes: Uint8Array,
    fileBytes: number,
  ) {
    this.clusterBytes = 2 ** header.clusterBits;
    this.firstFresh = Math.ceil(fileBytes / this.clusterBytes);
    this.entriesPerBlock = (this.clusterBytes * 8) / 2 ** header.refcountOrder;
    this.blocks = new TableCache(tablesInFile(file, this.clusterBytes), this.clusterBytes);
    this.tableOffset = header.refcountTableOffset;
    this.table = new DataView(tableBytes.buffer);
  }

  static async open(file: FilePort, header: Qcow2Header): Promise<Refcounts> {
    const table = new Uint8Array(header.refcountTableClusters * 2 ** header.clusterBits);
    await file.read(header.refcountTableOffset, table);
    return new Refcounts(file, header, table, await file.size());
  }

  async get(cluster: number): Promise<number> {
    const block = await this.block(Math.floor(cluster / this.entriesPerBlock));
    return block === undefined ? 0 : this.read(block, cluster % this.entriesPerBlock);
  }

  /** @returns the new count @throws ImageError if it would leave its range: the image is damaged */
  async add(cluster: number, change: 1 | -1): Promise<number> {
    const block = await this.block(Math.floor(cluster / this.entriesPerBlock));
    const index = cluster % this.entriesPerBlock;
    const count = (block === undefined ? 0 : this.read(block, index)) + change;
    if (block === undefined || count < 0 || count >= 2 ** (2 ** this.header.refcountOrder)) {
      throw new ImageError('image-damaged', `the refcount of cluster ${cluster} is wrong`);
    }
    this.write(block, index, count);
    this.blocks.touch(block);
    if (count === 0) this.firstFree = Math.min(this.firstFree, cluster);
    this.used(cluster, 1);
    return count;
  }

  /** Takes up to `most` free clusters in a row, at least one. */
  async allocate(most: number): Promise<Allocation> {
    const searchedFrom = this.firstFree;
    const first = await this.findFree();
    const block = await this.ensureBlock(Math.floor(first / this.entriesPerBlock));
    const start = first % this.entriesPerBlock;
    let count = 0;
    while (count < most && start + count < this.entriesPerBlock && this.read(block, start + count) === 0) {
      this.write(block, start + count, 1);
      count++;
    }
    this.blocks.touch(block);
    // Growing the refcount table may have freed clusters further down.
    if (this.firstFree === searchedFrom) this.firstFree = first + count;
    const fresh = this.used(first, count);
    return { offset: first * this.clusterBytes, clusters: count, fresh };
  }

  /** Takes exactly `count` free clusters in a row. @throws ImageError if one refcount block cannot count that many */
  async allocateRun(count: number): Promise<Allocation> {
    // A new block takes the first cluster of its range itself.
    if (count >= this.entriesPerBlock)
      throw new ImageError('image-unsupported', 'The clusters of this qcow2 image are too small for so large a disk.');
    for (let index = Math.floor(this.firstFree / this.entriesPerBlock); ; index++) {
      const block = await this.ensureBlock(index);
      const start = this.findRun(block, count);
      if (start === undefined) continue;
      for (let i = 0; i < count; i++) this.write(block, start + i, 1);
      this.blocks.touch(block);
      const first = index * this.entriesPerBlock + start;
      const fresh = this.used(first, count);
      return { offset: first * this.clusterBytes, clusters: count, fresh };
    }
  }

  /** Notes that clusters are or were in use. @returns whether they were fresh until now */
  private used(first: number, count: number): boolean {
    const fresh = first >= this.firstFresh;
    this.firstFresh = Math.max(this.firstFresh, first + count);
    return fresh;
  }

  private findRun(block: CachedTable, count: number): number | undefined {
    for (let i = 0, free = 0; i < this.entriesPerBlock; i++) {
      free = this.read(block, i) === 0 ? free + 1 : 0;
      if (free === count) return i + 1 - count;
    }
    return undefined;
  }

  private async findFree(): Promise<number> {
    for (let cluster = this.firstFree; ;) {
      const index = Math.floor(cluster / this.entriesPerBlock);
      const block = await this.ensureBlock(index);
      for (; cluster < (index + 1) * this.entriesPerBlock; cluster++) {
        if (this.read(block, cluster % this.entriesPerBlock) === 0) return cluster;
      }
    }
  }

  private async block(index: number): Promise<CachedTable | undefined> {
    if (index >= this.table.byteLength / 8) return undefined;
    const offset = tableOffset(this.table, index, this.clusterBytes);
    return offset === 0 ? undefined : this.blocks.get(offset);
  }

  /**
   * The block for a range of clusters, made if there is none. Every cluster of such a range is free, so the block takes
   * the first of them itself, and counts itself. It is in the file before anything refers to it.
   */
  private async ensureBlock(index: number): Promise<CachedTable> {
    const known = await this.block(index);
    if (known !== undefined) return known;
    const offset = index * this.entriesPerBlock * this.clusterBytes;
    const block = tableOf(offset, new Uint8Array(this.clusterBytes));
    this.write(block, 0, 1);
    this.used(index * this.entriesPerBlock, 1);
    if (index >= this.table.byteLength / 8) return this.growTable(index, block);
    await this.file.write(offset, block.bytes);
    await this.file.sync();
    const entry = new Uint8Array(8);
    setOffset(new DataView(entry.buffer), 0, offset);
    await this.file.write(this.tableOffset + index * 8, entry);
    setOffset(this.table, index, offset);
    return this.blocks.adopt(block);
  }

  /** Moves the table to more room, behind the new block that needs it. */
  private async growTable(index: number, block: CachedTable): Promise<CachedTable> {
    const old = { first: this.tableOffset / this.clusterBytes, clusters: this.table.byteLength / this.clusterBytes };
    const clusters = Math.max(old.clusters * 2, Math.ceil(((index + 1) * 8) / this.clusterBytes));
    if (clusters + 1 > this.entriesPerBlock) throw new ImageError('image-unsupported', 'this qcow2 image cannot grow');
    for (let i = 1; i <= clusters; i++) this.write(block, i, 1);
    this.used(index * this.entriesPerBlock, clusters + 1);
    const bytes = new Uint8Array(clusters * this.clusterBytes);
    bytes.set(new Uint8Array(this.table.buffer));
    const table = new DataView(bytes.buffer);
    setOffset(table, index, block.key);
    const offset = block.key + this.clusterBytes;
    await this.file.write(block.key, block.bytes);
    await this.file.write(offset, bytes);
    await this.file.sync();
    await this.file.write(HEADER_OFFSET.refcountTable, refcountTableFields(offset, clusters));
    this.table = table;
    this.tableOffset = offset;
    this.blocks.adopt(block);
    await this.file.sync();
    for (let i = 0; i < old.clusters; i++) await this.add(old.first + i, -1);
    return block;
  }

  private read(block: CachedTable, index: number): number {
    return readRefcount(block.view, index, this.header.refcountOrder);
  }

  private write(block: CachedTable, index: number, count: number): void {
    writeRefcount(block.view, index, this.header.refcountOrder, count);
  }
}

function setOffset(view: DataView, index: number, offset: number): void {
  view.setUint32(index * 8, Math.floor(offset / 2 ** 32));
  view.setUint32(index * 8 + 4, offset % 2 ** 32);
}
