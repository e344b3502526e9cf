import { ImageError, type FilePort } from '../../disk-image.js';
import type { OperationControl } from '../format-driver.js';
import { mappingOf, ownsTable, tableOffset } from './cluster-mapping.js';
import { readL1 } from './cluster-map.js';
import type { Qcow2Header } from './qcow2-header.js';
import { readSnapshots, type SnapshotTable } from './qcow2-snapshots.js';

/** Clusters of one file whose references are counted in memory, 4 bytes each. */
const MAX_CLUSTERS = 2 ** 28;

/** An entry of the active disk whose flag does not say whether its cluster is referred to once only. */
export interface WrongFlag {
  /** Of the 8-byte entry in the file. */
  readonly entryOffset: number;
  /** What it should say. */
  readonly owned: boolean;
}

/**
 * Counts every reference to every cluster, following the tables from the header on. Damaged entries are reported and
 * passed over.
 */
export class ReferenceWalk {
  readonly counts: Uint32Array;
  private readonly clusterBytes: number;

  private constructor(
    private readonly file: FilePort,
    private readonly header: Qcow2Header,
    private readonly fileBytes: number,
    private readonly problem: (sentence: string) => void,
    private readonly control: OperationControl,
  ) {
    this.clusterBytes = 2 ** header.clusterBits;
    const clusters = Math.ceil(fileBytes / this.clusterBytes);
    if (clusters > MAX_CLUSTERS)
      throw new ImageError('image-unsupported', 'This qcow2 image is too large to be checked.');
    this.counts = new Uint32Array(clusters);
  }

  /** References but for those of the refcount structures themselves. @throws ImageError */
  static async run(
    file: FilePort,
    header: Qcow2Header,
    problem: (sentence: string) => void,
    control: OperationControl,
  ): Promise<ReferenceWalk> {
    const walk = new ReferenceWalk(file, header, await file.size(), problem, control);
    await walk.everything();
    return walk;
  }

  /** Counts one more reference to a stretch of the file; `false` if the file ends before it. */
  add(offset: number, length: number, what: string): boolean {
    const first = Math.floor(offset / this.clusterBytes);
    const end = Math.ceil((offset + length) / this.clusterBytes);
    if (end > this.counts.length) {
      this.problem(`${what} lies beyond the end of the file, at ${offset}.`);
      return false;
    }
    for (let cluster = first; cluster < end; cluster++) this.counts[cluster]!++;
    return true;
  }

  private async everything(): Promise<void> {
    this.add(0, this.clusterBytes, 'The header');
    const { l1Offset, l1Entries, snapshots } = this.header;
    await this.l1(l1Offset, l1Entries);
    if (snapshots.count === 0) return;
    const table = await this.snapshotTable();
    if (table === undefined) return;
    this.add(snapshots.offset, table.length, 'The list of snapshots');
    for (const snapshot of table.snapshots) await this.l1(snapshot.l1Offset, snapshot.l1Entries);
  }

  private async snapshotTable(): Promise<SnapshotTable | undefined> {
    try {
      return await readSnapshots(this.file, this.header);
    } catch (error) {
      this.problem((error as Error).message);
      return undefined;
    }
  }

  private async l1(offset: number, entries: number): Promise<void> {
    if (entries === 0 || !this.add(offset, entries * 8, 'An L1 table')) return;
    const l1 = await readL1(this.file, offset, entries);
    for (let i = 0; i < entries; i++) {
      this.control.checkpoint();
      this.control.progress(Math.min(offset + i, this.fileBytes), this.fileBytes);
      const table = this.guarded(() => tableOffset(l1.entries, i, this.clusterBytes));
      if (table === undefined || table === 0 || !this.add(table, this.clusterBytes, 'An L2 table')) continue;
      const l2 = await this.l2(table);
      for (let j = 0; j < this.clusterBytes / 8; j++) this.l2Entry(l2, j);
    }
  }

  private async l2(offset: number): Promise<DataView> {
    const bytes = new Uint8Array(this.clusterBytes);
    await this.file.read(offset, bytes);
    return new DataView(bytes.buffer);
  }

  private l2Entry(l2: DataView, index: number): void {
    const mapping = this.guarded(() => mappingOf(l2, index, this.header.clusterBits));
    if (mapping === undefined || mapping.kind === 'hole' || mapping.host === 0) return;
    // The last sector of compressed data may be cut off by the end of the file.
    if (mapping.kind === 'compressed')
      this.add(mapping.host, Math.min(mapping.bytes, Math.max(1, this.fileBytes - mapping.host)), 'Compressed data');
    else this.add(mapping.host, this.clusterBytes, 'Data');
  }

  /** Entries of the active disk that say wrongly whether their cluster is shared; in snapshots the flag means nothing. */
  async *wrongFlags(): AsyncGenerator<WrongFlag> {
    const { l1Offset, l1Entries } = this.header;
    const l1 = await readL1(this.file, l1Offset, l1Entries);
    for (let i = 0; i < l1Entries; i++) {
      this.control.checkpoint();
      const table = this.quietly(() => tableOffset(l1.entries, i, this.clusterBytes)) ?? 0;
      if (!this.inFile(table)) continue;
      yield* this.wrong(l1Offset + i * 8, table, ownsTable(l1.entries, i));
      const l2 = await this.l2(table);
      for (let j = 0; j < this.clusterBytes / 8; j++) {
        const mapping = this.quietly(() => mappingOf(l2, j, this.header.clusterBits));
        if (mapping === undefined || mapping.kind === 'hole' || mapping.kind === 'compressed') continue;
        if (this.inFile(mapping.host)) yield* this.wrong(table + j * 8, mapping.host, ownsTable(l2, j));
      }
    }
  }

  private *wrong(entryOffset: number, host: number, says: boolean): Generator<WrongFlag> {
    const owned = this.counts[host / this.clusterBytes] === 1;
    if (says !== owned) yield { entryOffset, owned };
  }

  private inFile(host: number): boolean {
    return host !== 0 && host / this.clusterBytes < this.counts.length;
  }

  private quietly<T>(parse: () => T): T | undefined {
    try {
      return parse();
    } catch {
      return undefined;
    }
  }

  private guarded<T>(parse: () => T): T | undefined {
    try {
      return parse();
    } catch (error) {
      this.problem((error as Error).message);
      return undefined;
    }
  }
}
