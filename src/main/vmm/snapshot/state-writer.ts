import { PAGE_SIZE } from '../memory/layout.js';
import type { StateCodec } from './codec.js';
import { MAX_BLOB_BYTES, type BlobRef, type ChunkTable, type Manifest } from './manifest.js';
import { CHUNK_PAGES, encodeIndex, storedAt, ZERO_PAGE } from './page-index.js';
import { encodeHead, encodeTail } from './state-container.js';
import type { StateSink } from './state-ports.js';

const BLOB_BYTES = 1 << 20;

/** What a state holds besides its pages. */
export interface StateContents extends Pick<Manifest, 'id' | 'base' | 'takenAtMs' | 'machine'> {
  /** Text of the device states. */
  readonly state: string;
  readonly videoMemory: Uint8Array;
}

/** Writes a saved state: pages in any order, then everything else. */
export class StateWriter {
  private readonly chunk = new Uint8Array(CHUNK_PAGES * PAGE_SIZE);
  private readonly chunkWords = new Int32Array(this.chunk.buffer);
  private readonly chunks: ChunkTable = { offset: [], storedBytes: [], pages: [], codec: [], crc32: [] };
  private inChunk = 0;
  private written = 0;
  private zero = 0;
  private stored = 0;

  /** @param index what is known of each page already: {@link ZERO_PAGE} or `BASE_PAGE`; filled in by {@link add} */
  constructor(
    private readonly sink: StateSink,
    private readonly codec: StateCodec,
    private readonly index: Uint32Array,
  ) {
    this.append(encodeHead());
  }

  /** Pages added that are zero, and that are not. */
  get zeroPages(): number {
    return this.zero;
  }

  get storedPages(): number {
    return this.stored;
  }

  /** Where the next page may be put, to save {@link add} a copy. */
  get room(): Uint8Array {
    const at = this.inChunk * PAGE_SIZE;
    return this.chunk.subarray(at, at + PAGE_SIZE);
  }

  /** Adds a page of RAM by number. @param content its bytes, which may be {@link room} */
  add(page: number, content: Uint8Array): void {
    const { room } = this;
    if (content.byteOffset !== room.byteOffset || content.buffer !== room.buffer) room.set(content);
    if (this.roomIsZero()) {
      this.index[page] = ZERO_PAGE;
      this.zero++;
      return;
    }
    this.index[page] = storedAt(this.chunks.offset.length, this.inChunk++);
    this.stored++;
    if (this.inChunk === CHUNK_PAGES) this.endChunk();
  }

  /** Completes the file. @returns its size in bytes */
  finish({ state, videoMemory, ...facts }: StateContents): number {
    if (this.inChunk > 0) this.endChunk();
    const manifest: Manifest = {
      format: 'annex machine state',
      version: 1,
      ...facts,
      state: this.blobs(new TextEncoder().encode(state)),
      videoMemory: this.blobs(videoMemory),
      pages: this.blobs(encodeIndex(this.index)),
      chunks: this.chunks,
    };
    const text = new TextEncoder().encode(JSON.stringify(manifest));
    const offset = this.written;
    this.append(text);
    this.append(encodeTail({ offset, bytes: text.length, crc32: this.codec.crc32(text) }));
    return this.written;
  }

  private roomIsZero(): boolean {
    const first = (this.inChunk * PAGE_SIZE) / 4;
    for (let i = first; i < first + PAGE_SIZE / 4; i++) if (this.chunkWords[i] !== 0) return false;
    return true;
  }

  private endChunk(): void {
    const { offset, storedBytes, pages, codec, crc32 } = this.chunks;
    const blob = this.store(this.chunk.subarray(0, this.inChunk * PAGE_SIZE));
    offset.push(blob.offset);
    storedBytes.push(blob.storedBytes);
    pages.push(this.inChunk);
    codec.push(blob.codec);
    crc32.push(blob.crc32);
    this.inChunk = 0;
  }

  private blobs(bytes: Uint8Array): BlobRef[] {
    const refs: BlobRef[] = [];
    const step = Math.max(BLOB_BYTES, Math.min(MAX_BLOB_BYTES, Math.ceil(bytes.length / 32)));
    for (let at = 0; at < bytes.length; at += step) refs.push(this.store(bytes.subarray(at, at + step)));
    return refs;
  }

  private store(bytes: Uint8Array): BlobRef {
    const packed = this.codec.compress(bytes);
    const smaller = packed.length < bytes.length;
    const stored = smaller ? packed : bytes;
    const offset = this.written;
    this.append(stored);
    return {
      offset,
      storedBytes: stored.length,
      bytes: bytes.length,
      codec: smaller ? this.codec.preferred : 'raw',
      crc32: this.codec.crc32(stored),
    };
  }

  private append(bytes: Uint8Array): void {
    this.sink.append(bytes);
    this.written += bytes.length;
  }
}
