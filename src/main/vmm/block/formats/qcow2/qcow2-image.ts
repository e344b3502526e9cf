import { ImageError, type DiskImage, type Extent, type FilePort } from '../../disk-image.js';
import { SerialQueue } from '../../serial-queue.js';
import { scatter, sliceVectors, vectorLength, zeroVectors, type Vectors } from '../../vectors.js';
import type { ImagePorts } from '../image-ports.js';
import { HOLE, mappingOf, ownsTable, setEmpty, setOwned, tableOffset, type ClusterMapping } from './cluster-mapping.js';
import { HEADER_OFFSET, HEADER_READ_BYTES, parseHeader, type Qcow2Header } from './qcow2-header.js';
import { Refcounts } from './refcounts.js';
import { TableCache, type CachedTable } from './table-cache.js';

/** Changed tables that make the image write them back by itself. */
const MAX_CHANGED_TABLES = 64;
/** Clusters one write allocates at most; bounds the time others wait. */
const MAX_ALLOCATION = 64;

interface Run {
  readonly mapping: ClusterMapping;
  readonly length: number;
}

/**
 * A qcow2 image, versions 2 and 3. Data go to their clusters at once; tables that name new clusters are kept in memory
 * and written by {@link flush} in the order refcounts, L2 tables, L1 table with a sync between, so that the file is
 * consistent at every moment: a crash loses unflushed writes at most, and leaves clusters unused at worst. Clusters that
 * have become free are given out again only after what referred to them is gone from the file.
 */
export class Qcow2Image implements DiskImage {
  readonly format = 'qcow2';
  private readonly clusterBytes: number;
  private readonly entriesPerL2: number;
  private readonly l2Tables: TableCache;
  /** Operations that change tables or refcounts. */
  private readonly changes = new SerialQueue();
  private l1Changed = false;
  private releasable: number[] = [];
  private inflated: { readonly host: number; readonly bytes: Uint8Array } | undefined;

  private constructor(
    private readonly file: FilePort,
    private readonly header: Qcow2Header,
    private readonly l1: DataView,
    private readonly refcounts: Refcounts,
    readonly backing: DiskImage | undefined,
    private readonly ports: ImagePorts,
  ) {
    this.clusterBytes = 2 ** header.clusterBits;
    this.entriesPerL2 = this.clusterBytes / 8;
    this.l2Tables = new TableCache(file, this.clusterBytes);
  }

  /** @throws ImageError */
  static async open(file: FilePort, ports: ImagePorts): Promise<Qcow2Image> {
    const head = new Uint8Array(HEADER_READ_BYTES);
    const header = parseHeader(head.subarray(0, await file.read(0, head)));
    if (!file.readonly && header.needsRepair) {
      throw new ImageError(
        'image-damaged',
        'This qcow2 image was not closed properly. Repair it with "qemu-img check -r all".',
      );
    }
    const l1 = new Uint8Array(header.l1Entries * 8);
    await file.read(header.l1Offset, l1);
    const refcounts = await Refcounts.open(file, header);
    // Features that a writer who does not know them must switch off.
    if (!file.readonly && header.hasAutoclearFeatures)
      await file.write(HEADER_OFFSET.autoclearFeatures, new Uint8Array(8));
    const { backingFile, backingFormat } = header;
    const backing = backingFile === undefined ? undefined : await ports.openBacking(backingFile, backingFormat);
    return new Qcow2Image(file, header, new DataView(l1.buffer), refcounts, backing, ports);
  }

  get size(): number {
    return this.header.size - (this.header.size % 512);
  }

  get readonly(): boolean {
    return this.file.readonly;
  }

  async read(offset: number, targets: Vectors): Promise<void> {
    const end = offset + vectorLength(targets);
    const parts: Promise<void>[] = [];
    for (let at = offset; at < end;) {
      const { mapping, length } = await this.run(at, end);
      parts.push(this.readRun(mapping, at, sliceVectors(targets, at - offset, length)));
      at += length;
    }
    await Promise.all(parts);
  }

  async write(offset: number, sources: Vectors): Promise<void> {
    const end = offset + vectorLength(sources);
    for (let at = offset; at < end;) {
      const { mapping, length } = await this.run(at, end);
      const part = sliceVectors(sources, at - offset, length);
      if (isOverwritable(mapping)) {
        await this.file.writev(mapping.host + (at % this.clusterBytes), part);
        at += length;
      } else at += await this.changes.run(() => this.allocateAndWrite(at, part));
    }
    if (this.l2Tables.changedTables > MAX_CHANGED_TABLES) await this.flush();
  }

