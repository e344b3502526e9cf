import { PAGE_ABSENT, PAGE_CODE, PAGE_MAP_OFFSET, PAGE_READ, PAGE_SHIFT, PAGE_STATE_OFFSET, PAGE_WRITE } from '../../../memory/layout';
import { A20_MASK, COUNT_MMIO } from '../layout';
import { mmioRead, mmioWrite, pageAbsent, pageTouched } from './bus';
import { codeWrite } from './code-invalidate';
import { count } from './state';

/** Physical addresses have 36 bits; there is memory only below 4 GiB. */
export const PHYSICAL_BITS: u32 = 36;

/** Page map entry of a physical address; 0 where there is no memory. */
// @ts-ignore: decorator
@inline export function pageEntry(address: u64): u32 {
  if (address >>> 32) return 0;
  const entry = load<u32>(PAGE_MAP_OFFSET + ((<u32>address >>> 12) << 2));
  return entry & PAGE_ABSENT ? broughtIn(<u32>address >>> 12) : entry;
}
function broughtIn(page: u32): u32 {
  pageAbsent(page);
  return load<u32>(PAGE_MAP_OFFSET + (page << 2));
}
// @ts-ignore: decorator
@inline export function hostPage(entry: u32): u32 { return entry & ~0xfff; }

/** A page is about to be written, or to be entered into a write TLB: whoever keeps track of changes comes first. */
// @ts-ignore: decorator
@inline export function beforeWrite(entry: u32): void {
  if (load<u8>(PAGE_STATE_OFFSET + (entry >>> PAGE_SHIFT))) pageTouched(entry >>> PAGE_SHIFT);
}

export function setPageFlags(address: u64, flags: u32): void {
  const at: usize = PAGE_MAP_OFFSET + ((<u32>address >>> 12) << 2);
  store<u32>(at, load<u32>(at) | flags);
}
export function clearPageFlags(page: u32, flags: u32): void {
  const at: usize = PAGE_MAP_OFFSET + (page << 2);
  store<u32>(at, load<u32>(at) & ~flags);
}

// @ts-ignore: decorator
@inline export function throughA20(address: u64): u64 { return address & (<u64>load<u32>(A20_MASK) | 0xffff_ffff_0000_0000); }

/** A page-table entry; what is not memory reads as not present. */
export function readTable32(address: u64): u32 {
  const entry = pageEntry(throughA20(address));
  return entry & PAGE_READ ? load<u32>(hostPage(entry) + (<u32>address & 0xfff)) : 0;
}
export function readTable64(address: u64): u64 {
  const entry = pageEntry(throughA20(address));
  return entry & PAGE_READ ? load<u64>(hostPage(entry) + (<u32>address & 0xfff)) : 0;
}
/** Sets accessed and dirty bits in a page-table entry, atomically as processors do. */
export function orTable(address: u64, bits: u32): void {
  const physical = throughA20(address);
  const entry = pageEntry(physical);
  if (!(entry & PAGE_WRITE)) return;
  if (entry & PAGE_CODE) codeWrite(<u32>physical, 4);
  beforeWrite(entry);
  atomic.or<u32>(hostPage(entry) + (<u32>address & 0xffc), bits);
}

/** Reads from a device into host memory, in accesses of 4, 2 and 1 bytes. */
export function readDevice(address: u64, bytes: u32, target: usize): void {
  count(COUNT_MMIO);
  for (let at: u32 = 0; at < bytes; ) {
    const left = bytes - at;
    const size: u32 = left >= 4 ? 4 : left >= 2 ? 2 : 1;
    const value: u32 = address >>> 32 ? 0xffff_ffff : mmioRead(<u32>address + at, size);
    if (size == 4) store<u32>(target + at, value);
    else if (size == 2) store<u16>(target + at, value);
    else store<u8>(target + at, value);
    at += size;
  }
}
export function writeDevice(address: u64, bytes: u32, source: usize): void {
  count(COUNT_MMIO);
  if (address >>> 32) return;
  for (let at: u32 = 0; at < bytes; ) {
    const left = bytes - at;
    const size: u32 = left >= 4 ? 4 : left >= 2 ? 2 : 1;
    const value: u32 =
      size == 4 ? load<u32>(source + at) : size == 2 ? <u32>load<u16>(source + at) : <u32>load<u8>(source + at);
    mmioWrite(<u32>address + at, value, size);
    at += size;
  }
}
