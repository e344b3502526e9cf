import zlib from 'node:zlib';
import type { CodecName, StateCodec } from '../../vmm/snapshot/codec.js';
import { damaged, StateError } from '../../vmm/snapshot/state-error.js';

/** What Node's zlib module has from version 22.15 on. */
interface Zstd {
  zstdCompressSync(bytes: Uint8Array, options: zlib.ZlibOptions): Uint8Array;
  zstdDecompressSync(bytes: Uint8Array, options: zlib.ZlibOptions): Uint8Array;
  readonly constants: { readonly ZSTD_c_compressionLevel: number };
}

/** Fastest levels: saving is to keep up with a guest that writes, and RAM compresses well at any. */
const ZSTD_LEVEL = 1;
const DEFLATE_LEVEL = 1;

/** Compression by Node: Zstandard where it has it, else deflate. */
export class NodeCodec implements StateCodec {
  private readonly zstd: Zstd | undefined;
  readonly preferred: CodecName;

  /** @param module Node's zlib module @param preferred what to compress with if this Node has it */
  constructor(module: object = zlib, preferred: CodecName = 'zstd') {
    this.zstd = 'zstdCompressSync' in module ? (module as Zstd) : undefined;
    this.preferred = preferred === 'zstd' && !this.zstd ? 'deflate' : preferred;
  }

  compress(bytes: Uint8Array): Uint8Array {
    if (this.preferred === 'raw') return bytes;
    if (this.preferred === 'deflate') return zlib.deflateRawSync(bytes, { level: DEFLATE_LEVEL });
    const zstd = this.zstd!;
    return zstd.zstdCompressSync(bytes, { params: { [zstd.constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL } } as object);
  }

  decompress(codec: CodecName, stored: Uint8Array, bytes: number): Uint8Array {
    const plain = this.expand(codec, stored, bytes);
    if (plain.length !== bytes) throw damaged('a part of it has the wrong size');
    return plain;
  }

  crc32(bytes: Uint8Array): number {
    return zlib.crc32(bytes);
  }

  private expand(codec: CodecName, stored: Uint8Array, bytes: number): Uint8Array {
    if (codec === 'raw') return stored;
    if (codec === 'zstd' && !this.zstd) {
      throw new StateError(
        'unsupported',
        'the state is compressed with Zstandard, which this version of Node cannot read',
      );
    }
    try {
      const options = { maxOutputLength: Math.max(bytes, 1) };
      return codec === 'deflate'
        ? zlib.inflateRawSync(stored, options)
        : this.zstd!.zstdDecompressSync(stored, options);
    } catch (error) {
      throw damaged('compressed bytes are not', error);
    }
  }
}
