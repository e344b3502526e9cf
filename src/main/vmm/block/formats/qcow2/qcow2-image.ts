import { closeAll } from '../close-all.js';
import { ImageError, type DiskImage, type Extent, type FilePort } from '../../disk-image.js';
import { SerialQueue } from '../../serial-queue.js';
import { scatter, sliceVectors, vectorLength, zeroVectors, type Vectors } from '../../vectors.js';
import type { ImagePorts } from '../image-ports.js';
import { ClusterMap, isOverwritable, readL1, type L1Table } from './cluster-map.js';
import type { ClusterMapping } from './cluster-mapping.js';
import { CompressedClusters } from './compressed-clusters.js';
import { HEADER_OFFSET, l1Fields, readHeader, sizeField, type Qcow2Header } from './qcow2-header.js';
import { repairQcow2 } from './qcow2-repair.js';
import type { SnapshotRecord } from './qcow2-snapshots.js';
import { Refcounts } from './refcounts.js';

/** Changed tables that make the image write them back by itself. */
const MAX_CHANGED_TABLES = 64;
/** Clusters one write allocates at most. */
const MAX_ALLOCATION = 64;

/** Clusters that one write is about to fill. */
interface Claim {
  readonly first: number;
  readonly clusters: number;
  readonly host: number;
  /** Nothing was ever written there. */
  readonly fresh: boolean;
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
  private readonly compressed: CompressedClusters;
  /** Operations that change tables or refcounts. */
  private readonly changes = new SerialQueue();
  /** Clusters that a write under way has claimed, with the end of that write. */
  private readonly filling = new Map<number, Promise<void>>();

  private constructor(
    private readonly file: FilePort,
    private readonly header: Qcow2Header,
    private readonly map: ClusterMap,
    private readonly refcounts: Refcounts,
    private bytes: number,
    private below: DiskImage | undefined,
    ports: ImagePorts,
    readonly readonly: boolean,
  ) {
    this.clusterBytes = 2 ** header.clusterBits;
    this.compressed = new CompressedClusters(file, ports, this.clusterBytes);
  }

  /** An image that was not closed properly has its refcounts repaired if it is to be written. @throws ImageError */
  static async open(file: FilePort, ports: ImagePorts): Promise<Qcow2Image> {
    const header = file.readonly ? await readHeader(file) : await headerToWrite(file);
    const { l1Offset, l1Entries, size } = header;
    return Qcow2Image.assemble(file, ports, header, await readL1(file, l1Offset, l1Entries), size, file.readonly);
  }

  /** The disk as an internal snapshot keeps it, for reading. @throws ImageError */
  static async openSnapshot(file: FilePort, ports: ImagePorts, snapshot: SnapshotRecord): Promise<Qcow2Image> {
    const { l1Offset, l1Entries, size } = snapshot;
    return Qcow2Image.assemble(
      file,
      ports,
      await readHeader(file),
      await readL1(file, l1Offset, l1Entries),
      size,
      true,
    );
  }

  private static async assemble(
    file: FilePort,
    ports: ImagePorts,
    header: Qcow2Header,
    l1: L1Table,
    size: number,
    readonly: boolean,
  ): Promise<Qcow2Image> {
    const refcounts = await Refcounts.open(file, header);
    const { backingFile, backingFormat } = header;
    const backing = backingFile === undefined ? undefined : await ports.openBacking(backingFile, backingFormat);
    const map = new ClusterMap(file, header, l1, refcounts);
    return new Qcow2Image(file, header, map, refcounts, size, backing, ports, readonly);
  }

  get size(): number {
    return this.bytes - (this.bytes % 512);
  }

  get backing(): DiskImage | undefined {
    return this.below;
  }

  replaceBacking(backing: DiskImage | undefined): void {
    this.below = backing;
  }

  async read(offset: number, targets: Vectors): Promise<void> {
    const end = offset + vectorLength(targets);
    const parts: Promise<void>[] = [];
    for (let at = offset; at < end;) {
      const { mapping, length } = await this.map.run(at, end);
      parts.push(this.readRun(mapping, at, sliceVectors(targets, at - offset, length)));
      at += length;
    }
    await Promise.all(parts);
  }

  async write(offset: number, sources: Vectors): Promise<void> {
    const end = offset + vectorLength(sources);
    for (let at = offset; at < end;) {
      const { mapping, length } = await this.map.run(at, end);
      const part = sliceVectors(sources, at - offset, length);
      if (isOverwritable(mapping)) {
        await this.file.writev(this.dataOffset(mapping.host) + (at % this.clusterBytes), part);
        at += length;
      } else at += await this.allocateAndWrite(at, part);
    }
    if (this.map.changedTables > MAX_CHANGED_TABLES) await this.flush();
  }

  async discard(offset: number, length: number): Promise<void> {
    // Version 2 cannot say "zero, whatever the backing file holds".
    if (this.below !== undefined && this.header.version === 2) return;
    const first = Math.ceil(offset / this.clusterBytes);
    await this.empty(first, Math.floor((offset + length) / this.clusterBytes));
  }

