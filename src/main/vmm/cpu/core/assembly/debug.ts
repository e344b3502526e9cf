import { DEBUG_REGISTERS, STEPPING } from '../layout';
import { CR4_DE, cr4, FLAG_TF, longModeActive } from './state';

/** Debug registers (SDM vol. 3, 17.2). */
const DR6: usize = DEBUG_REGISTERS + 32;
const DR7: usize = DEBUG_REGISTERS + 40;

export const DR6_FIXED: u32 = 0xffff_0ff0;
export const DR6_BD: u32 = 1 << 13;
export const DR6_BS: u32 = 1 << 14;
export const DR6_BT: u32 = 1 << 15;
export const DR7_FIXED: u32 = 0x400;
export const DR7_GD: u32 = 1 << 13;
const DR7_ENABLES: u32 = 0xff;

// R/W field values.
const BREAK_EXECUTE: u32 = 0;
const BREAK_WRITE: u32 = 1;
const BREAK_IO: u32 = 2;

/** Breakpoints hit by the instruction in flight: DR6 bits, reported when it completes. */
let hits: u32 = 0;

// @ts-ignore: decorator
@inline export function dr6(): u32 { return load<u32>(DR6); }
// @ts-ignore: decorator
@inline export function setDr6(value: u32): void { store<u64>(DR6, value); }
// @ts-ignore: decorator
@inline export function dr7(): u32 { return load<u32>(DR7); }
// @ts-ignore: decorator
@inline export function setDr7(value: u32): void { store<u64>(DR7, value); }
export function debugRegister(index: u32): u64 {
  return load<u64>(DEBUG_REGISTERS + (index << 3));
}
export function setDebugRegister(index: u32, value: u64): void {
  store<u64>(DEBUG_REGISTERS + (index << 3), value);
}

/** Whether instructions must run one by one. */
export function stepArmed(flags: u32): bool {
  return (flags & FLAG_TF) != 0 || (dr7() & DR7_ENABLES) != 0 || load<u32>(STEPPING) != 0;
}

function enabled(index: u32): bool {
  return ((dr7() >>> (index * 2)) & 3) != 0;
}
function kind(index: u32): u32 {
  return (dr7() >>> (16 + index * 4)) & 3;
}
function length(index: u32): u32 {
  const field = (dr7() >>> (18 + index * 4)) & 3;
  return field == 2 ? 8 : field + 1;
}

/** Notes data breakpoints an access hits. */
export function watched(address: u64, bytes: u32, write: bool): void {
  if (!(dr7() & DR7_ENABLES)) return;
  for (let i: u32 = 0; i < 4; i++) {
    const type = kind(i);
    if (!enabled(i) || type == BREAK_EXECUTE || type == BREAK_IO || (type == BREAK_WRITE && !write)) continue;
    if (overlaps(i, address, bytes)) hits |= 1 << i;
  }
}

/** Notes I/O breakpoints (CR4.DE) a port access hits. */
export function watchedPort(port: u32, bytes: u32): void {
  if (!(dr7() & DR7_ENABLES) || !(cr4() & CR4_DE)) return;
  for (let i: u32 = 0; i < 4; i++) {
    if (enabled(i) && kind(i) == BREAK_IO && overlaps(i, port, bytes)) hits |= 1 << i;
  }
}

function overlaps(index: u32, address: u64, bytes: u32): bool {
  const size = <u64>length(index);
  const from = debugRegister(index) & ~(size - 1);
  return address < from + size && from < address + <u64>bytes;
}

/** Whether a breakpoint lies in the page: such a page must not enter a TLB. */
export function watchesPage(address: u64): bool {
  if (!(dr7() & DR7_ENABLES)) return false;
  for (let i: u32 = 0; i < 4; i++) {
    if (enabled(i) && kind(i) != BREAK_EXECUTE && (debugRegister(i) ^ address) >>> 12 == 0) return true;
  }
  return false;
}

/** DR6 bits of the instruction breakpoints at a linear address. */
export function instructionBreakpoints(address: u64): u32 {
  if (!(dr7() & DR7_ENABLES)) return 0;
  let bits: u32 = 0;
  for (let i: u32 = 0; i < 4; i++) {
    const at = longModeActive() ? debugRegister(i) : debugRegister(i) & 0xffff_ffff;
    if (enabled(i) && kind(i) == BREAK_EXECUTE && at == address) bits |= 1 << i;
  }
  return bits;
}

/** Takes the hits noted since the last call. */
export function takeHits(): u32 {
  const bits = hits;
  hits = 0;
  return bits;
}
