import { PAGE_CODE, PAGE_READ, PAGE_WRITE } from '../../../memory/layout';
import { BOUNCE, COUNT_TLB_MISS, TLB_USER, TLB_USER_ALIGNED } from '../layout';
import { codeWrite } from './code-invalidate';
import { watched, watchesPage } from './debug';
import { hostPointer, misses, readEntry, SEGMENT_FAULT, writeEntry } from './memory';
import { beforeWrite, hostPage, pageEntry, readDevice, writeDevice } from './physical';
import { currentPrivilege, systemPrivilege } from './privilege';
import { AC, count, FAULTED, longCode, longModeActive, setFault } from './state';
import { fillData, knownData, readTable, writeTable } from './tlb';
import { ACCESS_READ, ACCESS_WRITE, canonical, globalPage, physical, refuse, translate } from './walk';

/** The cold half of memory access: TLB misses, devices, page crossings, written code, watchpoints. */

export function readMiss(address: u64, bytes: u32): usize {
  return read(address, bytes, currentPrivilege());
}
export function writeMiss(address: u64, bytes: u32): usize {
  return write(address, bytes, currentPrivilege(), false);
}
export function modifyMiss(address: u64, bytes: u32): usize {
  return write(address, bytes, currentPrivilege(), true);
}

/** Host pointer for an access the processor makes itself (descriptor tables, TSS): always with supervisor rights. */
export function systemRead(address: u64, bytes: u32): usize {
  const known = knownData(readTable(systemPrivilege()), address, bytes);
  return known ? known : read(address, bytes, systemPrivilege());
}
export function systemWrite(address: u64, bytes: u32): usize {
  const known = knownData(writeTable(systemPrivilege()), address, bytes);
  return known ? known : write(address, bytes, systemPrivilege(), false);
}
export function systemModify(address: u64, bytes: u32): usize {
  const known = knownData(writeTable(systemPrivilege()), address, bytes);
  return known ? known : write(address, bytes, systemPrivilege(), true);
}

/** Host pointer for pushing on a handler's stack. */
export function writeStack(address: u64, bytes: u32, user: bool): usize {
  const privilege = user ? TLB_USER : systemPrivilege();
  const known = knownData(writeTable(privilege), address, bytes);
  return known ? known : write(address, bytes, privilege, false);
}

/** #AC for what is checked at all (SDM vol. 3, 6.15): CPL 3, CR0.AM, EFLAGS.AC. */
function misaligned(address: u64, bytes: u32, privilege: u32): bool {
  if (privilege != TLB_USER_ALIGNED || bytes > 8 || !(<u32>address & (bytes - 1))) return false;
  // An address that is not canonical comes first.
  if (longCode() && !canonical(address)) return false;
  setFault(AC, 0);
  return true;
}

/** Whether an address only says that a segment check has failed. In 64-bit code there is none, and it is an address. */
function refused(address: u64): bool {
  return address == SEGMENT_FAULT && !longCode();
}

function wrap(address: u64): u64 {
  return longModeActive() ? address : address & 0xffff_ffff;
}

function read(address: u64, bytes: u32, privilege: u32): usize {
  if (refused(address) || misaligned(address, bytes, privilege)) return FAULTED;
  watched(address, bytes, false);
  const offset = <u32>address & 0xfff;
  if (offset + bytes > 4096) return readAcross(address, bytes, privilege, 4096 - offset);
  count(COUNT_TLB_MISS);
  if (!translate(address, ACCESS_READ, privilege)) return FAULTED;
  const entry = pageEntry(physical);
  if (!(entry & PAGE_READ)) {
    readDevice(physical, bytes, BOUNCE);
    return BOUNCE;
  }
  if (privilege != TLB_USER_ALIGNED && !watchesPage(address)) fillData(readTable(privilege), address, hostPage(entry), globalPage);
  return hostPage(entry) + offset;
}

/** Whether an access stays in the canonical half it begins in; notes the fault if not. */
function endsCanonical(address: u64, bytes: u32): bool {
  const last = address + <u64>(bytes - 1);
  return !longModeActive() || !canonical(address) || canonical(last) || refuse(last);
}

function readAcross(address: u64, bytes: u32, privilege: u32, first: u32): usize {
  if (!endsCanonical(address, bytes)) return FAULTED;
  if (!translate(address, ACCESS_READ, privilege)) return FAULTED;
  const low = physical;
  if (!translate(wrap(address + <u64>first), ACCESS_READ, privilege)) return FAULTED;
  const high = physical;
  readPart(low, first, BOUNCE);
  readPart(high, bytes - first, BOUNCE + first);
  return BOUNCE;
}

