import {
  BOUNCE, EA_MASK, MODE_64, MODE_FLAT32, REGS, SEG_BASE, SEG_READ_END, SEG_WRITE_END, TLB_ENTRIES, TLB_READ_BASE,
  TLB_WRITE_BASE,
} from '../layout'; // prettier-ignore
import { commitBounce, modifyMiss, readMiss, writeMiss } from './access';
import { checkSegment } from './segment-check';
import { cellB, codeMode, CS, getRegister, opIsMemory, segment, slotB } from './state';

/**
 * Guest memory as the instructions see it. Every access goes effective address → linear address → host pointer; a host
 * pointer of 0 means the access faulted. Loads and stores then work on the pointer, which is RAM itself or BOUNCE.
 */

/** Never in a TLB, so a failed segment check falls into the miss path, which answers "faulted". */
export const SEGMENT_FAULT: u64 = 0x8000_0000_0000_0000;

/** Linear address of an op's memory operand. */
// @ts-ignore: decorator
@inline export function readAddress<T>(op: usize): u64 {
  const form = <u32>load<u8>(op, 7);
  const offset =
    load<u64>(REGS + <usize>load<u8>(op, 5)) +
    (load<u64>(REGS + <usize>load<u8>(op, 6)) << (form & 3)) +
    <u64>(<i64>load<i32>(op, 8));
  return form & 0x0c ? segmentedAddress(form, offset, sizeof<T>(), false) : offset & load<u64>(EA_MASK);
}
// @ts-ignore: decorator
@inline export function writeAddress<T>(op: usize): u64 {
  const form = <u32>load<u8>(op, 7);
  const offset =
    load<u64>(REGS + <usize>load<u8>(op, 5)) +
    (load<u64>(REGS + <usize>load<u8>(op, 6)) << (form & 3)) +
    <u64>(<i64>load<i32>(op, 8));
  return form & 0x0c ? segmentedAddress(form, offset, sizeof<T>(), true) : offset & load<u64>(EA_MASK);
}

/** Linear address of a flat memory operand without an index register (decoder.ts, `specialize`). */
// @ts-ignore: decorator
@inline export function baseAddress(op: usize): u64 {
  return (getRegister<u64>(slotB(op)) + <u64>load<i32>(op, 8)) & load<u64>(EA_MASK);
}
/** Linear address of a flat memory operand with one. */
// @ts-ignore: decorator
@inline export function indexedAddress(op: usize): u64 {
  const index = getRegister<u64>(<usize>load<u8>(op, 6)) << <u64>(load<u8>(op, 7) & 3);
  return (getRegister<u64>(slotB(op)) + index + <u64>load<i32>(op, 8)) & load<u64>(EA_MASK);
}

/** And-mask of an address size of 16, 32 or 64 bits (1, 2, 3). */
// @ts-ignore: decorator
@inline export function addressMask(size: u32): u64 {
  return size == 3 ? u64.MAX_VALUE : size == 2 ? 0xffff_ffff : 0xffff;
}

/** Address size of an op: 1, 2, 3 for 16, 32, 64 bits. */
// @ts-ignore: decorator
@inline export function opAddressSize(op: usize): u32 {
  const size = (load<u8>(op, 7) >>> 2) & 3;
  return size ? size : codeMode() == MODE_64 ? 3 : 2;
}

/** Offset of the memory operand within its segment: what LEA computes. */
export function effectiveOffset(op: usize): u64 {
  const form = <u32>load<u8>(op, 7);
  const offset =
    load<u64>(REGS + <usize>load<u8>(op, 5)) +
    (load<u64>(REGS + <usize>load<u8>(op, 6)) << (form & 3)) +
    <u64>(<i64>load<i32>(op, 8));
  return offset & (form & 0x0c ? addressMask((form >>> 2) & 3) : load<u64>(EA_MASK));
}

function segmentedAddress(form: u32, offset: u64, bytes: u32, write: bool): u64 {
  return linear((form >>> 4) & 7, offset & addressMask((form >>> 2) & 3), bytes, write);
}

/** Linear address of `bytes` that lie `distance` beyond the start of an op's memory operand: its second part. */
export function addressBeyond(op: usize, distance: u32, bytes: u32): u64 {
  const form = <u32>load<u8>(op, 7);
  const mask = form & 0x0c ? addressMask((form >>> 2) & 3) : load<u64>(EA_MASK);
  return linear((form >>> 4) & 7, (effectiveOffset(op) + <u64>distance) & mask, bytes, false);
}

