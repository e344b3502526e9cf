import {
  COUNT_TLB_FLUSH, ITLB, ITLB_ENTRIES, LARGE_PAGE_FILTER, LARGE_PAGE_FILTER_SIZE, TLB_END, TLB_ENTRIES, TLB_GLOBAL_LOG,
  TLB_LOG, TLB_LOG_ENTRIES, TLB_TABLE_SIZE, TLBS, WRITE_SLOT_SEVERAL, WRITE_SLOTS, WRITE_SLOTS_SIZE,
} from '../layout'; // prettier-ignore
import { count } from './state';
import { forbidWritesOfContexts, forgetContexts } from './tlb-contexts';

/**
 * Software TLBs. An entry is {u64 tag, u32 addend, u32 flags}: a host pointer is addend + linear address. Every entry in
 * use is in a log, global ones in one of their own, so that a flush costs what it drops and not what could be there.
 */
const EMPTY: u64 = 1;
/** An entry that was dropped, but stays in its log. */
const DROPPED: u64 = 3;
const GLOBAL: u32 = 1;

/** Entries of the two logs; one that changed from global to not is in both. */
let logged: u32 = 0;
let globalLogged: u32 = 0;

// @ts-ignore: decorator
@inline export function readTable(privilege: u32): usize { return TLBS + privilege * (TLB_TABLE_SIZE * 2); }
// @ts-ignore: decorator
@inline export function writeTable(privilege: u32): usize { return TLBS + privilege * (TLB_TABLE_SIZE * 2) + TLB_TABLE_SIZE; }

// @ts-ignore: decorator
@inline function slot(table: usize, address: u64): usize {
  return table + <usize>((<u32>(address >>> 12) & (TLB_ENTRIES - 1)) << 4);
}
// @ts-ignore: decorator
@inline export function instructionSlot(address: u64): usize {
  return ITLB + <usize>((<u32>(address >>> 12) & (ITLB_ENTRIES - 1)) << 4);
}

/** Puts every table in its empty state, whatever is in memory. */
export function resetTlbs(): void {
  for (let at: usize = TLBS; at < <usize>TLB_END; at += 16) store<u64>(at, EMPTY);
  for (let at: usize = ITLB; at < <usize>(ITLB + ITLB_ENTRIES * 16); at += 16) store<u64>(at, EMPTY);
  memory.fill(LARGE_PAGE_FILTER, 0, LARGE_PAGE_FILTER_SIZE);
  memory.fill(WRITE_SLOTS, 0, WRITE_SLOTS_SIZE);
  logged = globalLogged = 0;
  forgetContexts();
}

function fill(entry: usize, tag: u64, payload: u32, global: bool): void {
  const empty = load<u64>(entry) == EMPTY;
  if (global) {
    if (empty) logGlobal(entry);
  } else if (empty || load<u32>(entry, 12) & GLOBAL) {
    if (logged == TLB_LOG_ENTRIES) flushAll();
    store<u32>(TLB_LOG + (logged++ << 2), <u32>entry);
  }
  store<u64>(entry, tag);
  store<u32>(entry, payload, 8);
  store<u32>(entry, global ? GLOBAL : 0, 12);
}

function logGlobal(entry: usize): void {
  if (globalLogged == TLB_LOG_ENTRIES) flushAll();
  store<u32>(TLB_GLOBAL_LOG + (globalLogged++ << 2), <u32>entry);
}

/** Host pointer to an operand that a TLB knows, or 0. */
export function knownData(table: usize, address: u64, bytes: u32): usize {
  const entry = slot(table, address);
  if (load<u64>(entry) != ((address + <u64>(bytes - 1)) & ~0xfff)) return 0;
  return load<u32>(entry, 8) + <u32>address;
}

/** Enters a data translation of the page at linear `address` to host page `host`. */
export function fillData(table: usize, address: u64, host: u32, global: bool): void {
  const page = address & ~0xfff;
  const entry = slot(table, address);
  if (isWrite(entry)) noteWritable(entry, host);
  fill(entry, page, host - <u32>page, global);
}
/** Enters an instruction translation: `map` is the code page's offset → op map. */
export function fillInstruction(address: u64, key: u32, map: u32, global: bool): void {
  fill(instructionSlot(address), (address & ~0xfff) | <u64>key, map, global);
}

export function flushAll(): void {
  count(COUNT_TLB_FLUSH);
  forgetContexts();
  for (let i: u32 = 0; i < logged; i++) store<u64>(load<u32>(TLB_LOG + (i << 2)), EMPTY);
  for (let i: u32 = 0; i < globalLogged; i++) store<u64>(load<u32>(TLB_GLOBAL_LOG + (i << 2)), EMPTY);
  logged = globalLogged = 0;
  memory.fill(LARGE_PAGE_FILTER, 0, LARGE_PAGE_FILTER_SIZE);
}

/** Drops everything of the running context but global pages. */
export function flushNonGlobal(): void {
  count(COUNT_TLB_FLUSH);
  for (let i: u32 = 0; i < logged; i++) {
    const entry: usize = load<u32>(TLB_LOG + (i << 2));
    // Entered as global since: it is in the other log, or has to be.
    if (load<u32>(entry, 12) & GLOBAL) logGlobal(entry);
    else store<u64>(entry, EMPTY);
  }
  logged = 0;
}

/**
 * Moves all translations but global ones out of the TLBs, to 16 bytes each (layout.ts, TLB_CONTEXTS).
 * @param most of them, the latest; others are dropped
 * @returns how many
 */
