import type { WireError } from '../../../shared/contract/errors.js';
import type { AsideBuffers } from '../../vmm/memory/aside-ring.js';
import type { MachineState } from '../../vmm/machine/machine-control.js';
import type { Manifest } from '../../vmm/snapshot/manifest.js';
import type { SavedPages } from './state-saver.js';

/** Where the machine's thread leaves a copy of video memory, and of pages that change while they are being saved. */
export interface SnapshotBuffers {
  readonly aside: AsideBuffers;
  readonly videoMemory: SharedArrayBuffer;
}

/** A machine at one moment, but for its RAM, which is saved while it changes. */
export interface FrozenMachine {
  readonly state: MachineState;
  readonly videoMemory: Uint8Array;
  /** State byte of each page of RAM at that moment. */
  readonly pageStates: Uint8Array;
  readonly pendingPages: number;
}

/** What a state says of itself. */
export type StateFacts = Pick<Manifest, 'id' | 'base' | 'takenAtMs' | 'machine'>;

/** What a saver thread is started with. */
export interface SaverThreadData {
  readonly path: string;
  readonly memory: WebAssembly.Memory;
  readonly buffers: SnapshotBuffers;
  /** One word: not 0 when saving is to be given up. */
  readonly cancel: Int32Array<SharedArrayBuffer>;
}

/** I/O thread → saver thread, once. */
export type ToSaver =
  | { readonly type: 'save'; readonly frozen: FrozenMachine; readonly facts: StateFacts }
  /** There is nothing to save after all. */
  | { readonly type: 'abandon' };

/** Saver thread → I/O thread. */
export type FromSaver =
  /** The file could be made; the machine may be frozen. */
  | { readonly type: 'ready' }
  | { readonly type: 'progress'; readonly donePages: number; readonly totalPages: number }
  | { readonly type: 'saved'; readonly pages: SavedPages }
  /** Nothing of the file is left. */
  | { readonly type: 'failed'; readonly error: WireError };