/** Linear address of `bytes` at an offset of a segment, checked; SEGMENT_FAULT (fault noted) if they are out of it. */
export function linear(seg: u32, offset: u64, bytes: u32, write: bool): u64 {
  const at = segment(seg);
  const mode = codeMode();
  if (mode == MODE_64) return seg >= 4 ? offset + load<u64>(at, SEG_BASE) : offset;
  if (mode == MODE_FLAT32 && seg < 4 && seg != CS) return offset;
  const end = write ? load<u64>(at, SEG_WRITE_END) : load<u64>(at, SEG_READ_END);
  if (offset + <u64>bytes > end && !checkSegment(seg, <u32>offset, bytes, write)) return SEGMENT_FAULT;
  return (offset + load<u64>(at, SEG_BASE)) & 0xffff_ffff;
}

// @ts-ignore: decorator
@inline function tlbEntry(table: usize, address: u64): usize {
  return load<usize>(table) + ((<usize>address >>> 8) & ((TLB_ENTRIES - 1) << 4));
}
// The main loop looks into the TLB itself, so that a hit runs straight on.
// @ts-ignore: decorator
@inline export function readEntry(address: u64): usize { return tlbEntry(TLB_READ_BASE, address); }
// @ts-ignore: decorator
@inline export function writeEntry(address: u64): usize { return tlbEntry(TLB_WRITE_BASE, address); }
/** Whether a TLB entry is not that of an access; one that crosses a page never is. */
// @ts-ignore: decorator
@inline export function misses<T>(entry: usize, address: u64): bool {
  return load<u64>(entry) != ((address + (sizeof<T>() - 1)) & ~0xfff);
}
// @ts-ignore: decorator
@inline export function hostPointer(entry: usize, address: u64): usize {
  return load<usize>(entry, 8) + <usize>address;
}

/** Host pointer for reading; an access that crosses a page never matches the tag. */
// @ts-ignore: decorator
@inline export function readPointer<T>(address: u64): usize {
  const entry = tlbEntry(TLB_READ_BASE, address);
  return load<u64>(entry) == ((address + (sizeof<T>() - 1)) & ~0xfff)
    ? load<usize>(entry, 8) + <usize>address
    : readMiss(address, sizeof<T>());
}
/** Host pointer for writing only; call {@link commit} after the store. */
// @ts-ignore: decorator
@inline export function writePointer<T>(address: u64): usize {
  const entry = tlbEntry(TLB_WRITE_BASE, address);
  return load<u64>(entry) == ((address + (sizeof<T>() - 1)) & ~0xfff)
    ? load<usize>(entry, 8) + <usize>address
    : writeMiss(address, sizeof<T>());
}
/** Host pointer for reading, then writing; call {@link commit} after the store. */
// @ts-ignore: decorator
@inline export function modifyPointer<T>(address: u64): usize {
  const entry = tlbEntry(TLB_WRITE_BASE, address);
  return load<u64>(entry) == ((address + (sizeof<T>() - 1)) & ~0xfff)
    ? load<usize>(entry, 8) + <usize>address
    : modifyMiss(address, sizeof<T>());
}
/** Completes a store that went to BOUNCE. */
// @ts-ignore: decorator
@inline export function commit(pointer: usize): void {
  if (pointer == BOUNCE) commitBounce();
}

/** Pointer to the r/m operand, register or memory, for reading. */
// @ts-ignore: decorator
@inline export function rmRead<T>(op: usize): usize {
  return opIsMemory(op) ? readPointer<T>(readAddress<T>(op)) : cellB(op);
}
/** Pointer to the r/m operand for reading and writing; store with {@link rmStore}. */
// @ts-ignore: decorator
@inline export function rmModify<T>(op: usize): usize {
  return opIsMemory(op) ? modifyPointer<T>(writeAddress<T>(op)) : cellB(op);
}
// @ts-ignore: decorator
@inline export function rmWrite<T>(op: usize): usize {
  return opIsMemory(op) ? writePointer<T>(writeAddress<T>(op)) : cellB(op);
}
/** Stores to a pointer from rmModify or rmWrite: memory is committed, a 32-bit register zero-extended. */
// @ts-ignore: decorator
@inline export function rmStore<T>(op: usize, pointer: usize, value: T): void {
  if (sizeof<T>() == 4 && !opIsMemory(op)) store<u64>(pointer, <u64>(<u32>value));
  else {
    store<T>(pointer, value);
    commit(pointer);
  }
}

