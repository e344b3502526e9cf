export const CODECS = ['raw', 'deflate', 'zstd'] as const;
export type CodecName = (typeof CODECS)[number];

/** Compression and checksums, given by the host. */
export interface StateCodec {
  /** What {@link compress} makes. */
  readonly preferred: CodecName;
  compress(bytes: Uint8Array): Uint8Array;
  /**
   * @returns exactly `bytes` bytes
   * @throws StateError `damaged`, or `unsupported` if this host lacks the codec
   */
  decompress(codec: CodecName, stored: Uint8Array, bytes: number): Uint8Array;
  /** CRC-32 as in ISO/IEC 13239 (zlib's). */
  crc32(bytes: Uint8Array): number;
}