function readPart(address: u64, bytes: u32, target: usize): void {
  const entry = pageEntry(address);
  if (entry & PAGE_READ) memory.copy(target, hostPage(entry) + (<u32>address & 0xfff), bytes);
  else readDevice(address, bytes, target);
}

// Where BOUNCE goes on commit.
let bounceLow: u64 = 0;
let bounceLowBytes: u32 = 0;
let bounceHigh: u64 = 0;
let bounceHighBytes: u32 = 0;

function write(address: u64, bytes: u32, privilege: u32, modify: bool): usize {
  if (refused(address) || misaligned(address, bytes, privilege)) return FAULTED;
  watched(address, bytes, true);
  const offset = <u32>address & 0xfff;
  if (offset + bytes > 4096) return writeAcross(address, bytes, privilege, 4096 - offset, modify);
  count(COUNT_TLB_MISS);
  if (!translate(address, ACCESS_WRITE, privilege)) return FAULTED;
  const entry = pageEntry(physical);
  if (!(entry & PAGE_WRITE)) {
    bounceLow = physical;
    bounceLowBytes = bytes;
    bounceHighBytes = 0;
    if (modify) readPart(physical, bytes, BOUNCE);
    return BOUNCE;
  }
  beforeWrite(entry);
  if (entry & PAGE_CODE) codeWrite(<u32>physical, bytes);
  else if (privilege != TLB_USER_ALIGNED && !watchesPage(address)) {
    fillData(writeTable(privilege), address, hostPage(entry), globalPage);
  }
  return hostPage(entry) + offset;
}

function writeAcross(address: u64, bytes: u32, privilege: u32, first: u32, modify: bool): usize {
  if (!endsCanonical(address, bytes)) return FAULTED;
  if (!translate(address, ACCESS_WRITE, privilege)) return FAULTED;
  const low = physical;
  if (!translate(wrap(address + <u64>first), ACCESS_WRITE, privilege)) return FAULTED;
  bounceLow = low;
  bounceLowBytes = first;
  bounceHigh = physical;
  bounceHighBytes = bytes - first;
  if (modify) {
    readPart(low, first, BOUNCE);
    readPart(bounceHigh, bounceHighBytes, BOUNCE + first);
  }
  return BOUNCE;
}

/** Writes BOUNCE where the last write to it was meant to go. */
export function commitBounce(): void {
  writePart(bounceLow, bounceLowBytes, BOUNCE);
  if (bounceHighBytes) writePart(bounceHigh, bounceHighBytes, BOUNCE + bounceLowBytes);
}

function writePart(address: u64, bytes: u32, source: usize): void {
  const entry = pageEntry(address);
  if (!(entry & PAGE_WRITE)) {
    writeDevice(address, bytes, source);
    return;
  }
  beforeWrite(entry);
  if (entry & PAGE_CODE) codeWrite(<u32>address, bytes);
  memory.copy(hostPage(entry) + (<u32>address & 0xfff), source, bytes);
}

/**
 * Host pointer for reading from RAM at `address` up to the end of its page, or 0: a fault (noted) or a device. Without
 * side effects on devices, so that bulk operations can try it first. Not for accesses that are checked for
 * alignment. What they find does not go into the TLB: streams would drive everything else out.
 */
export function directRead(address: u64): usize {
  const known = readEntry(address);
  if (!misses<u8>(known, address)) return hostPointer(known, address);
  if (refused(address) || watchesPage(address)) return FAULTED;
  if (!translate(address, ACCESS_READ, currentPrivilege())) return FAULTED;
  const entry = pageEntry(physical);
  return entry & PAGE_READ ? hostPage(entry) + (<u32>address & 0xfff) : 0;
}

/** The same for writing `bytes`, which stay in the page; code decoded from them is forgotten. */
export function directWrite(address: u64, bytes: u32): usize {
  const known = writeEntry(address);
  if (!misses<u8>(known, address)) return hostPointer(known, address);
  if (refused(address) || watchesPage(address)) return FAULTED;
  if (!translate(address, ACCESS_WRITE, currentPrivilege())) return FAULTED;
  const entry = pageEntry(physical);
  if (!(entry & PAGE_WRITE)) return 0;
  beforeWrite(entry);
  if (entry & PAGE_CODE) codeWrite(<u32>physical, bytes);
  return hostPage(entry) + (<u32>address & 0xfff);
}
