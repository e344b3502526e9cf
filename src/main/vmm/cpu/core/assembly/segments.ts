import {
  GDTR, SEG_ATTRIBUTES, SEG_BASE, SEG_LIMIT, SEG_READ_END, SEG_SELECTOR, SEG_WRITE_END, SEGMENT_SIZE, SEGMENTS,
} from '../layout'; // prettier-ignore
import { systemModify, systemRead } from './access';
import { commit } from './memory';
import { updateMode } from './privilege';
import {
  ATTR_ACCESSED, ATTR_CODE, ATTR_DC, ATTR_G, ATTR_PRESENT, ATTR_RW, ATTR_S, cpl, CS, ES, FS, GP, GS, LDTR,
  longCode, NP, realOrVirtual, selector, segAttributes, segBase, segLimit, segment, setFault, SS, SS_FAULT, virtual8086,
  longModeActive,
} from './state'; // prettier-ignore
import { flushInstructions } from './tlb';

/** Segment descriptors and the hidden parts of segment registers (SDM vol. 3, chapter 3). */

/** The last descriptor fetched: its dwords, and where it lies. */
export let low: u32 = 0;
export let high: u32 = 0;
let address: u64 = 0;

/** 1 while an event that is not the program's doing is delivered: the EXT bit of error codes. */
export let external: u32 = 0;
export function setExternal(value: u32): void {
  external = value;
}

/** Notes a fault with a selector error code; always false. */
export function selectorFault(vector: u32, sel: u32): bool {
  setFault(vector, (sel & 0xfffc) | external);
  return false;
}

/** Reads a descriptor into {@link low} and {@link high}; outside its table it is `vector`(selector). */
export function fetchDescriptor(sel: u32, vector: u32): bool {
  const local = (sel & 4) != 0;
  const last = sel | 7;
  const limit = local ? segLimit(LDTR) : load<u32>(GDTR, 8);
  if ((local && !(segAttributes(LDTR) & ATTR_PRESENT)) || last > limit) return selectorFault(vector, sel);
  address = (local ? segBase(LDTR) : load<u64>(GDTR)) + <u64>(sel & 0xfff8);
  if (!longModeActive()) address &= 0xffff_ffff;
  const p = systemRead(address, 8);
  if (!p) return false;
  low = load<u32>(p);
  high = load<u32>(p, 4);
  return true;
}

/** The upper half of a 16-byte system descriptor in long mode: bits 63:32 of the base. */
export let upper: u32 = 0;
export function fetchUpper(sel: u32, vector: u32): bool {
  const limit = sel & 4 ? segLimit(LDTR) : load<u32>(GDTR, 8);
  if ((sel & 0xfff8) + 15 > limit) return selectorFault(vector, sel);
  const p = systemRead(address + 8, 8);
  if (!p) return false;
  upper = load<u32>(p);
  return load<u32>(p, 4) & 0x1f00 ? selectorFault(vector, sel) : true;
}

export function restoreDescriptor(descriptorLow: u32, descriptorHigh: u32): void {
  low = descriptorLow;
  high = descriptorHigh;
}

/** Sets type bits of the descriptor last fetched: accessed, or busy of a TSS. */
export function markDescriptor(bits: u32): bool {
  if ((high & bits) == bits) return true;
  const p = systemModify(address + 4, 4);
  if (!p) return false;
  store<u32>(p, load<u32>(p) | bits);
  commit(p);
  high |= bits;
  return true;
}
const HIGH_ACCESSED: u32 = 1 << 8;

// Fields of a descriptor's second dword.
// @ts-ignore: decorator
@inline export function descriptorDpl(descriptor: u32): u32 { return (descriptor >>> 13) & 3; }
// @ts-ignore: decorator
@inline export function descriptorPresent(descriptor: u32): bool { return (descriptor & (1 << 15)) != 0; }
// @ts-ignore: decorator
@inline export function descriptorIsSystem(descriptor: u32): bool { return !(descriptor & (1 << 12)); }
// @ts-ignore: decorator
@inline export function descriptorType(descriptor: u32): u32 { return (descriptor >>> 8) & 15; }
// @ts-ignore: decorator
@inline export function descriptorIsCode(descriptor: u32): bool { return (descriptor & (3 << 11)) == 3 << 11; }
// @ts-ignore: decorator
@inline export function descriptorIsConforming(descriptor: u32): bool { return (descriptor & (1 << 10)) != 0; }
// @ts-ignore: decorator
@inline export function descriptorIsLong(descriptor: u32): bool { return (descriptor & (1 << 21)) != 0; }
// @ts-ignore: decorator
@inline export function descriptorIsBig(descriptor: u32): bool { return (descriptor & (1 << 22)) != 0; }
/** A writable data segment, as SS needs. */
// @ts-ignore: decorator
@inline export function descriptorIsStack(descriptor: u32): bool { return (descriptor & 0x1a00) == 0x1200; }

