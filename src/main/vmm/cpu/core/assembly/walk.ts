import { CR2, CR3, COUNT_PAGE_FAULT, TLB_SUPERVISOR, TLB_USER, TLB_USER_ALIGNED } from '../layout';
import { orTable, PHYSICAL_BITS, readTable32, readTable64, throughA20 } from './physical';
import {
  count, cr0, CR0_PG, CR0_WP, cr4, CR4_PAE, CR4_PGE, CR4_PSE, CR4_SMAP, CR4_SMEP, efer, EFER_LMA, EFER_NXE, GP, PF,
  setFault,
} from './state'; // prettier-ignore
import { noteLargePage } from './tlb';

/** Page walks (SDM vol. 3, chapter 4). */
export const ACCESS_READ: u32 = 0;
export const ACCESS_WRITE: u32 = 1;
export const ACCESS_EXECUTE: u32 = 2;

/** Results of the last successful {@link translate}. */
export let physical: u64 = 0;
export let globalPage: bool = false;

// Page-table entry bits.
const PRESENT: u64 = 1;
const WRITABLE: u64 = 1 << 1;
const USER: u64 = 1 << 2;
const ACCESSED: u32 = 1 << 5;
const DIRTY: u32 = 1 << 6;
const LARGE: u64 = 1 << 7;
const GLOBAL: u64 = 1 << 8;
const NO_EXECUTE: u64 = 1 << 63;

// Error code bits (SDM vol. 3, figure 4-12).
const ERROR_PRESENT: u32 = 1;
const ERROR_WRITE: u32 = 2;
const ERROR_USER: u32 = 4;
const ERROR_RESERVED: u32 = 8;
const ERROR_FETCH: u32 = 16;

const FRAME: u64 = ((<u64>1 << PHYSICAL_BITS) - 1) & ~0xfff;
const RESERVED_HIGH: u64 = 0x000f_ffff_ffff_f000 & ~FRAME;

// @ts-ignore: decorator
@inline export function canonical(address: u64): bool { return (<i64>(address << 16)) >> 16 == <i64>address; }

// The walk in progress.
let permissions: u64 = 0;
let noExecute: bool = false;

/** Address of the last access refused for not being canonical; all ones otherwise, which is canonical. */
let refused: u64 = u64.MAX_VALUE;

/** Notes the fault of an access that is not canonical: #GP, or #SS if the stack turns out to be meant. Always false. */
export function refuse(address: u64): bool {
  refused = address;
  setFault(GP, 0);
  return false;
}

/** The address of a refused access, once; all ones if there was none. */
export function takeRefused(): u64 {
  const address = refused;
  refused = u64.MAX_VALUE;
  return address;
}

/** Physical address of a linear one for an access; false with #PF (CR2 set) or #GP noted. */
export function translate(address: u64, access: u32, privilege: u32): bool {
  if (!(cr0() & CR0_PG)) {
    physical = throughA20(address & 0xffff_ffff);
    globalPage = false;
    return true;
  }
  permissions = WRITABLE | USER;
  noExecute = false;
  if (efer() & EFER_LMA) {
    if (!canonical(address)) return refuse(address);
    return walkLong(address, access, privilege);
  }
  return cr4() & CR4_PAE ? walkPae(address, access, privilege) : walkLegacy(<u32>address, access, privilege);
}

function isUser(privilege: u32): bool {
  return privilege == TLB_USER || privilege == TLB_USER_ALIGNED;
}

function pageFault(address: u64, access: u32, privilege: u32, error: u32): bool {
  count(COUNT_PAGE_FAULT);
  if (access == ACCESS_WRITE) error |= ERROR_WRITE;
  if (isUser(privilege)) error |= ERROR_USER;
  if (access == ACCESS_EXECUTE && ((efer() & EFER_NXE && cr4() & CR4_PAE) || cr4() & CR4_SMEP)) error |= ERROR_FETCH;
  store<u64>(CR2, address);
  setFault(PF, error);
  return false;
}

/** Takes an entry's permissions into the walk; 0, or the error code of its fault. */
const ENTRY_OK: i32 = -1;
function enter(entry: u64, reserved: u64): i32 {
  if (!(entry & PRESENT)) return 0;
  if (entry & reserved || (entry & NO_EXECUTE && !(efer() & EFER_NXE))) return ERROR_PRESENT | ERROR_RESERVED;
  permissions &= entry;
  if (entry & NO_EXECUTE) noExecute = true;
  return ENTRY_OK;
}

function allowed(access: u32, privilege: u32): bool {
  const userPage = (permissions & USER) != 0;
  const user = isUser(privilege);
  if (user && !userPage) return false;
  if (access == ACCESS_EXECUTE) return !noExecute && (user || !userPage || !(cr4() & CR4_SMEP));
  if (!user && userPage && privilege == TLB_SUPERVISOR && cr4() & CR4_SMAP) return false;
  if (access == ACCESS_WRITE && !(permissions & WRITABLE)) return !user && !(cr0() & CR0_WP);
  return true;
}

function mark(table: u64, entry: u64, bits: u32): void {
  if ((<u32>entry & bits) != bits) orTable(table, bits);
}

