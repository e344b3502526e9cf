import { TLB_CONTEXT_COUNT, TLB_CONTEXT_ENTRIES, TLB_CONTEXT_HEADERS, TLB_CONTEXTS } from '../layout';
import { bringBack, flushNonGlobal, forgetWritable, takeNonGlobal } from './tlb';

/**
 * Process-context identifiers (SDM vol. 3, 4.10.1). The TLBs hold the translations of the running context and global ones;
 * those of contexts that ran before are kept aside, so that an access need not compare PCIDs. Whatever drops more than one
 * context drops what is kept aside, too.
 */

const PLACES: u32 = TLB_CONTEXT_COUNT;
const HEADER_SIZE: usize = 8;
const ENTRIES_SIZE: usize = TLB_CONTEXT_ENTRIES * 16;

/** Whose place the next context without one takes. */
let victim: u32 = 0;

// @ts-ignore: decorator
@inline function header(place: u32): usize { return TLB_CONTEXT_HEADERS + <usize>place * HEADER_SIZE; }
// @ts-ignore: decorator
@inline function entries(place: u32): usize { return TLB_CONTEXTS + <usize>place * ENTRIES_SIZE; }

/** Where a context is kept; PLACES if it is not. */
function find(pcid: u32): u32 {
  let place: u32 = 0;
  while (place < PLACES && load<u32>(header(place)) != pcid + 1) place++;
  return place;
}

/** A place for a context that is not kept: a free one, or another's. */
function choose(): u32 {
  for (let place: u32 = 0; place < PLACES; place++) if (!load<u32>(header(place))) return place;
  victim = (victim + 1) % PLACES;
  return victim;
}

/** MOV to CR3 with PCIDs on. @param keep whether what is known of `next` still holds */
export function switchContext(present: u32, next: u32, keep: bool): void {
  if (present == next) {
    if (!keep) flushNonGlobal();
    return;
  }
  const place = choose();
  store<u32>(header(place), takeNonGlobal(entries(place), TLB_CONTEXT_ENTRIES), 4);
  store<u32>(header(place), present + 1);
  const known = find(next);
  if (known == PLACES) return;
  store<u32>(header(known), 0);
  if (keep) bringBack(entries(known), load<u32>(header(known), 4));
}

/** Drops what is kept of a context. */
export function forgetContext(pcid: u32): void {
  const place = find(pcid);
  if (place < PLACES) store<u32>(header(place), 0);
}

/** Drops all that is kept. */
export function forgetContexts(): void {
  memory.fill(TLB_CONTEXT_HEADERS, 0, PLACES * HEADER_SIZE);
}

/** Drops write translations to a host page. */
export function forbidWritesOfContexts(host: u32): void {
  for (let place: u32 = 0; place < PLACES; place++) {
    if (load<u32>(header(place))) forgetWritable(entries(place), load<u32>(header(place), 4), host);
  }
}
