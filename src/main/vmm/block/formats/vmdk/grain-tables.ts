import type { FilePort } from '../../disk-image.js';
import { TableRegion } from '../mapped/table-region.js';
import { TableCache, type CachedTable } from '../table-cache.js';
import { directoryEntries, SECTOR, type SparseHeader } from './sparse-header.js';
import { damagedVmdk } from './vmdk-errors.js';

/**
 * Grain directory and grain tables of a sparse extent, each kept twice in the file if the header says so. Changed
 * tables are written back when told: tables first, then directories that name new ones.
 */
export class GrainTables {
  /** Grain tables by their number in the directory. */
  private readonly tables: TableCache;
  private readonly tableBytes: number;

  private constructor(
    private readonly file: FilePort,
    private readonly fileBytes: number,
    header: SparseHeader,
    /** The directory, and its copy if there is one. */
    private readonly directories: readonly TableRegion[],
  ) {
    this.tableBytes = header.entriesPerTable * 4;
    const store = { read: (index: number) => this.read(0, index), write: (table: CachedTable) => this.write(table) };
    this.tables = new TableCache(store, this.tableBytes);
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
    return this.tables.changedTables > 0 || this.directories.some((directory) => directory.changed);
  }

  /** `undefined` if there is none for these grains yet. @throws ImageError */
  table(index: number): Promise<CachedTable> | undefined {
    return this.sector(0, index) === 0 ? undefined : this.tables.get(index);
  }

  touch(table: CachedTable): void {
    this.tables.touch(table);
  }

  /** An empty table at `host`, with its copy behind it. */
  create(index: number, host: number): CachedTable {
    this.directories.forEach((directory, copy) => {
      directory.view.setUint32(index * 4, (host + copy * this.tableBytes) / SECTOR, true);
      directory.touch(index * 4);
    });
    return this.tables.create(index);
  }

  async writeBack(): Promise<void> {
    await this.tables.writeBack();
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

  private async write({ key: index, bytes }: CachedTable): Promise<void> {
    for (const copy of this.directories.keys()) {
      const sector = this.sector(copy, index);
      if (sector !== 0) await this.file.write(sector * SECTOR, bytes);
    }
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