export function takeNonGlobal(target: usize, most: u32): u32 {
  let taken: u32 = 0;
  for (let i = logged; i > 0; i--) {
    const entry: usize = load<u32>(TLB_LOG + ((i - 1) << 2));
    if (load<u32>(entry, 12) & GLOBAL) {
      logGlobal(entry);
      continue;
    }
    const tag = load<u64>(entry);
    store<u64>(entry, EMPTY);
    if (tag == EMPTY || tag == DROPPED || taken == most) continue;
    if (isWrite(entry)) store<u16>(writeSlot(load<u32>(entry, 8) + <u32>tag), WRITE_SLOT_SEVERAL);
    const kept = target + ((taken++) << 4);
    store<u64>(kept, tag);
    store<u32>(kept, <u32>entry, 8);
    store<u32>(kept, load<u32>(entry, 8), 12);
  }
  logged = 0;
  return taken;
}

/** Moves such translations back, where no global one has taken their place. */
export function bringBack(source: usize, translations: u32): void {
  for (let i: u32 = 0; i < translations; i++) {
    const kept = source + (i << 4);
    const entry: usize = load<u32>(kept, 8);
    const present = load<u64>(entry);
    if (load<u64>(kept) == DROPPED || !(present == EMPTY || present == DROPPED)) continue;
    fill(entry, load<u64>(kept), load<u32>(kept, 12), false);
  }
}

/** Drops those of such translations by which a host page is written. */
export function forgetWritable(source: usize, translations: u32, host: u32): void {
  for (let i: u32 = 0; i < translations; i++) {
    const kept = source + (i << 4);
    if (isWrite(load<u32>(kept, 8)) && load<u32>(kept, 12) + load<u32>(kept) == host) store<u64>(kept, DROPPED);
  }
}

/** Drops the instruction translations only: what lies in them depends on the code segment. */
export function flushInstructions(): void {
  forgetContexts();
  logged = withoutInstructions(TLB_LOG, logged);
  globalLogged = withoutInstructions(TLB_GLOBAL_LOG, globalLogged);
}
/** Empties the instruction translations in a log; how many others it keeps. */
function withoutInstructions(log: usize, entries: u32): u32 {
  let kept: u32 = 0;
  for (let i: u32 = 0; i < entries; i++) {
    const entry = load<u32>(log + (i << 2));
    if (entry >= <u32>ITLB) store<u64>(entry, EMPTY);
    else store<u32>(log + (kept++ << 2), entry);
  }
  return kept;
}

/** Which entry a host page is written by. */
// @ts-ignore: decorator
@inline function writeSlot(host: u32): usize { return WRITE_SLOTS + <usize>((host >>> 12) << 1); }

function noteWritable(entry: usize, host: u32): void {
  const number = (<u32>(entry - TLBS) >>> 4) + 1;
  const known: u32 = load<u16>(writeSlot(host));
  if (known != number) store<u16>(writeSlot(host), <u16>(known ? WRITE_SLOT_SEVERAL : number));
}

/** Drops every write translation to a host page: it now holds decoded code. */
export function forbidWrites(host: u32): void {
  const number: u32 = load<u16>(writeSlot(host));
  if (!number) return;
  store<u16>(writeSlot(host), 0);
  if (number != WRITE_SLOT_SEVERAL) {
    forbid(TLBS + ((number - 1) << 4), host);
    return;
  }
  forbidLogged(TLB_LOG, logged, host);
  forbidLogged(TLB_GLOBAL_LOG, globalLogged, host);
  forbidWritesOfContexts(host);
}
/** Whether an entry is one of a write table. */
function isWrite(entry: usize): bool {
  return entry < <usize>ITLB && ((entry - TLBS) / TLB_TABLE_SIZE & 1) != 0;
}
function forbid(entry: usize, host: u32): void {
  if (load<u32>(entry, 8) + load<u32>(entry) == host) store<u64>(entry, DROPPED);
}
function forbidLogged(log: usize, entries: u32, host: u32): void {
  for (let i: u32 = 0; i < entries; i++) {
    const entry: usize = load<u32>(log + (i << 2));
    if (isWrite(entry)) forbid(entry, host);
  }
}

function filterBit(address: u64): u32 {
  const region = <u32>(address >>> 21);
  return (region ^ (region >>> 15)) & (LARGE_PAGE_FILTER_SIZE * 8 - 1);
}
/** Remembers that the 2 MiB around `address` are mapped by a larger page than the TLB's. */
export function noteLargePage(address: u64): void {
  const bit = filterBit(address);
  const at: usize = LARGE_PAGE_FILTER + (bit >>> 3);
  store<u8>(at, load<u8>(at) | <u8>((<u32>1) << (bit & 7)));
}
function mayBeLarge(address: u64): bool {
  const bit = filterBit(address);
  return ((load<u8>(LARGE_PAGE_FILTER + (bit >>> 3)) >>> (bit & 7)) & 1) != 0;
}

/** INVLPG: the page of a linear address in the running context, and if global, in every table (SDM vol. 3, 4.10.4.1). */
export function invalidatePage(address: u64): void {
  if (mayBeLarge(address)) {
    flushAll();
    return;
  }
  const page = address & ~0xfff;
  for (let table: usize = TLBS; table < <usize>TLB_END; table += TLB_TABLE_SIZE) {
    const entry = slot(table, address);
    if (load<u64>(entry) == page) store<u64>(entry, DROPPED);
  }
  const entry = instructionSlot(address);
  if ((load<u64>(entry) & ~0xfff) == page) store<u64>(entry, DROPPED);
}
