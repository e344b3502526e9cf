import type { BulkChannel } from '../../../shared/contract/client.js';

/** What is kept for whoever attaches later, in bytes. */
const SCROLLBACK_BYTES = 256 << 10;

/** A reader this far behind loses output rather than the machine its memory, in bytes. */
const MAX_BEHIND_BYTES = 16 << 20;

/** A channel that can tell how much it holds back. */
type Reader = BulkChannel & { readonly bufferedBytes?: number };

/** One serial port on the I/O thread: its latest output and everybody who is attached to it. */
export class SerialHub {
  private readonly readers = new Set<Reader>();
  private scrollback: Uint8Array[] = [];
  private scrollbackBytes = 0;

  /** @param toGuest takes what a reader types */
  constructor(private readonly toGuest: (bytes: Uint8Array) => void) {}

  attach(reader: Reader): void {
    for (const bytes of this.scrollback) reader.send(bytes);
    this.readers.add(reader);
    reader.onMessage((bytes) => this.toGuest(bytes));
    reader.onClose(() => this.readers.delete(reader));
  }

  fromGuest(bytes: Uint8Array): void {
    this.keep(bytes);
    for (const reader of this.readers) if ((reader.bufferedBytes ?? 0) < MAX_BEHIND_BYTES) reader.send(bytes);
  }

  /** Ends every reader's channel once it has everything. */
  close(): void {
    for (const reader of this.readers) reader.close();
  }

  private keep(bytes: Uint8Array): void {
    this.scrollback.push(bytes);
    this.scrollbackBytes += bytes.length;
    while (this.scrollbackBytes - this.scrollback[0]!.length >= SCROLLBACK_BYTES)
      this.scrollbackBytes -= this.scrollback.shift()!.length;
  }
}