function finish(leaf: u64, entry: u64, access: u32): void {
  mark(leaf, entry, access == ACCESS_WRITE ? ACCESSED | DIRTY : ACCESSED);
  globalPage = (entry & GLOBAL) != 0 && (cr4() & CR4_PGE) != 0;
}

function walkLong(address: u64, access: u32, privilege: u32): bool {
  const at4 = (load<u64>(CR3) & FRAME) + ((address >>> 36) & 0xff8);
  const entry4 = readTable64(at4);
  let error = enter(entry4, RESERVED_HIGH | LARGE);
  if (error != ENTRY_OK) return pageFault(address, access, privilege, error);
  const at3 = (entry4 & FRAME) + ((address >>> 27) & 0xff8);
  const entry3 = readTable64(at3);
  error = enter(entry3, entry3 & LARGE ? RESERVED_HIGH | 0x3fff_e000 : RESERVED_HIGH);
  if (error != ENTRY_OK) return pageFault(address, access, privilege, error);
  if (entry3 & LARGE) {
    if (!allowed(access, privilege)) return pageFault(address, access, privilege, ERROR_PRESENT);
    mark(at4, entry4, ACCESSED);
    finish(at3, entry3, access);
    noteLargePage(address);
    physical = throughA20((entry3 & FRAME & ~0x3fff_ffff) | (address & 0x3fff_ffff));
    return true;
  }
  if (!walkLow(address, entry3 & FRAME, access, privilege)) return false;
  mark(at4, entry4, ACCESSED);
  mark(at3, entry3, ACCESSED);
  return true;
}

function walkPae(address: u64, access: u32, privilege: u32): bool {
  const entry = readTable64((load<u64>(CR3) & 0xffff_ffe0) + ((address >>> 27) & 0x18));
  if (!(entry & PRESENT)) return pageFault(address, access, privilege, 0);
  return walkLow(address, entry & FRAME, access, privilege);
}

/** The last two levels of 64-bit entries. */
function walkLow(address: u64, directory: u64, access: u32, privilege: u32): bool {
  const at2 = directory + ((address >>> 18) & 0xff8);
  const entry2 = readTable64(at2);
  const high = efer() & EFER_LMA ? RESERVED_HIGH : RESERVED_HIGH | 0x7ff0_0000_0000_0000;
  let error = enter(entry2, entry2 & LARGE ? high | 0x1f_e000 : high);
  if (error != ENTRY_OK) return pageFault(address, access, privilege, error);
  if (entry2 & LARGE) {
    if (!allowed(access, privilege)) return pageFault(address, access, privilege, ERROR_PRESENT);
    finish(at2, entry2, access);
    noteLargePage(address);
    physical = throughA20((entry2 & FRAME & ~0x1f_ffff) | (address & 0x1f_ffff));
    return true;
  }
  const at1 = (entry2 & FRAME) + ((address >>> 9) & 0xff8);
  const entry1 = readTable64(at1);
  error = enter(entry1, high);
  if (error != ENTRY_OK) return pageFault(address, access, privilege, error);
  if (!allowed(access, privilege)) return pageFault(address, access, privilege, ERROR_PRESENT);
  mark(at2, entry2, ACCESSED);
  finish(at1, entry1, access);
  physical = throughA20((entry1 & FRAME) | (address & 0xfff));
  return true;
}

/** 32-bit entries, with 4 MiB pages (PSE, and PSE-36 for their physical bits 39:32). */
function walkLegacy(address: u32, access: u32, privilege: u32): bool {
  const at2 = (load<u64>(CR3) & 0xffff_f000) + <u64>((address >>> 20) & 0xffc);
  const entry2 = <u64>readTable32(at2);
  const large = (entry2 & LARGE) != 0 && (cr4() & CR4_PSE) != 0;
  let error = enter(entry2, large ? 1 << 21 : 0);
  if (error != ENTRY_OK) return pageFault(address, access, privilege, error);
  if (large) {
    if (!allowed(access, privilege)) return pageFault(address, access, privilege, ERROR_PRESENT);
    finish(at2, entry2, access);
    noteLargePage(address);
    noteLargePage(address ^ 0x20_0000);
    physical = throughA20((entry2 & 0xffc0_0000) | ((entry2 & 0x1f_e000) << 19) | <u64>(address & 0x3f_ffff));
    return true;
  }
  const at1 = (entry2 & 0xffff_f000) + <u64>((address >>> 10) & 0xffc);
  const entry1 = <u64>readTable32(at1);
  error = enter(entry1, 0);
  if (error != ENTRY_OK) return pageFault(address, access, privilege, error);
  if (!allowed(access, privilege)) return pageFault(address, access, privilege, ERROR_PRESENT);
  mark(at2, entry2, ACCESSED);
  finish(at1, entry1, access);
  physical = throughA20((entry1 & 0xffff_f000) | <u64>(address & 0xfff));
  return true;
}

/** Whether the PAE page-directory pointers CR3 names have no reserved bits (SDM vol. 3, 4.4.1). */
export function pdptesValid(cr3: u64): bool {
  for (let i: u64 = 0; i < 4; i++) {
    const entry = readTable64((cr3 & 0xffff_ffe0) + i * 8);
    if (entry & PRESENT && entry & (0x1e6 | ~((<u64>1 << PHYSICAL_BITS) - 1))) return false;
  }
  return true;
}