  async zero(offset: number, length: number): Promise<void> {
    const first = Math.ceil(offset / this.clusterBytes) * this.clusterBytes;
    const end = Math.floor((offset + length) / this.clusterBytes) * this.clusterBytes;
    if (end <= first || (this.below !== undefined && this.header.version === 2)) return this.writeZeros(offset, length);
    await this.writeZeros(offset, first - offset);
    await this.empty(first / this.clusterBytes, end / this.clusterBytes);
    await this.writeZeros(end, offset + length - end);
  }

  async extent(offset: number, length: number): Promise<Extent> {
    const { mapping, length: found } = await this.map.run(offset, offset + length);
    return { kind: mapping.kind === 'compressed' ? 'data' : mapping.kind, length: found };
  }

  /**
   * Grows or cuts the disk. What a larger disk has more reads as zeros, even if the backing image is longer.
   * @throws ImageError if that needs a larger L1 table than the format allows
   */
  async resize(size: number): Promise<void> {
    const old = this.bytes;
    if (size < old) await this.file.write(HEADER_OFFSET.size, sizeField(size));
    else await this.grow(size);
    this.bytes = size;
    if (size < old) await this.empty(Math.ceil(size / this.clusterBytes), Math.ceil(old / this.clusterBytes), 'hole');
    await this.flush();
  }

  flush(): Promise<void> {
    return this.changes.run(() => this.writeTables());
  }

  async close(): Promise<void> {
    try {
      if (this.readonly) return;
      await this.flush();
      // Gives back what the first flush made free.
      await this.flush();
    } finally {
      await closeAll([this.below, this.file]);
    }
  }

  // Reading

  private async readRun(mapping: ClusterMapping, at: number, targets: Vectors): Promise<void> {
    switch (mapping.kind) {
      case 'hole':
        return this.readBacking(at, targets);
      case 'zero':
        return zeroVectors(targets);
      case 'compressed': {
        const cluster = await this.compressed.get(mapping.host, mapping.bytes);
        const from = at % this.clusterBytes;
        return scatter(cluster.subarray(from, from + vectorLength(targets)), targets);
      }
      case 'data': {
        const done = await this.file.readv(mapping.host + (at % this.clusterBytes), targets);
        zeroVectors(sliceVectors(targets, done, vectorLength(targets) - done));
      }
    }
  }

  private async readBacking(at: number, targets: Vectors): Promise<void> {
    const length = vectorLength(targets);
    const there = Math.max(0, Math.min(length, (this.below?.size ?? 0) - at));
    zeroVectors(sliceVectors(targets, there, length - there));
    if (there > 0) await this.below!.read(at, sliceVectors(targets, 0, there));
  }

