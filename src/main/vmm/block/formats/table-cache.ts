import type { FilePort } from '../disk-image.js';

/** A metadata table in memory. */
export interface CachedTable {
  /** What its format finds it by: a place in the file, or a number. */
  readonly key: number;
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

/** Where the tables of a cache are kept. */
export interface TableStore {
  /** @throws FileError, ImageError */
  read(key: number): Promise<Uint8Array>;
  /** @throws FileError */
  write(table: CachedTable): Promise<void>;
}

/** Memory for tables of one kind that have not been changed. */
const CACHE_BYTES = 16 << 20;

/**
 * Tables of one kind, written back only when told: what refers to something new must reach the file after what it refers
 * to. Tables that have not been changed are dropped when there are too many.
 */
export class TableCache {
  private readonly tables = new Map<number, Promise<CachedTable>>();
  private readonly changed = new Map<number, CachedTable>();
  private readonly limit: number;

  constructor(
    private readonly store: TableStore,
    private readonly tableBytes: number,
  ) {
    this.limit = Math.max(4, Math.floor(CACHE_BYTES / tableBytes));
  }

  /** Tables that wait to be written. */
  get changedTables(): number {
    return this.changed.size;
  }

  get(key: number): Promise<CachedTable> {
    const waiting = this.changed.get(key);
    if (waiting !== undefined) return Promise.resolve(waiting);
    const known = this.tables.get(key) ?? this.load(key);
    this.tables.delete(key);
    this.tables.set(key, known);
    for (const oldest of this.tables.keys()) {
      if (this.tables.size <= this.limit) break;
      this.tables.delete(oldest);
    }
    return known;
  }

  /** A new table at a place nothing refers to yet. */
  create(key: number, content: Uint8Array = new Uint8Array(this.tableBytes)): CachedTable {
    const table = tableOf(key, content);
    this.touch(table);
    return table;
  }

  /** Takes in a table that is already in the file. */
  adopt(table: CachedTable): CachedTable {
    this.tables.set(table.key, Promise.resolve(table));
    return table;
  }

  /** Marks a table changed. */
  touch(table: CachedTable): void {
    this.changed.set(table.key, table);
    this.tables.set(table.key, Promise.resolve(table));
  }

  /** Writes what has changed; what could not be written stays changed. */
  async writeBack(): Promise<void> {
    for (const [key, table] of [...this.changed]) {
      await this.store.write(table);
      this.changed.delete(key);
    }
  }

  private load(key: number): Promise<CachedTable> {
    const loading = this.store.read(key).then((bytes) => tableOf(key, bytes));
    // A table that could not be read is read again next time.
    loading.catch(() => this.tables.delete(key));
    return loading;
  }
}

/** Tables that are known by their place in a file. */
export function tablesInFile(file: FilePort, tableBytes: number): TableStore {
  return {
    async read(offset) {
      const bytes = new Uint8Array(tableBytes);
      await file.read(offset, bytes);
      return bytes;
    },
    write: ({ key: offset, bytes }) => file.write(offset, bytes),
  };
}

export function tableOf(key: number, bytes: Uint8Array): CachedTable {
  return { key, bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length) };
}
