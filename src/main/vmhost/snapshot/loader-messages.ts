import type { WireError } from '../../../shared/contract/errors.js';
import type { ChunkTable } from '../../vmm/snapshot/manifest.js';

/** A state file chunks come from. */
export interface ChunkFile {
  readonly path: string;
  readonly chunks: ChunkTable;
  /** By chunk × CHUNK_PAGES + place: page of RAM, or NO_PAGE. */
  readonly pages: Int32Array;
}

/** What loader threads are started with. */
export interface LoaderThreadData {
  readonly memory: WebAssembly.Memory;
  readonly files: readonly ChunkFile[];
  /** Chunks to load: file and chunk number, alternating. */
  readonly work: Int32Array;
  /** One word shared by all loaders: the next piece of work. */
  readonly next: Int32Array<SharedArrayBuffer>;
}

/** Loader thread → I/O thread. */
export type FromLoader = { readonly type: 'done' } | { readonly type: 'failed'; readonly error: WireError };