  async discard(offset: number, length: number): Promise<void> {
    // Version 2 cannot say "zero, whatever the backing file holds".
    if (this.backing !== undefined && this.header.version === 2) return;
    const first = Math.ceil(offset / this.clusterBytes);
    const end = Math.floor((offset + length) / this.clusterBytes);
    await this.changes.run(async () => {
      for (let cluster = first; cluster < end; cluster++) await this.empty(cluster);
    });
  }

  flush(): Promise<void> {
    return this.changes.run(() => this.writeTables());
  }

  async close(): Promise<void> {
    if (!this.readonly) {
      await this.flush();
      // Gives back what the first flush made free.
      await this.flush();
    }
    await this.backing?.close();
    await this.file.close();
  }

  async extent(offset: number, length: number): Promise<Extent> {
    const { mapping, length: found } = await this.run(offset, offset + length);
    return { kind: mapping.kind === 'compressed' ? 'data' : mapping.kind, length: found };
  }

  // Mapping

  private async mapping(cluster: number): Promise<ClusterMapping> {
    const l2 = await this.l2Table(cluster);
    return l2 === undefined ? HOLE : mappingOf(l2.view, cluster % this.entriesPerL2, this.header.clusterBits);
  }

  private async l2Table(cluster: number): Promise<CachedTable | undefined> {
    const index = Math.floor(cluster / this.entriesPerL2);
    if (index >= this.header.l1Entries) throw new ImageError('image-damaged', 'beyond the L1 table');
    const offset = tableOffset(this.l1, index, this.clusterBytes);
    return offset === 0 ? undefined : this.l2Tables.get(offset);
  }

  /** The longest part of [at, end) that lies in one place. */
  private async run(at: number, end: number): Promise<Run> {
    const first = Math.floor(at / this.clusterBytes);
    const mapping = await this.mapping(first);
    let next = first + 1;
    while (
      next * this.clusterBytes < end &&
      continues(mapping, await this.mapping(next), (next - first) * this.clusterBytes)
    )
      next++;
    return { mapping, length: Math.min(end, next * this.clusterBytes) - at };
  }

  // Reading

  private async readRun(mapping: ClusterMapping, at: number, targets: Vectors): Promise<void> {
    switch (mapping.kind) {
      case 'hole':
        return this.readBacking(at, targets);
      case 'zero':
        return zeroVectors(targets);
      case 'compressed':
        return this.readCompressed(mapping.host, mapping.bytes, at % this.clusterBytes, targets);
      case 'data': {
        const done = await this.file.readv(mapping.host + (at % this.clusterBytes), targets);
        zeroVectors(sliceVectors(targets, done, vectorLength(targets) - done));
      }
    }
  }

  private async readBacking(at: number, targets: Vectors): Promise<void> {
    const length = vectorLength(targets);
    const there = Math.max(0, Math.min(length, (this.backing?.size ?? 0) - at));
    zeroVectors(sliceVectors(targets, there, length - there));
    if (there > 0) await this.backing!.read(at, sliceVectors(targets, 0, there));
  }

  private async readCompressed(host: number, bytes: number, from: number, targets: Vectors): Promise<void> {
    let cluster = this.inflated?.host === host ? this.inflated.bytes : undefined;
    if (cluster === undefined) {
      const source = new Uint8Array(bytes);
      const there = await this.file.read(host, source);
      cluster = await this.ports.inflate(source.subarray(0, there), this.clusterBytes);
      if (cluster.length !== this.clusterBytes) throw new ImageError('image-damaged', 'a compressed cluster is short');
      this.inflated = { host, bytes: cluster };
    }
    scatter(cluster.subarray(from, from + vectorLength(targets)), targets);
  }

  // Writing

