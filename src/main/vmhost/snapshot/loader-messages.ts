import type { WireError } from '../../../shared/contract/errors.js';
import type { LoadPlan } from './chunk-loader.js';

/** What loader threads are started with. */
export interface LoaderThreadData {
  readonly memory: WebAssembly.Memory;
  readonly plan: LoadPlan;
}

/** Loader thread → I/O thread. */
export type FromLoader = { readonly type: 'done' } | { readonly type: 'failed'; readonly error: WireError };
