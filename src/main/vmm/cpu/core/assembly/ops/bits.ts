import { deliverOpFault } from '../exceptions';
import { setCF, setFlagsLogic, updateArithmeticFlags } from '../flags';
import { effectiveOffset, linear, addressMask, modifyPointer, opAddressSize, readPointer, rmModify, rmRead, rmStore } from '../memory';
import { cellA, cellB, FLAG_ZF, FLAGS_ARITHMETIC, nextOp, opImm, opIsMemory, opSegment, putReg } from '../state';
import { storeLocked } from './exchange';

/** Bit tests, scans and counts. */
const TEST: u32 = 0;
const SET: u32 = 1;
const RESET: u32 = 2;
const COMPLEMENT: u32 = 3;

function signed<T>(value: T): i64 {
  return sizeof<T>() == 2 ? <i64>(<i16>value) : sizeof<T>() == 4 ? <i64>(<i32>value) : <i64>value;
}

/** Linear address of the operand a register bit offset reaches: it counts from the memory operand both ways. */
function reached<T>(op: usize, index: i64, write: bool): u64 {
  const unit = index >> (sizeof<T>() == 2 ? 4 : sizeof<T>() == 4 ? 5 : 6);
  const offset = (effectiveOffset(op) + <u64>(unit * sizeof<T>())) & addressMask(opAddressSize(op));
  return linear(opSegment(op), offset, sizeof<T>(), write);
}

function change<T>(value: T, bit: T, kind: u32): T {
  const mask = <T>(<T>1 << bit);
  return kind == SET ? <T>(value | mask) : kind == RESET ? <T>(value & ~mask) : <T>(value ^ mask);
}

function withRegister<T>(op: usize, kind: u32): usize {
  const index = load<T>(cellA(op));
  if (!opIsMemory(op)) return apply<T>(op, cellB(op), index, kind);
  const address = reached<T>(op, signed<T>(index), kind != TEST);
  const p = kind == TEST ? readPointer<T>(address) : modifyPointer<T>(address);
  return p ? apply<T>(op, p, index, kind) : deliverOpFault(op);
}
function withImmediate<T>(op: usize, kind: u32): usize {
  const p = kind == TEST ? rmRead<T>(op) : rmModify<T>(op);
  return p ? apply<T>(op, p, <T>opImm(op), kind) : deliverOpFault(op);
}
function apply<T>(op: usize, p: usize, index: T, kind: u32): usize {
  const bit = <T>(index & (sizeof<T>() * 8 - 1));
  let value = load<T>(p);
  if (kind != TEST) {
    if (opIsMemory(op)) value = storeLocked<T>(p, bit, kind);
    else rmStore<T>(op, p, change<T>(value, bit, kind));
  }
  setCF((<u32>(value >> bit) & 1) != 0);
  return nextOp(op);
}

export function bitTest<T>(op: usize): usize {
  return withRegister<T>(op, TEST);
}
export function bitSet<T>(op: usize): usize {
  return withRegister<T>(op, SET);
}
export function bitReset<T>(op: usize): usize {
  return withRegister<T>(op, RESET);
}
export function bitComplement<T>(op: usize): usize {
  return withRegister<T>(op, COMPLEMENT);
}
export function bitTestImmediate<T>(op: usize): usize {
  return withImmediate<T>(op, TEST);
}
export function bitSetImmediate<T>(op: usize): usize {
  return withImmediate<T>(op, SET);
}
export function bitResetImmediate<T>(op: usize): usize {
  return withImmediate<T>(op, RESET);
}
export function bitComplementImmediate<T>(op: usize): usize {
  return withImmediate<T>(op, COMPLEMENT);
}

/** BSF. A zero source sets ZF and leaves the destination alone, as processors do. */
export function bitScanForward<T>(op: usize): usize {
  const p = rmRead<T>(op);
  if (!p) return deliverOpFault(op);
  const value = load<T>(p);
  setFlagsLogic<T>(value);
  if (value) putReg<T>(cellA(op), <T>ctz<u64>(<u64>value));
  return nextOp(op);
}
export function bitScanReverse<T>(op: usize): usize {
  const p = rmRead<T>(op);
  if (!p) return deliverOpFault(op);
  const value = load<T>(p);
  setFlagsLogic<T>(value);
  if (value) putReg<T>(cellA(op), <T>(63 - clz<u64>(<u64>value)));
  return nextOp(op);
}

/** POPCNT: ZF by the source, the other flags cleared. */
export function populationCount<T>(value: T): T {
  updateArithmeticFlags(value ? 0 : FLAG_ZF, FLAGS_ARITHMETIC);
  return <T>popcnt<u64>(<u64>value);
}

/** MOVBE. */
export function byteSwap<T>(value: T): T {
  return bswap<T>(value);
}
/** BSWAP; of 16 bits it is undefined, and gives zero on processors. */
export function byteSwapRegister<T>(value: T): T {
  return sizeof<T>() == 2 ? <T>0 : bswap<T>(value);
}

// CRC-32C, bit-reversed polynomial (SDM vol. 2, CRC32).
const POLYNOMIAL: u32 = 0x82f6_3b78;

function crc(start: u32, value: u64, bytes: u32): u32 {
  let sum = start;
  for (let i: u32 = 0; i < bytes; i++) {
    sum ^= <u32>(value >>> (i * 8)) & 0xff;
    for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (sum & 1 ? POLYNOMIAL : 0);
  }
  return sum;
}
export function crc32<T>(op: usize): usize {
  const p = rmRead<T>(op);
  if (!p) return deliverOpFault(op);
  putReg<u32>(cellA(op), crc(load<u32>(cellA(op)), <u64>load<T>(p), sizeof<T>()));
  return nextOp(op);
}
export function crc32Byte(op: usize): usize {
  return crc32<u8>(op);
}
