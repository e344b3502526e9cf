import { BASE_PAGE, CHUNK_PAGES, isStored, positionOf } from './page-index.js';
import type { StateReader } from './state-reader.js';
import { damaged, StateError } from './state-error.js';

/** Longest chain of states that build on each other. */
const MAX_CHAIN = 256;

/** Place in a {@link PageSources} list that holds no page that is wanted. */
export const NO_PAGE = -1;

/** Where each page of a machine's RAM comes from, over all states of a chain; pages found nowhere are zero. */
export interface PageSources {
  /** For each state of the chain: by chunk × CHUNK_PAGES + place, the page of RAM that lies there, or {@link NO_PAGE}. */
  readonly pages: readonly Int32Array[];
}

/** The states a state builds on, itself first. @throws StateError if one is missing or they go in a circle */
export function chainOf(top: StateReader, others: readonly StateReader[]): StateReader[] {
  const chain = [top];
  for (let state = top; state.manifest.base !== null;) {
    const { base } = state.manifest;
    const next = others.find((candidate) => candidate.manifest.id === base);
    if (next === undefined) throw damaged('a state it builds on is missing');
    if (chain.includes(next) || chain.length > MAX_CHAIN) throw damaged('it builds on itself');
    if (next.manifest.machine.memoryBytes !== top.manifest.machine.memoryBytes) {
      throw new StateError('mismatch', 'the states it builds on are of a machine with other memory');
    }
    chain.push(next);
    state = next;
  }
  return chain;
}

/** Finds every page's place. */
export function locatePages(chain: readonly StateReader[]): PageSources {
  const indices = chain.map(({ index }) => index);
  const count = indices[0]!.length;
  const pages = chain.map(({ manifest }) => sharedWords(manifest.chunks.offset.length * CHUNK_PAGES).fill(NO_PAGE));
  for (let page = 0; page < count; page++) {
    let depth = 0;
    let word = indices[0]![page]!;
    while (word === BASE_PAGE) word = indices[++depth]![page]!;
    if (isStored(word)) pages[depth]![positionOf(word)] = page;
  }
  return { pages };
}

/** Shared, since several threads load from it. */
function sharedWords(length: number): Int32Array<SharedArrayBuffer> {
  return new Int32Array(new SharedArrayBuffer(4 * length));
}