export function descriptorBase(lowDword: u32, highDword: u32): u32 {
  return (lowDword >>> 16) | ((highDword & 0xff) << 16) | (highDword & 0xff00_0000);
}
export function descriptorLimit(lowDword: u32, highDword: u32): u32 {
  const limit = (lowDword & 0xffff) | (highDword & 0xf_0000);
  return highDword & (1 << 23) ? (limit << 12) | 0xfff : limit;
}

/** Fills a segment register, and what is precomputed from it. CPL and code mode are updateMode's. */
export function setSegment(index: u32, sel: u32, base: u64, limit: u32, attributes: u32): void {
  const at = segment(index);
  store<u64>(at, base, SEG_BASE);
  store<u32>(at, limit, SEG_LIMIT);
  store<u32>(at, attributes, SEG_ATTRIBUTES);
  store<u32>(at, sel, SEG_SELECTOR);
  updateLimits(at);
}

/** Precomputed ends of a segment; see SEG_READ_END. */
export function updateLimits(at: usize): void {
  const attributes = load<u32>(at, SEG_ATTRIBUTES);
  const end = <u64>load<u32>(at, SEG_LIMIT) + 1;
  let read: u64 = 0;
  let write: u64 = 0;
  const expandDown = (attributes & (ATTR_CODE | ATTR_DC)) == ATTR_DC;
  if (attributes & ATTR_PRESENT && !expandDown) {
    const code = (attributes & ATTR_CODE) != 0;
    const bit = (attributes & ATTR_RW) != 0;
    if (!code || bit || realOrVirtual()) read = end;
    if ((!code && bit) || realOrVirtual()) write = end;
  }
  store<u64>(at, read, SEG_READ_END);
  store<u64>(at, write, SEG_WRITE_END);
}

/** After a change between real and protected mode. */
export function updateAllLimits(): void {
  for (let i: u32 = 0; i < 6; i++) updateLimits(SEGMENTS + i * SEGMENT_SIZE);
}

/** Fills a segment register from descriptor dwords. */
export function setSegmentFromDescriptor(index: u32, sel: u32, lowDword: u32, highDword: u32): void {
  const attributes = (highDword >>> 8) & 0xffff;
  setSegment(index, sel, descriptorBase(lowDword, highDword), descriptorLimit(lowDword, highDword), attributes);
}

/** A segment register with a null selector: unusable, its base zero (Intel; AMD keeps those of FS and GS). */
export function setNullSegment(index: u32, sel: u32): void {
  const at = segment(index);
  store<u32>(at, 0, SEG_ATTRIBUTES);
  store<u32>(at, sel, SEG_SELECTOR);
  store<u32>(at, 0, SEG_LIMIT);
  store<u64>(at, 0, SEG_BASE);
  updateLimits(at);
}

const REAL_ATTRIBUTES: u32 = ATTR_PRESENT | ATTR_S | ATTR_RW | ATTR_ACCESSED;
const VIRTUAL_ATTRIBUTES: u32 = REAL_ATTRIBUTES | (3 << 5);

/** As real and virtual-8086 mode load a segment register. Real mode leaves the limit alone ("unreal mode"). */
export function setRealSegment(index: u32, sel: u32): void {
  const base = <u64>(sel << 4);
  if (virtual8086()) return setSegment(index, sel, base, 0xffff, VIRTUAL_ATTRIBUTES);
  const at = segment(index);
  store<u64>(at, base, SEG_BASE);
  store<u32>(at, sel, SEG_SELECTOR);
  if (index == CS) {
    // A jump gives CS the access rights of a writable data segment, 16 bits wide.
    store<u32>(at, REAL_ATTRIBUTES, SEG_ATTRIBUTES);
    flushInstructions();
  } else if (!(load<u32>(at, SEG_ATTRIBUTES) & ATTR_PRESENT)) {
    store<u32>(at, REAL_ATTRIBUTES, SEG_ATTRIBUTES);
    store<u32>(at, 0xffff, SEG_LIMIT);
  }
  updateLimits(at);
}

