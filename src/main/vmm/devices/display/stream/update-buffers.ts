/** A buffer smaller than this is not worth keeping, in bytes. */
const WORTH_KEEPING_BYTES = 256 << 10;

/**
 * Buffers of a viewer's updates, used again once the window has acknowledged what they held. Fresh memory for every
 * update costs more than the copy into it: 3 MiB are zeroed, mapped page by page, and found by the garbage collector.
 */
export class UpdateBuffers {
  private free: ArrayBuffer[] = [];

  /** A buffer of at least so many bytes, with whatever was in it. */
  take(bytes: number): ArrayBuffer {
    const buffer = this.free.pop();
    return buffer && buffer.byteLength >= bytes ? buffer : new ArrayBuffer(bytes);
  }

  give(buffer: ArrayBuffer): void {
    if (buffer.byteLength >= WORTH_KEEPING_BYTES) this.free.push(buffer);
  }
}
