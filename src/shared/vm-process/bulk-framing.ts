/**
 * Messages on a byte stream (local socket, named pipe): u32 length, little endian, then that many bytes. The first
 * message of a connection is the caller's {@link BulkHello} as JSON; then each is one message of the channel.
 */
export const LENGTH_BYTES = 4;

/** Longest message: a whole 8K-class screen with room to spare; anything longer is a broken or hostile peer. */
export const MAX_MESSAGE_BYTES = 64 << 20;

export function lengthPrefix(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(LENGTH_BYTES);
  new DataView(bytes.buffer).setUint32(0, length, true);
  return bytes;
}

/** Cuts a byte stream into messages, copying each byte once, however the stream is chunked. */
export class MessageSplitter {
  private readonly prefix = new Uint8Array(LENGTH_BYTES);
  private prefixFill = 0;
  private message: Uint8Array<ArrayBuffer> | undefined;
  private fill = 0;

  constructor(
    private readonly onMessage: (message: Uint8Array<ArrayBuffer>) => void,
    private readonly maxBytes = MAX_MESSAGE_BYTES,
  ) {}

  /** @throws RangeError if a message announces more than the maximum; the stream is useless from then on */
  push(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length;) at = this.message ? this.fillMessage(chunk, at) : this.fillPrefix(chunk, at);
  }

  private fillPrefix(chunk: Uint8Array, at: number): number {
    const count = Math.min(LENGTH_BYTES - this.prefixFill, chunk.length - at);
    this.prefix.set(chunk.subarray(at, at + count), this.prefixFill);
    this.prefixFill += count;
    if (this.prefixFill === LENGTH_BYTES) this.begin(new DataView(this.prefix.buffer).getUint32(0, true));
    return at + count;
  }

  private begin(length: number): void {
    if (length > this.maxBytes) throw new RangeError(`message of ${length} bytes is longer than ${this.maxBytes}`);
    this.prefixFill = 0;
    this.fill = 0;
    this.message = new Uint8Array(length);
    if (length === 0) this.finish();
  }

  private fillMessage(chunk: Uint8Array, at: number): number {
    const message = this.message!;
    const count = Math.min(message.length - this.fill, chunk.length - at);
    message.set(chunk.subarray(at, at + count), this.fill);
    this.fill += count;
    if (this.fill === message.length) this.finish();
    return at + count;
  }

  private finish(): void {
    const message = this.message!;
    this.message = undefined;
    this.onMessage(message);
  }
}