/** MOV/POP to a data or stack segment register, LDS and kin; false with the fault noted (SDM vol. 2, MOV). */
export function loadDataSegment(index: u32, sel: u32): bool {
  if (realOrVirtual()) {
    setRealSegment(index, sel);
    updateMode();
    return true;
  }
  const ok = index == SS ? loadStackSegment(sel) : loadOrdinarySegment(index, sel);
  if (ok) updateMode();
  return ok;
}

function loadOrdinarySegment(index: u32, sel: u32): bool {
  if (!(sel & 0xfffc)) {
    setNullSegment(index, sel);
    return true;
  }
  if (!fetchDescriptor(sel, GP)) return false;
  const readable = !descriptorIsSystem(high) && (!descriptorIsCode(high) || (high & (1 << 9)) != 0);
  if (!readable) return selectorFault(GP, sel);
  const conforming = descriptorIsCode(high) && descriptorIsConforming(high);
  const dpl = descriptorDpl(high);
  if (!conforming && ((sel & 3) > dpl || cpl() > dpl)) return selectorFault(GP, sel);
  if (!descriptorPresent(high)) return selectorFault(NP, sel);
  if (!markDescriptor(HIGH_ACCESSED)) return false;
  setSegmentFromDescriptor(index, sel, low, high);
  return true;
}

function loadStackSegment(sel: u32): bool {
  if (!(sel & 0xfffc)) {
    if (!longCode() || cpl() == 3 || (sel & 3) != cpl()) return selectorFault(GP, 0);
    setNullStack(sel);
    return true;
  }
  if (!fetchDescriptor(sel, GP)) return false;
  if ((sel & 3) != cpl() || !descriptorIsStack(high) || descriptorDpl(high) != cpl()) return selectorFault(GP, sel);
  if (!descriptorPresent(high)) return selectorFault(SS_FAULT, sel);
  if (!markDescriptor(HIGH_ACCESSED)) return false;
  setSegmentFromDescriptor(SS, sel, low, high);
  return true;
}

/** The null stack segment of 64-bit mode's inner rings. */
export function setNullStack(sel: u32): void {
  setSegment(SS, sel, 0, 0xffff_ffff, ATTR_PRESENT | ATTR_S | ATTR_RW | ATTR_ACCESSED | ((sel & 3) << 5) | (1 << 14) | ATTR_G);
}

/** Marks the code descriptor last fetched accessed. */
export function markAccessed(): bool {
  return markDescriptor(HIGH_ACCESSED);
}

/** Code segment from descriptor dwords at a privilege level. */
export function setCodeSegment(sel: u32, level: u32, lowDword: u32, highDword: u32): void {
  setSegmentFromDescriptor(CS, (sel & 0xfffc) | level, lowDword, highDword);
  flushInstructionsIfBased();
}

/** Instruction translations assume the limit of CS; only segments that are not flat can differ in it. */
function flushInstructionsIfBased(): void {
  if (segBase(CS) != 0 || segLimit(CS) != 0xffff_ffff) flushInstructions();
}

/** After a return to an outer level: segments the new level may not use become null (SDM vol. 2, RET). */
export function dropInnerSegments(): void {
  for (let i: u32 = ES; i <= GS; i++) {
    if (i == CS || i == SS) continue;
    const attributes = segAttributes(i);
    // A null selector loses its RPL; FS and GS keep the base that was written without one.
    if (!(selector(i) & 0xfffc)) store<u32>(segment(i), 0, SEG_SELECTOR);
    const conformingCode = (attributes & (ATTR_CODE | ATTR_DC)) == (ATTR_CODE | ATTR_DC);
    if (!conformingCode && attributes & ATTR_PRESENT && ((attributes >>> 5) & 3) < cpl()) setNullSegment(i, 0);
  }
}
