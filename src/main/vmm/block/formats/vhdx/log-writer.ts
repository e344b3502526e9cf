import type { FilePort } from '../../disk-image.js';
import { isZeroGuid, nextGuid } from './guid.js';
import { encodeEntry, LOG_SECTOR, pagesPerEntry } from './log-entry.js';
import { damagedVhdx } from './vhdx-errors.js';
import { writeHeader, type FoundHeader } from './vhdx-header.js';

/** A page of a table, 4 KiB, that is to change. */
export interface ChangedPage {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

const NO_GUID = new Uint8Array(16);

/**
 * Changes tables of a VHDX file so that a crash leaves each page old or new: first as a log entry, then in place. Once
 * the pages are durable the entry counts for nothing, so every entry is the oldest that does.
 */
export class LogWriter {
  private at = 0;
  private sequence = 1n;

  private constructor(
    private readonly file: FilePort,
    private header: FoundHeader,
  ) {
    if (header.logLength === 0) throw damagedVhdx('it has no log');
  }

  /** Makes the log ready, under a name its old entries do not have. What the log held has been replayed. */
  static async begin(file: FilePort, header: FoundHeader): Promise<LogWriter> {
    const writer = new LogWriter(file, header);
    const fileWriteGuid = nextGuid(header.fileWriteGuid);
    const dataWriteGuid = nextGuid(header.dataWriteGuid);
    await writer.setHeader({ ...header, fileWriteGuid, dataWriteGuid, logGuid: fileWriteGuid });
    return writer;
  }

  async write(pages: readonly ChangedPage[]): Promise<void> {
    const most = pagesPerEntry(this.header.logLength);
    const fileBytes = await this.file.size();
    for (let first = 0; first < pages.length; first += most) {
      const part = pages.slice(first, first + most);
      await this.append(part, fileBytes);
      for (const page of part) await this.file.write(page.offset, page.bytes);
      await this.file.sync();
    }
  }

  /** Says that the log is empty. @returns the header as it is in the file then */
  async end(): Promise<FoundHeader> {
    if (!isZeroGuid(this.header.logGuid)) await this.setHeader({ ...this.header, logGuid: NO_GUID });
    return this.header;
  }

  private async append(pages: readonly ChangedPage[], fileBytes: number): Promise<void> {
    const { logGuid, logOffset, logLength } = this.header;
    const length = (pages.length + Math.ceil((64 + pages.length * 32) / LOG_SECTOR)) * LOG_SECTOR;
    if (this.at + length > logLength) this.at = 0;
    const entry = encodeEntry(this.at, this.sequence, logGuid, fileBytes, pages);
    await this.file.write(logOffset + this.at, entry);
    await this.file.sync();
    this.at = (this.at + entry.length) % logLength;
    this.sequence++;
  }

  private async setHeader(header: FoundHeader): Promise<void> {
    this.header = await writeHeader(this.file, this.header, header);
  }
}
