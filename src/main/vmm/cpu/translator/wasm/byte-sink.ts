const CONTINUE = 0x80;
/** What a sink holds before it grows: most stay that small, and need no buffer outside the heap. */
const FIRST_BYTES = 64;

/** A growing run of bytes with WebAssembly's number formats (core specification, section 5.2). */
export class ByteSink {
  private bytes = new Uint8Array(FIRST_BYTES);
  length = 0;

  byte(value: number): void {
    if (this.length === this.bytes.length) this.grow(1);
    this.bytes[this.length++] = value;
  }

  append(other: Uint8Array): void {
    this.grow(other.length);
    this.bytes.set(other, this.length);
    this.length += other.length;
  }

  /** LEB128, unsigned, up to 32 bits. */
  unsigned(value: number): void {
    let rest = value >>> 0;
    while (rest >= CONTINUE) {
      this.byte((rest & 0x7f) | CONTINUE);
      rest >>>= 7;
    }
    this.byte(rest);
  }

  /** LEB128, signed, of a 32-bit integer. */
  signed32(value: number): void {
    let rest = value | 0;
    for (;;) {
      const low = rest & 0x7f;
      rest >>= 7;
      if ((rest === 0 && !(low & 0x40)) || (rest === -1 && low & 0x40)) {
        this.byte(low);
        return;
      }
      this.byte(low | CONTINUE);
    }
  }

  /** LEB128, signed, of a 64-bit integer. */
  signed64(value: number | bigint): void {
    if (typeof value === 'number' && value === (value | 0)) {
      this.signed32(value);
      return;
    }
    let rest = BigInt.asIntN(64, BigInt(value));
    for (;;) {
      const low = Number(rest & 0x7fn);
      rest >>= 7n;
      if ((rest === 0n && !(low & 0x40)) || (rest === -1n && low & 0x40)) {
        this.byte(low);
        return;
      }
      this.byte(low | CONTINUE);
    }
  }

  name(text: string): void {
    this.unsigned(text.length);
    for (let i = 0; i < text.length; i++) this.byte(text.charCodeAt(i));
  }

  /** The bytes written so far; valid until the next write. */
  view(): Uint8Array<ArrayBuffer> {
    return this.bytes.subarray(0, this.length);
  }

  private grow(by: number): void {
    if (this.length + by <= this.bytes.length) return;
    const larger = new Uint8Array(Math.max(this.bytes.length * 2, this.length + by));
    larger.set(this.bytes);
    this.bytes = larger;
  }
}
