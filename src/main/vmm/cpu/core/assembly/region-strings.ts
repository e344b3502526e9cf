import { MODE_64, REGS, TLB_USER_ALIGNED } from '../layout';
import { directRead, directWrite } from './access';
import { cmp } from './alu';
import { codeEpoch } from './code-invalidate';
import { getZF } from './flags';
import { advance, bringBackFlags, keepFlags, moveRun, stepOf, storeRun } from './ops/strings';
import { currentPrivilege } from './privilege';
import { codeMode, DS, RCX, RDI, reg64, RSI } from './state';

/**
 * Repeated string instructions of regions, with DS and ES flat and addresses of the mode's own size. They go on as long
 * as everything is plain memory. What meets a fault, a device, an element across two pages, or code, stops with the
 * registers telling where, and answers 0: the interpreter goes on from there (SDM vol. 2, REP).
 */

// @ts-ignore: decorator
@inline function addressMask(): u64 { return codeMode() == MODE_64 ? u64.MAX_VALUE : 0xffff_ffff; }
// @ts-ignore: decorator
@inline function inPage<T>(address: u64): bool { return (<u32>address & 0xfff) <= 4096 - <u32>sizeof<T>(); }

/** Host pointer for reading an element at a register's address, or 0. */
function source<T>(index: u32, mask: u64): usize {
  const address = reg64(index) & mask;
  return inPage<T>(address) ? directRead(address) : 0;
}
function target<T>(mask: u64): usize {
  const address = reg64(RDI) & mask;
  return inPage<T>(address) ? directWrite(address, sizeof<T>()) : 0;
}

function moveAll<T>(): u32 {
  const mask = addressMask();
  while (reg64(RCX) & mask) if (!moveRun<T>(DS, mask) && !moveElement<T>(mask)) return 0;
  return 1;
}
function moveElement<T>(mask: u64): bool {
  const from = source<T>(RSI, mask);
  const to = from ? target<T>(mask) : 0;
  if (!to) return false;
  store<T>(to, load<T>(from));
  advance(RSI, stepOf<T>(), mask);
  advance(RDI, stepOf<T>(), mask);
  advance(RCX, -1, mask);
  return true;
}

function storeAll<T>(): u32 {
  const mask = addressMask();
  while (reg64(RCX) & mask) {
    if (storeRun<T>(mask)) continue;
    const to = target<T>(mask);
    if (!to) return 0;
    store<T>(to, load<T>(REGS));
    advance(RDI, stepOf<T>(), mask);
    advance(RCX, -1, mask);
  }
  return 1;
}

/** @param equal goes on while elements are equal (REPE), or while they are not (REPNE) */
function scanAll<T>(equal: bool): u32 {
  const mask = addressMask();
  keepFlags();
  while (reg64(RCX) & mask) {
    const at = source<T>(RDI, mask);
    if (!at) return interrupted();
    cmp<T>(load<T>(REGS), load<T>(at));
    advance(RDI, stepOf<T>(), mask);
    advance(RCX, -1, mask);
    if (getZF() != equal) return 1;
  }
  return 1;
}

function compareAll<T>(equal: bool): u32 {
  const mask = addressMask();
  keepFlags();
  while (reg64(RCX) & mask) {
    const second = source<T>(RDI, mask);
    const first = second ? source<T>(RSI, mask) : 0;
    if (!first) return interrupted();
    cmp<T>(load<T>(first), load<T>(second));
    advance(RSI, stepOf<T>(), mask);
    advance(RDI, stepOf<T>(), mask);
    advance(RCX, -1, mask);
    if (getZF() != equal) return 1;
  }
  return 1;
}
/** The flags change only when the repeat ends. */
function interrupted(): u32 {
  bringBackFlags();
  return 0;
}

/** REP MOVS with elements of 1, 2, 4 or 8 bytes. */
export function repeatMove(bytes: u32): u32 {
  if (currentPrivilege() == TLB_USER_ALIGNED) return 0;
  const before = codeEpoch;
  const done = bytes == 1 ? moveAll<u8>() : bytes == 2 ? moveAll<u16>() : bytes == 4 ? moveAll<u32>() : moveAll<u64>();
  return unlessCodeChanged(done, before);
}
/** REP STOS. */
export function repeatStore(bytes: u32): u32 {
  if (currentPrivilege() == TLB_USER_ALIGNED) return 0;
  const before = codeEpoch;
  const done = bytes == 1 ? storeAll<u8>() : bytes == 2 ? storeAll<u16>() : bytes == 4 ? storeAll<u32>() : storeAll<u64>();
  return unlessCodeChanged(done, before);
}
/** It may have been the region's own code: the interpreter finds nothing left to repeat and goes on. */
function unlessCodeChanged(done: u32, before: u32): u32 {
  return codeEpoch == before ? done : 0;
}
/** REPE and REPNE SCAS; the flags must be in memory. */
export function repeatScan(bytes: u32, equal: bool): u32 {
  if (currentPrivilege() == TLB_USER_ALIGNED) return 0;
  if (bytes == 1) return scanAll<u8>(equal);
  if (bytes == 2) return scanAll<u16>(equal);
  return bytes == 4 ? scanAll<u32>(equal) : scanAll<u64>(equal);
}
/** REPE and REPNE CMPS; the flags must be in memory. */
export function repeatCompare(bytes: u32, equal: bool): u32 {
  if (currentPrivilege() == TLB_USER_ALIGNED) return 0;
  if (bytes == 1) return compareAll<u8>(equal);
  if (bytes == 2) return compareAll<u16>(equal);
  return bytes == 4 ? compareAll<u32>(equal) : compareAll<u64>(equal);
}