  /** Writes to clusters that are not the active disk's own; returns how many bytes it took. */
  private async allocateAndWrite(at: number, sources: Vectors): Promise<number> {
    const inCluster = at % this.clusterBytes;
    const limit = Math.min(vectorLength(sources), MAX_ALLOCATION * this.clusterBytes - inCluster);
    const first = Math.floor(at / this.clusterBytes);
    const wanted = await this.countAllocatable(first, Math.ceil((inCluster + limit) / this.clusterBytes));
    // Another write has allocated it meanwhile.
    if (wanted === 0) return 0;
    const { offset: host, clusters } = await this.refcounts.allocate(wanted);
    const length = Math.min(limit, clusters * this.clusterBytes - inCluster);
    try {
      const tail = clusters * this.clusterBytes - inCluster - length;
      const before = await this.readAll(at - inCluster, inCluster);
      const after = await this.readAll(at + length, tail);
      await this.file.writev(host, [before, ...sliceVectors(sources, 0, length), after]);
      await this.pointTo(first, clusters, host);
    } catch (error) {
      for (let i = 0; i < clusters; i++) await this.refcounts.add(host / this.clusterBytes + i, -1);
      throw error;
    }
    return length;
  }

  /** Clusters from `first` on, at most `most`, in one L2 table, that must be allocated to be written. */
  private async countAllocatable(first: number, most: number): Promise<number> {
    const inTable = this.entriesPerL2 - (first % this.entriesPerL2);
    let count = 0;
    while (count < Math.min(most, inTable) && !isOverwritable(await this.mapping(first + count))) count++;
    return count;
  }

  /** Content of the disk, also of what lies beyond its end in its last cluster. */
  private async readAll(at: number, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length);
    if (length > 0) await this.read(at, [bytes]);
    return bytes;
  }

  private async pointTo(first: number, clusters: number, host: number): Promise<void> {
    const l2 = await this.l2TableToChange(first);
    for (let i = 0; i < clusters; i++) {
      const index = (first + i) % this.entriesPerL2;
      this.release(mappingOf(l2.view, index, this.header.clusterBits));
      setOwned(l2.view, index, host + i * this.clusterBytes);
    }
    this.l2Tables.touch(l2);
  }

  private async empty(cluster: number): Promise<void> {
    const mapping = await this.mapping(cluster);
    const kind = this.backing === undefined ? 'hole' : 'zero';
    if (mapping.kind === kind && (kind === 'hole' || (mapping.kind === 'zero' && mapping.host === 0))) return;
    const l2 = await this.l2TableToChange(cluster);
    this.release(mapping);
    setEmpty(l2.view, cluster % this.entriesPerL2, kind);
    this.l2Tables.touch(l2);
  }

  /** The L2 table of a cluster, made or copied if the active disk has none of its own. */
  private async l2TableToChange(cluster: number): Promise<CachedTable> {
    const index = Math.floor(cluster / this.entriesPerL2);
    const old = await this.l2Table(cluster);
    if (old !== undefined && ownsTable(this.l1, index)) return old;
    const { offset } = await this.refcounts.allocate(1);
    const table = this.l2Tables.create(offset, old?.bytes.slice());
    setOwned(this.l1, index, offset);
    this.l1Changed = true;
    if (old !== undefined) this.releasable.push(old.offset / this.clusterBytes);
    return table;
  }

  /** Notes that a mapping no longer refers to its clusters. */
  private release(mapping: ClusterMapping): void {
    if (mapping.kind === 'hole' || mapping.host === 0) return;
    const bytes = mapping.kind === 'compressed' ? mapping.bytes : 1;
    const last = Math.floor((mapping.host + bytes - 1) / this.clusterBytes);
    for (let i = Math.floor(mapping.host / this.clusterBytes); i <= last; i++) this.releasable.push(i);
    if (mapping.kind === 'compressed') this.inflated = undefined;
  }

  private async writeTables(): Promise<void> {
    await this.refcounts.blocks.writeBack();
    if (this.l2Tables.changedTables > 0) {
      await this.file.sync();
      await this.l2Tables.writeBack();
    }
    if (this.l1Changed) {
      await this.file.sync();
      await this.file.write(this.header.l1Offset, new Uint8Array(this.l1.buffer));
      this.l1Changed = false;
    }
    await this.file.sync();
    const free = this.releasable;
    this.releasable = [];
    for (const cluster of free) await this.refcounts.add(cluster, -1);
  }
}

function isOverwritable(mapping: ClusterMapping): mapping is ClusterMapping & { readonly kind: 'data' } {
  return mapping.kind === 'data' && mapping.owned;
}

/** Whether `next`, `distance` bytes further on, can be read or written together with `first`. */
function continues(first: ClusterMapping, next: ClusterMapping, distance: number): boolean {
  if (first.kind === 'compressed' || first.kind !== next.kind) return false;
  if (first.kind !== 'data' || next.kind !== 'data') return true;
  return next.owned === first.owned && next.host === first.host + distance;
}
