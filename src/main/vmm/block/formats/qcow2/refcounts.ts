import { ImageError, type FilePort } from '../../disk-image.js';
import { tableOffset } from './cluster-mapping.js';
import { HEADER_OFFSET, type Qcow2Header } from './qcow2-header.js';
import { TableCache, tableOf, type CachedTable } from './table-cache.js';

/** Clusters in a row that belong to whoever asked. */
export interface Allocation {
  readonly offset: number;
  readonly clusters: number;
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

  private constructor(
    private readonly file: FilePort,
    private readonly header: Qcow2Header,
    tableBytes: Uint8Array,
  ) {
    this.clusterBytes = 2 ** header.clusterBits;
    this.entriesPerBlock = (this.clusterBytes * 8) / 2 ** header.refcountOrder;
    this.blocks = new TableCache(file, this.clusterBytes);
    this.tableOffset = header.refcountTableOffset;
    this.table = new DataView(tableBytes.buffer);
  }

  static async open(file: FilePort, header: Qcow2Header): Promise<Refcounts> {
    const table = new Uint8Array(header.refcountTableClusters * 2 ** header.clusterBits);
    await file.read(header.refcountTableOffset, table);
    return new Refcounts(file, header, table);
  }

  async get(cluster: number): Promise<number> {
    const block = await this.block(Math.floor(cluster / this.entriesPerBlock));
    return block === undefined ? 0 : this.read(block, cluster % this.entriesPerBlock);
  }

  /** @throws ImageError if the count would leave its range: the image is damaged */
  async add(cluster: number, change: 1 | -1): Promise<void> {
    const block = await this.block(Math.floor(cluster / this.entriesPerBlock));
    const index = cluster % this.entriesPerBlock;
    const count = (block === undefined ? 0 : this.read(block, index)) + change;
    if (block === undefined || count < 0 || count >= 2 ** (2 ** this.header.refcountOrder)) {
      throw new ImageError('image-damaged', `the refcount of cluster ${cluster} is wrong`);
    }
    this.write(block, index, count);
    this.blocks.touch(block);
    if (count === 0) this.firstFree = Math.min(this.firstFree, cluster);
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
    return { offset: first * this.clusterBytes, clusters: count };
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
    const bytes = new Uint8Array(clusters * this.clusterBytes);
    bytes.set(new Uint8Array(this.table.buffer));
    const table = new DataView(bytes.buffer);
    setOffset(table, index, block.offset);
    const offset = block.offset + this.clusterBytes;
    await this.file.write(block.offset, block.bytes);
    await this.file.write(offset, bytes);
    await this.file.sync();
    await this.file.write(HEADER_OFFSET.refcountTable, tableLocation(offset, clusters));
    this.table = table;
    this.tableOffset = offset;
    this.blocks.adopt(block);
    await this.file.sync();
    for (let i = 0; i < old.clusters; i++) await this.add(old.first + i, -1);
    return block;
  }

  /** Counts narrower than a byte are packed from the least significant bit on. */
  private read({ bytes, view }: CachedTable, index: number): number {
    const { refcountOrder } = this.header;
    if (refcountOrder === 4) return view.getUint16(index * 2);
    if (refcountOrder === 5) return view.getUint32(index * 4);
    if (refcountOrder === 6) return view.getUint32(index * 8) * 2 ** 32 + view.getUint32(index * 8 + 4);
    const bits = 2 ** refcountOrder;
    return (bytes[(index * bits) >> 3]! >> ((index * bits) & 7)) & (2 ** bits - 1);
  }

  private write({ bytes, view }: CachedTable, index: number, count: number): void {
    const { refcountOrder } = this.header;
    if (refcountOrder === 4) return view.setUint16(index * 2, count);
    if (refcountOrder === 5) return view.setUint32(index * 4, count);
    if (refcountOrder === 6) {
      view.setUint32(index * 8, Math.floor(count / 2 ** 32));
      return view.setUint32(index * 8 + 4, count % 2 ** 32);
    }
    const bits = 2 ** refcountOrder;
    const shift = (index * bits) & 7;
    const at = (index * bits) >> 3;
    bytes[at] = (bytes[at]! & ~((2 ** bits - 1) << shift)) | (count << shift);
  }
}

function setOffset(view: DataView, index: number, offset: number): void {
  view.setUint32(index * 8, Math.floor(offset / 2 ** 32));
  view.setUint32(index * 8 + 4, offset % 2 ** 32);
}

function tableLocation(offset: number, clusters: number): Uint8Array {
  const bytes = new Uint8Array(12);
  const view = new DataView(bytes.buffer);
  setOffset(view, 0, offset);
  view.setUint32(8, clusters);
  return bytes;
}
