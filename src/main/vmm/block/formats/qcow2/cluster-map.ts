import { ImageError, type FilePort } from '../../disk-image.js';
import { HOLE, mappingOf, ownsTable, setEmpty, setOwned, tableOffset, type ClusterMapping } from './cluster-mapping.js';
import type { Qcow2Header } from './qcow2-header.js';
import type { Refcounts } from './refcounts.js';
import { TableCache, tablesInFile, type CachedTable } from '../table-cache.js';

/** The L1 table of a disk or snapshot. */
export interface L1Table {
  readonly offset: number;
  readonly entries: DataView;
}

/** A stretch of the disk that lies in one place. */
export interface Run {
  readonly mapping: ClusterMapping;
  readonly length: number;
}

/** @throws ImageError if the file ends within the table */
export async function readL1(file: FilePort, offset: number, entries: number): Promise<L1Table> {
  const bytes = new Uint8Array(entries * 8);
  await file.read(offset, bytes);
  return { offset, entries: new DataView(bytes.buffer) };
}

/**
 * Where the clusters of a disk are: an L1 table that names L2 tables. What changes stays in memory until
 * {@link writeBack}. Changes must come one at a time; reads may come any time.
 */
export class ClusterMap {
  private readonly clusterBytes: number;
  private readonly entriesPerL2: number;
  private readonly l2Tables: TableCache;
  private l1Changed = false;
  private released: number[] = [];

  constructor(
    private readonly file: FilePort,
    private readonly header: Qcow2Header,
    private l1: L1Table,
    private readonly refcounts: Refcounts,
  ) {
    this.clusterBytes = 2 ** header.clusterBits;
    this.entriesPerL2 = this.clusterBytes / 8;
    this.l2Tables = new TableCache(tablesInFile(file, this.clusterBytes), this.clusterBytes);
  }

  /** L2 tables that wait to be written. */
  get changedTables(): number {
    return this.l2Tables.changedTables;
  }

  get l1Entries(): number {
    return this.l1.entries.byteLength / 8;
  }

  /** The longest part of [at, end) that lies in one place. */
  async run(at: number, end: number): Promise<Run> {
    const first = Math.floor(at / this.clusterBytes);
    const last = Math.ceil(end / this.clusterBytes);
    let table = await this.l2Table(first);
    const mapping = this.mappingIn(table, first);
    let next = first + 1;
    for (; next < last; next++) {
      if (next % this.entriesPerL2 === 0) table = await this.l2Table(next);
      if (!continues(mapping, this.mappingIn(table, next), (next - first) * this.clusterBytes)) break;
    }
    return { mapping, length: Math.min(end, next * this.clusterBytes) - at };
  }

  /** Clusters from `first` on, at most `most`, in one L2 table, that must be allocated to be written. */
  async countAllocatable(first: number, most: number): Promise<number> {
    const table = await this.l2Table(first);
    const limit = Math.min(most, this.entriesPerL2 - (first % this.entriesPerL2));
    let count = 0;
    while (count < limit && !isOverwritable(this.mappingIn(table, first + count))) count++;
    return count;
  }

  /** Lets clusters in one L2 table have their data at `host`. */
  async point(first: number, clusters: number, host: number): Promise<void> {
    const table = await this.l2TableToChange(first);
    for (let i = 0; i < clusters; i++) {
      this.release(this.mappingIn(table, first + i));
      setOwned(table.view, (first + i) % this.entriesPerL2, host + i * this.clusterBytes);
    }
    this.l2Tables.touch(table);
  }

  /** Makes a cluster a hole, or zeros. */
  async empty(cluster: number, kind: 'hole' | 'zero'): Promise<void> {
    const mapping = this.mappingIn(await this.l2Table(cluster), cluster);
    if (mapping.kind === kind && (kind === 'hole' || (mapping.kind === 'zero' && mapping.host === 0))) return;
    const table = await this.l2TableToChange(cluster);
    this.release(mapping);
    setEmpty(table.view, cluster % this.entriesPerL2, kind);
    this.l2Tables.touch(table);
  }

