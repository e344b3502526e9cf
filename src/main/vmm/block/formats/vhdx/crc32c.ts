/** The Castagnoli polynomial, bits reversed (RFC 3720, appendix B.4). */
const POLYNOMIAL = 0x82f6_3b78;

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (value & 1 ? POLYNOMIAL : 0);
  return value;
});

/** CRC-32C of the bytes, with the four at `zeroAt` taken as zeros: the place of the checksum itself. */
export function crc32c(bytes: Uint8Array, zeroAt: number): number {
  let crc = 0xffff_ffff;
  for (let i = 0; i < bytes.length; i++) {
    const byte = i >= zeroAt && i < zeroAt + 4 ? 0 : bytes[i]!;
    crc = TABLE[(crc ^ byte) & 0xff]! ^ (crc >>> 8);
  }
  return (crc ^ 0xffff_ffff) >>> 0;
}
