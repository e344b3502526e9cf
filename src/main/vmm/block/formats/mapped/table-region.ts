import type { FilePort } from '../../disk-image.js';

/** What is written at once: a table's parts of this size are read back whole after a crash, old or new. */
const PAGE = 4096;

/** A table kept in memory as it is in its file. Changed parts are written back when told. */
export class TableRegion {
  readonly view: DataView;
  private readonly changedPages = new Set<number>();

  private constructor(
    private readonly file: FilePort,
    private readonly offset: number,
    private readonly bytes: Uint8Array,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** The caller has checked that the file holds the table: its length is taken from hostile headers. */
  static async read(file: FilePort, offset: number, length: number): Promise<TableRegion> {
    const bytes = new Uint8Array(length);
    await file.read(offset, bytes);
    return new TableRegion(file, offset, bytes);
  }

  get changed(): boolean {
    return this.changedPages.size > 0;
  }

  /** Marks the part around byte `at` changed. */
  touch(at: number): void {
    this.changedPages.add(Math.floor(at / PAGE));
  }

  /** Writes what has changed; what could not be written stays changed. */
  async writeBack(): Promise<void> {
    for (const page of [...this.changedPages].sort((a, b) => a - b)) {
      await this.file.write(this.offset + page * PAGE, this.bytes.subarray(page * PAGE, (page + 1) * PAGE));
      this.changedPages.delete(page);
    }
  }
}