  /** Writes L2 tables, then the L1 table, each durable before what refers to it. The refcounts are in the file already. */
  async writeBack(): Promise<void> {
    if (this.l2Tables.changedTables > 0) {
      await this.file.sync();
      await this.l2Tables.writeBack();
    }
    if (!this.l1Changed) return;
    await this.file.sync();
    await this.file.write(this.l1.offset, new Uint8Array(this.l1.entries.buffer));
    this.l1Changed = false;
  }

  /** Clusters of the file that nothing in it names any more since the last {@link writeBack}, once for each reference. */
  takeReleased(): readonly number[] {
    const released = this.released;
    this.released = [];
    return released;
  }

  /** A copy of the L1 table with more entries, for a place of its own in the file. */
  grownL1(entries: number): Uint8Array {
    const bytes = new Uint8Array(entries * 8);
    bytes.set(new Uint8Array(this.l1.entries.buffer));
    return bytes;
  }

  /** Goes on with an L1 table that is in the file at another place; what it replaces is released. */
  adoptL1(table: L1Table): void {
    const clusters = Math.ceil(this.l1.entries.byteLength / this.clusterBytes);
    const first = this.l1.offset / this.clusterBytes;
    if (table.offset !== this.l1.offset) for (let i = 0; i < clusters; i++) this.released.push(first + i);
    this.l1 = table;
  }

  private mappingIn(table: CachedTable | undefined, cluster: number): ClusterMapping {
    return table === undefined ? HOLE : mappingOf(table.view, cluster % this.entriesPerL2, this.header.clusterBits);
  }

  private async l2Table(cluster: number): Promise<CachedTable | undefined> {
    const index = Math.floor(cluster / this.entriesPerL2);
    if (index >= this.l1Entries) throw new ImageError('image-damaged', 'the L1 table is too short for the disk');
    const offset = tableOffset(this.l1.entries, index, this.clusterBytes);
    return offset === 0 ? undefined : this.l2Tables.get(offset);
  }

  /** The L2 table of a cluster, made or copied if the active disk has none of its own. */
  private async l2TableToChange(cluster: number): Promise<CachedTable> {
    const index = Math.floor(cluster / this.entriesPerL2);
    const old = await this.l2Table(cluster);
    if (old !== undefined && ownsTable(this.l1.entries, index)) return old;
    const { offset } = await this.refcounts.allocate(1);
    const table = this.l2Tables.create(offset, old?.bytes.slice());
    setOwned(this.l1.entries, index, offset);
    this.l1Changed = true;
    if (old !== undefined) this.released.push(old.key / this.clusterBytes);
    return table;
  }

  /** Notes that a mapping no longer refers to its clusters. */
  private release(mapping: ClusterMapping): void {
    if (mapping.kind === 'hole' || mapping.host === 0) return;
    const bytes = mapping.kind === 'compressed' ? mapping.bytes : 1;
    const last = Math.floor((mapping.host + bytes - 1) / this.clusterBytes);
    for (let i = Math.floor(mapping.host / this.clusterBytes); i <= last; i++) this.released.push(i);
  }
}

/** Whether the active disk may write there: nothing else refers to the place. */
export function isOverwritable(mapping: ClusterMapping): mapping is ClusterMapping & { readonly kind: 'data' } {
  return mapping.kind === 'data' && mapping.owned;
}

/** Whether `next`, `distance` bytes further on, can be read or written together with `first`. */
function continues(first: ClusterMapping, next: ClusterMapping, distance: number): boolean {
  if (first.kind === 'compressed' || first.kind !== next.kind) return false;
  if (first.kind !== 'data' || next.kind !== 'data') return true;
  return next.owned === first.owned && next.host === first.host + distance;
}
