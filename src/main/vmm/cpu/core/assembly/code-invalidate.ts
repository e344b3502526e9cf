import { PAGE_CODE } from '../../../memory/layout';
import {
  CODE_PAGE_HEADER, CODE_PAGE_INDEX, CODE_PAGE_SIZE, CODE_PAGES, CODE_MODES, COUNT_CODE_INVALIDATED, OP_SIZE,
} from '../layout'; // prettier-ignore
import { regionsForgotten } from './bus';
import { OP_LOOKUP, OP_PAGE_END } from './pseudo-ops';
import { clearPageFlags } from './physical';
import { count } from './state';

/** Code pages and their invalidation; code-cache.ts fills them. */

// Code page header.
export const PAGE_NUMBER: usize = 0;
export const PAGE_RUNS: usize = 4;
export const PAGE_HOST: usize = 8;
/** Not 0 if regions start in the page; written by the translator. */
export const PAGE_REGIONS: usize = 12;
/** One bit for each 64 bytes that hold decoded instructions. */
export const PAGE_COVERAGE: usize = 16;

/** Writes to the page since its code was decoded, none of them to that, and times it was forgotten for their number. */
export const PAGE_WRITES: usize = 24;
export const PAGE_GIVEN_UP: usize = 28;

/**
 * Writes that each go the long way because of code in their page, until they have cost about as much as to decode that
 * again, or to make its regions again. Every time it takes twice as many.
 */
const MANY_WRITES: u32 = 1 << 10;
const MANY_WRITES_TO_REGIONS: u32 = 1 << 20;
const MOST_DOUBLINGS: u32 = 10;

// A run of ops starts with a 16-byte header.
export const RUN_NEXT: usize = 0;
export const RUN_COUNT: usize = 4;

// @ts-ignore: decorator
@inline export function indexCell(mode: u32, page: u32): usize {
  return CODE_PAGE_INDEX + (((mode << 20) | page) << 1);
}
/** The code page of a physical page in a mode, or 0. */
export function codePage(mode: u32, page: u32): usize {
  const index = <u32>load<u16>(indexCell(mode, page));
  return index ? CODE_PAGES + index * CODE_PAGE_SIZE : 0;
}

/** Changes with every page whose decoded instructions are forgotten. */
export let codeEpoch: u32 = 0;

/** The program or a device table walk writes where instructions may have been decoded: forget them if so. */
export function codeWrite(physical: u32, bytes: u32): void {
  if (isForgottenBy(physical, bytes)) invalidateCode(physical >>> 12);
}

/** Whether a write ends what was decoded from its page: it changes that, or it is one of very many beside it. */
export function isForgottenBy(physical: u32, bytes: u32): bool {
  return decodedFrom(physical, bytes) || isData(physical >>> 12);
}

/** Counts a write beside a page's code, and tells whether the page is one of data by now: freed code, used anew. */
function isData(page: u32): bool {
  for (let mode: u32 = 0; mode < <u32>CODE_MODES; mode++) {
    const code = codePage(mode, page);
    if (!code || !load<u32>(code, PAGE_RUNS)) continue;
    const writes = load<u32>(code, PAGE_WRITES) + 1;
    store<u32>(code, writes, PAGE_WRITES);
    if (writes < writesToGiveUp(code)) return false;
  }
  return true;
}

function writesToGiveUp(code: usize): u32 {
  const doublings = load<u32>(code, PAGE_GIVEN_UP);
  const writes = load<u32>(code, PAGE_REGIONS) ? MANY_WRITES_TO_REGIONS : MANY_WRITES;
  return writes << (doublings < MOST_DOUBLINGS ? doublings : MOST_DOUBLINGS);
}

/** Whether instructions were decoded from these bytes, or near them. */
function decodedFrom(physical: u32, bytes: u32): bool {
  const page = physical >>> 12;
  const first = (physical & 0xfff) >>> 6;
  const last = ((physical & 0xfff) + bytes - 1) >>> 6;
  const touched = ((<u64>2 << (last & 63)) - 1) & ~(((<u64>1) << first) - 1);
  for (let mode: u32 = 0; mode < <u32>CODE_MODES; mode++) {
    const code = codePage(mode, page);
    if (code && load<u64>(code, PAGE_COVERAGE) & touched) return true;
  }
  return false;
}

/** Forgets every instruction decoded from a physical page. */
export function invalidateCode(page: u32): void {
  count(COUNT_CODE_INVALIDATED);
  codeEpoch++;
  for (let mode: u32 = 0; mode < <u32>CODE_MODES; mode++) {
    const code = codePage(mode, page);
    if (code && load<u32>(code, PAGE_RUNS)) clearCodePage(code);
  }
  clearPageFlags(page, PAGE_CODE);
}

function clearCodePage(code: usize): void {
  if (load<u32>(code, PAGE_WRITES) >= writesToGiveUp(code)) {
    store<u32>(code, load<u32>(code, PAGE_GIVEN_UP) + 1, PAGE_GIVEN_UP);
  }
  store<u32>(code, 0, PAGE_WRITES);
  if (load<u32>(code, PAGE_REGIONS)) {
    store<u32>(code, 0, PAGE_REGIONS);
    regionsForgotten(code);
  }
  for (let run: usize = load<u32>(code, PAGE_RUNS); run; run = load<u32>(run, RUN_NEXT)) {
    const end = run + OP_SIZE + load<u32>(run, RUN_COUNT) * OP_SIZE;
    for (let op = run + OP_SIZE; op < end; op += OP_SIZE) {
      // The loop may stand on any of these: each turns into a fresh look-up of its own address.
      if (load<u16>(op) != OP_PAGE_END) store<u16>(op, OP_LOOKUP);
    }
  }
  store<u32>(code, 0, PAGE_RUNS);
  store<u64>(code, 0, PAGE_COVERAGE);
  memory.fill(code + CODE_PAGE_HEADER, 0, 4096 * 4);
}
