import type { FilePort } from '../../disk-image.js';

/** A metadata table in memory: L2 tables and refcount blocks, one cluster each. */
export interface CachedTable {
  readonly offset: number;
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

/**
 * Tables of one kind, written back only when told: what refers to something new must reach the file after what it refers
 * to. Tables that have not been changed are dropped when there are too many.
 */
export class TableCache {
  private readonly tables = new Map<number, Promise<CachedTable>>();
  private readonly changed = new Map<number, CachedTable>();
  private readonly limit: number;

  /** @param cacheBytes memory for unchanged tables */
  constructor(
    private readonly file: FilePort,
    private readonly tableBytes: number,
    cacheBytes = 16 << 20,
  ) {
    this.limit = Math.max(4, Math.floor(cacheBytes / tableBytes));
  }

  /** Tables that wait to be written. */
  get changedTables(): number {
    return this.changed.size;
  }

  get(offset: number): Promise<CachedTable> {
    const waiting = this.changed.get(offset);
    if (waiting !== undefined) return Promise.resolve(waiting);
    const known = this.tables.get(offset) ?? this.load(offset);
    this.tables.delete(offset);
    this.tables.set(offset, known);
    for (const oldest of this.tables.keys()) {
      if (this.tables.size <= this.limit) break;
      this.tables.delete(oldest);
    }
    return known;
  }

  /** A new table at a place nothing refers to yet. */
  create(offset: number, content: Uint8Array = new Uint8Array(this.tableBytes)): CachedTable {
    const table = tableOf(offset, content);
    this.touch(table);
    return table;
  }

  /** Takes in a table that is already in the file. */
  adopt(table: CachedTable): CachedTable {
    this.tables.set(table.offset, Promise.resolve(table));
    return table;
  }

  /** Marks a table changed. */
  touch(table: CachedTable): void {
    this.changed.set(table.offset, table);
    this.tables.set(table.offset, Promise.resolve(table));
  }

  /** Writes what has changed; what could not be written stays changed. */
  async writeBack(): Promise<void> {
    for (const [offset, table] of [...this.changed]) {
      await this.file.write(offset, table.bytes);
      this.changed.delete(offset);
    }
  }

  private load(offset: number): Promise<CachedTable> {
    const loading = this.read(offset);
    // A table that could not be read is read again next time.
    loading.catch(() => this.tables.delete(offset));
    return loading;
  }

  private async read(offset: number): Promise<CachedTable> {
    const bytes = new Uint8Array(this.tableBytes);
    await this.file.read(offset, bytes);
    return tableOf(offset, bytes);
  }
}

export function tableOf(offset: number, bytes: Uint8Array): CachedTable {
  return { offset, bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length) };
}