  /** Content of the disk, also of what lies beyond its end in its last cluster. */
  private async readAll(at: number, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length);
    await this.read(at, [bytes]);
    return bytes;
  }

  // Writing

  /** Writes to clusters that are not the active disk's own; returns how many bytes it took, 0 to look again. */
  private async allocateAndWrite(at: number, sources: Vectors): Promise<number> {
    const first = Math.floor(at / this.clusterBytes);
    const inCluster = at % this.clusterBytes;
    const wanted = Math.min(MAX_ALLOCATION, Math.ceil((inCluster + vectorLength(sources)) / this.clusterBytes));
    let filled = (): void => {};
    const end = new Promise<void>((resolve) => (filled = resolve));
    const claim = await this.changes.run(() => this.claim(first, wanted, end));
    if (claim === undefined) {
      await this.filling.get(first);
      return 0;
    }
    try {
      return await this.fill(claim, inCluster, sources);
    } finally {
      for (let i = 0; i < claim.clusters; i++) this.filling.delete(first + i);
      filled();
    }
  }

  /** Allocates clusters for a write. `undefined` if the first one is being written or has been meanwhile. */
  private async claim(first: number, wanted: number, end: Promise<void>): Promise<Claim | undefined> {
    let free = 0;
    while (free < wanted && !this.filling.has(first + free)) free++;
    const count = await this.map.countAllocatable(first, free);
    if (count === 0) return undefined;
    const { offset, clusters, fresh } = await this.refcounts.allocate(count);
    this.dataOffset(offset);
    for (let i = 0; i < clusters; i++) this.filling.set(first + i, end);
    return { first, clusters, host: offset, fresh };
  }

  /** Fills claimed clusters: what is around the new bytes comes from where it was, zeros that are there already excepted. */
  private async fill({ first, clusters, host, fresh }: Claim, inCluster: number, sources: Vectors): Promise<number> {
    const at = first * this.clusterBytes + inCluster;
    const length = Math.min(vectorLength(sources), clusters * this.clusterBytes - inCluster);
    try {
      const before = await this.contentAround(at - inCluster, inCluster, fresh);
      const after = await this.contentAround(at + length, clusters * this.clusterBytes - inCluster - length, fresh);
      const written = [...before, ...sliceVectors(sources, 0, length), ...after];
      await this.file.writev(host + inCluster - vectorLength(before), written);
      await this.changes.run(() => this.map.point(first, clusters, host));
    } catch (error) {
      await this.changes.run(() => this.unclaim(host, clusters));
      throw error;
    }
    return length;
  }

  /** What a part of one cluster must be filled with besides new bytes: nothing where fresh clusters hold it already. */
  private async contentAround(at: number, length: number, fresh: boolean): Promise<Vectors> {
    if (length === 0 || (fresh && (await this.isZero(at, length)))) return [];
    return [await this.readAll(at, length)];
  }

  /** Whether a part of one cluster is known to read as zeros, without looking at data. */
  private async isZero(at: number, length: number): Promise<boolean> {
    const { mapping } = await this.map.run(at, at + length);
    return mapping.kind === 'zero' || (mapping.kind === 'hole' && at >= (this.below?.size ?? 0));
  }

  private async unclaim(host: number, clusters: number): Promise<void> {
    for (let i = 0; i < clusters; i++) await this.refcounts.add(host / this.clusterBytes + i, -1);
  }

  private async writeZeros(offset: number, length: number): Promise<void> {
    if (length > 0) await this.write(offset, [new Uint8Array(length)]);
  }

  /** Clusters [first, end) become zeros without room of their own. */
  private async empty(first: number, end: number, kind: 'hole' | 'zero' = this.emptyKind()): Promise<void> {
    if (end <= first) return;
    await this.changes.run(async () => {
      for (let cluster = first; cluster < end; cluster++) await this.map.empty(cluster, kind);
    });
  }

  /** How a cluster without data reads as zeros. */
  private emptyKind(): 'hole' | 'zero' {
    return this.below === undefined ? 'hole' : 'zero';
  }

  private async grow(size: number): Promise<void> {
    const old = this.bytes;
    await this.changes.run(() => this.growL1(size));
    // What the old last cluster holds beyond the old end, and what a longer backing image has there.
    const hidden = Math.max(
      Math.ceil(old / this.clusterBytes) * this.clusterBytes,
      Math.min(size, this.below?.size ?? 0),
    );
    const end = Math.min(size, hidden);
    if (end > old) await this.zero(old, end - old);
    await this.flush();
    await this.file.write(HEADER_OFFSET.size, sizeField(size));
  }

  /** Makes the L1 table long enough; a longer one is written elsewhere, then named by the header in one sector. */
  private async growL1(size: number): Promise<void> {
    const entries = Math.ceil(size / (this.clusterBytes * (this.clusterBytes / 8)));
    if (entries <= this.map.l1Entries) return;
    await this.writeTables();
    const bytes = this.map.grownL1(entries);
    const clusters = Math.ceil(bytes.length / this.clusterBytes);
    const { offset } = await this.refcounts.allocateRun(clusters);
    await this.refcounts.blocks.writeBack();
    await this.file.write(offset, bytes);
    await this.file.sync();
    await this.file.write(HEADER_OFFSET.l1Entries, l1Fields(entries, offset));
    await this.file.sync();
    this.map.adoptL1({ offset, entries: new DataView(bytes.buffer) });
  }

  private async writeTables(): Promise<void> {
    await this.refcounts.blocks.writeBack();
    await this.map.writeBack();
    await this.file.sync();
    const released = this.map.takeReleased();
    if (released.length === 0) return;
    this.compressed.forget();
    const free = new Set<number>();
    for (const cluster of released) if ((await this.refcounts.add(cluster, -1)) === 0) free.add(cluster);
    for (const [first, count] of runsOf([...free].sort((a, b) => a - b)))
      await this.file.punchHole(first * this.clusterBytes, count * this.clusterBytes);
  }

  /** @throws ImageError if a data cluster is said to be where the header is: writing there would destroy the image */
  private dataOffset(host: number): number {
    if (host < this.clusterBytes) throw new ImageError('image-damaged', 'data of this qcow2 image lies in its header');
    return host;
  }
}

/** @throws ImageError if the image is marked as damaged */
async function headerToWrite(file: FilePort): Promise<Qcow2Header> {
  const header = await readHeader(file);
  if (header.corrupt)
    throw new ImageError('image-damaged', 'This qcow2 image is marked as damaged. Check and repair it first.');
  if (header.dirty) await repairQcow2(file, 'all');
  // Features that a writer who does not know them must switch off.
  if (header.hasAutoclearFeatures) await file.write(HEADER_OFFSET.autoclearFeatures, new Uint8Array(8));
  // A repair may have moved the refcounts.
  return header.dirty ? readHeader(file) : header;
}

/** Numbers in ascending order as runs of neighbours. */
function runsOf(numbers: readonly number[]): [first: number, count: number][] {
  const runs: [number, number][] = [];
  for (const number of numbers) {
    const last = runs.at(-1);
    if (last !== undefined && last[0] + last[1] === number) last[1]++;
    else runs.push([number, 1]);
  }
  return runs;
}
