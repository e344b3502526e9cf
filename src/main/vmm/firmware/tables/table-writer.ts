/** The byte that makes a table sum to zero, given that its checksum field holds zero. */
export function checksum(bytes: Uint8Array): number {
  let sum = 0;
  for (const byte of bytes) sum += byte;
  return -sum & 0xff;
}

/** Appends little-endian fields. */
export class TableWriter {
  private readonly data: number[] = [];

  get length(): number {
    return this.data.length;
  }

  u8(...values: readonly number[]): this {
    for (const value of values) this.data.push(value & 0xff);
    return this;
  }

  u16(...values: readonly number[]): this {
    for (const value of values) this.u8(value, value >>> 8);
    return this;
  }

  u32(...values: readonly number[]): this {
    for (const value of values) this.u16(value & 0xffff, value >>> 16);
    return this;
  }

  /** A value below 2^53. */
  u64(value: number): this {
    return this.u32(value >>> 0, Math.floor(value / 0x1_0000_0000));
  }

  /** ASCII, padded with `pad` or cut to `length` where given. */
  text(characters: string, length = characters.length, pad = ' '): this {
    for (const c of characters.padEnd(length, pad).slice(0, length)) this.data.push(c.charCodeAt(0) & 0xff);
    return this;
  }

  raw(bytes: Iterable<number>): this {
    for (const byte of bytes) this.data.push(byte);
    return this;
  }

  fill(count: number, value: number): this {
    for (let i = 0; i < count; i++) this.data.push(value);
    return this;
  }

  bytes(): Uint8Array {
    return Uint8Array.from(this.data);
  }
}
