/** The longest instruction there is (SDM vol. 2, 2.3.11). */
export const MAX_INSTRUCTION_BYTES = 15;

/** Reads an instruction's bytes in order. @throws RangeError past the end or the longest instruction */
export class ByteReader {
  position = 0;
  private readonly view: DataView;

  constructor(private readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, MAX_INSTRUCTION_BYTES));
  }

  /** The next byte without taking it, or `undefined` at the end. */
  peek(): number | undefined {
    return this.position < this.view.byteLength ? this.bytes[this.position] : undefined;
  }

  byte(): number {
    return this.view.getUint8(this.position++);
  }

  /** A sign-extended little-endian number of 1, 2, 4 or 8 bytes. */
  signed(bytes: number): bigint {
    const at = this.position;
    this.position += bytes;
    if (bytes === 8) return this.view.getBigInt64(at, true);
    return BigInt(
      bytes === 4 ? this.view.getInt32(at, true) : bytes === 2 ? this.view.getInt16(at, true) : this.view.getInt8(at),
    );
  }
}
