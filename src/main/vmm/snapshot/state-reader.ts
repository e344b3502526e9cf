import { PAGE_SIZE } from '../memory/layout.js';
import type { CodecName, StateCodec } from './codec.js';
import { parseManifest, type BlobRef, type ChunkTable, type Manifest } from './manifest.js';
import { decodeIndex } from './page-index.js';
import { decodePlain } from './plain-value.js';
import { checkHead, decodeTail, HEAD_BYTES, TAIL_BYTES } from './state-container.js';
import { damaged } from './state-error.js';
import type { StateBytes } from './state-ports.js';

/** Stored bytes of a page chunk: enough to read it without its file's manifest. */
export interface ChunkRef {
  readonly offset: number;
  readonly storedBytes: number;
  readonly pages: number;
  readonly codec: CodecName;
  readonly crc32: number;
}

/** A saved state as its file says. Every read is checked against its checksum. */
export class StateReader {
  readonly manifest: Manifest;
  /** By page of RAM: see page-index.ts. */
  readonly index: Uint32Array;

  /** @throws StateError */
  constructor(
    private readonly file: StateBytes,
    private readonly codec: StateCodec,
  ) {
    this.manifest = this.readManifest();
    const { pages, machine, chunks, base } = this.manifest;
    this.index = decodeIndex(this.blobs(pages), machine.memoryBytes / PAGE_SIZE, chunks.pages, base !== null);
  }

  /** CPU, firmware and devices, not looked at yet. @throws StateError */
  machineState(): unknown {
    return decodePlain(this.stateText());
  }

  /** The same as it is written. @throws StateError */
  stateText(): string {
    return new TextDecoder().decode(this.blobs(this.manifest.state));
  }

  /** @throws StateError */
  videoMemory(): Uint8Array {
    const bytes = this.blobs(this.manifest.videoMemory);
    if (bytes.length !== this.manifest.machine.videoMemoryBytes) throw damaged('its video memory has the wrong size');
    return bytes;
  }

  private readManifest(): Manifest {
    const { file, codec } = this;
    if (file.size < HEAD_BYTES + TAIL_BYTES) throw damaged('the file is too short');
    const head = new Uint8Array(HEAD_BYTES);
    file.read(0, head);
    checkHead(head);
    const tail = new Uint8Array(TAIL_BYTES);
    file.read(file.size - TAIL_BYTES, tail);
    const place = decodeTail(tail, file.size);
    const text = new Uint8Array(place.bytes);
    file.read(place.offset, text);
    if (codec.crc32(text) !== place.crc32) throw damaged('its table of contents has a wrong checksum');
    return parseManifest(new TextDecoder().decode(text));
  }

  private blobs(refs: readonly BlobRef[]): Uint8Array {
    const parts = refs.map((ref) => readStored(this.file, this.codec, ref, ref.bytes));
    const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }
}

/** A row of a table of chunks. */
export function chunkRef({ offset, storedBytes, pages, codec, crc32 }: ChunkTable, number: number): ChunkRef {
  return {
    offset: offset[number]!,
    storedBytes: storedBytes[number]!,
    pages: pages[number]!,
    codec: codec[number]!,
    crc32: crc32[number]!,
  };
}

/** The pages of a chunk, one after the other. @throws StateError */
export function readChunk(file: StateBytes, codec: StateCodec, chunk: ChunkRef): Uint8Array {
  return readStored(file, codec, chunk, chunk.pages * PAGE_SIZE);
}

function readStored(
  file: StateBytes,
  codec: StateCodec,
  ref: Pick<BlobRef, 'offset' | 'storedBytes' | 'codec' | 'crc32'>,
  bytes: number,
): Uint8Array {
  if (ref.offset + ref.storedBytes > file.size) throw damaged('it refers to what lies behind its end');
  const stored = new Uint8Array(ref.storedBytes);
  file.read(ref.offset, stored);
  if (codec.crc32(stored) !== ref.crc32) throw damaged('a part of it has a wrong checksum');
  return codec.decompress(ref.codec, stored, bytes);
}
