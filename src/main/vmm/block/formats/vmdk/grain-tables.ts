import type { FilePort } from '../../disk-image.js';
import { TableRegion } from '../mapped/table-region.js';
import { directoryEntries, SECTOR, type SparseHeader } from './sparse-header.js';
import { damagedVmdk } from './vmdk-errors.js';

/** Memory for tables that are only read. */
const CACHE_BYTES = 16 << 20;

/** Where 512 grains or so are; entries are sectors of the file. */
export interface GrainTable {
  readonly index: number;
  readonly view: DataView;
  readonly bytes: Uint8Array;
}

/**
 * Grain directory and grain tables of a sparse extent, each kept twice in the file if the header says so. Changed
 * tables are written back when told: tables first, then directories that name new ones.
 */
export class GrainTables {
  private readonly loaded = new Map<number, Promise<GrainTable>>();
  private readonly changedTables = new Map<number, GrainTable>();
  private readonly tableBytes: number;
  private readonly limit: number;

  private constructor(
    private readonly file: FilePort,
    private readonly fileBytes: number,
    header: SparseHeader,
    /** The directory, and its copy if there is one. */
    private readonly directories: readonly TableRegion[],
  ) {
    this.tableBytes = header.entriesPerTable * 4;
    this.limit = Math.max(4, Math.floor(CACHE_BYTES / this.tableBytes));
  }

  /** @param directory sector of the grain directory. @throws ImageError */
  static async open(file: FilePort, header: SparseHeader, directory: number): Promise<GrainTables> {
    const fileBytes = await file.size();
    const bytes = directoryEntries(header) * 4;
    const read = (sector: number): Promise<TableRegion> => {
      if (sector === 0 || sector * SECTOR + bytes > fileBytes) throw damagedVmdk('its grain directory is not in the file');
      return TableRegion.read(file, sector * SECTOR, bytes);
    };
    const directories = [await read(directory)];
    if (header.redundantDirectory !== 0) directories.push(await read(header.redundantDirectory));
    return new GrainTables(file, fileBytes, header, directories);
  } // prettier-ignore

  /** Bytes of room a new table needs, with its copy. */
  get roomBytes(): number {
    return this.tableBytes * this.directories.length;
  }

  get changed(): boolean {
    return this.changedTables.size > 0 || this.directories.some((directory) => directory.changed);
  }

  /** `undefined` if there is none for these grains yet. @throws ImageError */
  table(index: number): Promise<GrainTable> | undefined {
    const waiting = this.changedTables.get(index);
    if (waiting !== undefined) return Promise.resolve(waiting);
    if (this.sector(0, index) === 0) return undefined;
    const known = this.loaded.get(index) ?? this.load(index);
    this.loaded.delete(index);
    this.loaded.set(index, known);
    for (const oldest of this.loaded.keys()) {
      if (this.loaded.size <= this.limit) break;
      this.loaded.delete(oldest);
    }
    return known;
  }

  touch(table: GrainTable): void {
    this.changedTables.set(table.index, table);
    this.loaded.set(table.index, Promise.resolve(table));
  }

  /** An empty table at `host`, with its copy behind it. */
  create(index: number, host: number): GrainTable {
    this.directories.forEach((directory, copy) => {
      directory.view.setUint32(index * 4, (host + copy * this.tableBytes) / SECTOR, true);
      directory.touch(index * 4);
    });
    const table = tableOf(index, new Uint8Array(this.tableBytes));
    this.touch(table);
    return table;
  }

  async writeBack(): Promise<void> {
    for (const [index, table] of [...this.changedTables]) {
      for (const copy of this.directories.keys()) {
        const sector = this.sector(copy, index);
        if (sector !== 0) await this.file.write(sector * SECTOR, table.bytes);
      }
      this.changedTables.delete(index);
    }
    if (this.directories.every((directory) => !directory.changed)) return;
    await this.file.sync();
    for (const directory of this.directories) await directory.writeBack();
  }

  /** Whether a table and its copy say the same. */
  async agrees(index: number): Promise<boolean> {
    if (this.directories.length === 1 || this.sector(0, index) === 0) return true;
    const [first, second] = [await this.read(0, index), await this.read(1, index)];
    return first.every((byte, i) => byte === second[i]);
  }

  private sector(copy: number, index: number): number {
    return this.directories[copy]!.view.getUint32(index * 4, true);
  }

  private load(index: number): Promise<GrainTable> {
    const loading = this.read(0, index).then((bytes) => tableOf(index, bytes));
    // A table that could not be read is read again next time.
    loading.catch(() => this.loaded.delete(index));
    return loading;
  }

  private async read(copy: number, index: number): Promise<Uint8Array> {
    const offset = this.sector(copy, index) * SECTOR;
    const bytes = new Uint8Array(this.tableBytes);
    const end = offset + bytes.length;
    if (offset === 0 || (end > this.fileBytes && end > (await this.file.size())))
      throw damagedVmdk('a grain table is not in the file');
    await this.file.read(offset, bytes);
    return bytes;
  }
}

function tableOf(index: number, bytes: Uint8Array): GrainTable {
  return { index, bytes, view: new DataView(bytes.buffer) };
}
