import { REGS } from '../../layout';
import { XMM_CELLS } from '../fp/state';
import { FLAG_CF, FLAG_OF, FLAG_SF, FLAG_ZF, setSimdFlags, setSimdIndex } from './results';

/** SSE4.2 string comparison: PCMPxSTRx (SDM vol. 2, 4.1). */

// Immediate control byte.
const WORDS: u32 = 0x01;
const SIGNED: u32 = 0x02;
const AGGREGATION: u32 = 0x0c;
const EQUAL_ANY: u32 = 0x00;
const RANGES: u32 = 0x04;
const EQUAL_EACH: u32 = 0x08;
const NEGATIVE: u32 = 0x10;
const MASKED: u32 = 0x20;
/** Index of the most significant set bit (PCMPxSTRI), or a byte/word mask instead of a bit mask (PCMPxSTRM). */
const LAST_OR_EXPANDED: u32 = 0x40;

const RAX: usize = REGS;
const RDX: usize = REGS + 16;

/** Elements of an operand: 16 bytes or 8 words. */
function elementCount(imm: u32): u32 {
  return imm & WORDS ? 8 : 16;
}

function elementAt(from: usize, i: u32, imm: u32): i32 {
  if (imm & WORDS) {
    const at = from + ((<usize>i) << 1);
    return imm & SIGNED ? <i32>load<i16>(at) : <i32>load<u16>(at);
  }
  return imm & SIGNED ? <i32>load<i8>(from + i) : <i32>load<u8>(from + i);
}

/** Elements before the first zero. */
function implicitLength(from: usize, imm: u32): u32 {
  const count = elementCount(imm);
  for (let i: u32 = 0; i < count; i++) if (elementAt(from, i, imm) == 0) return i;
  return count;
}

/** |length|, at most all elements. */
function explicitLength(length: i64, imm: u32): u32 {
  const count = <u64>elementCount(imm);
  const magnitude = <u64>(length < 0 ? 0 - length : length);
  return <u32>(magnitude < count ? magnitude : count);
}

/** Bit j: element j of b, which is valid, equals some valid element of a. */
function equalAny(a: usize, b: usize, lengthA: u32, lengthB: u32, imm: u32): u32 {
  let result: u32 = 0;
  for (let j: u32 = 0; j < lengthB; j++) {
    const value = elementAt(b, j, imm);
    for (let i: u32 = 0; i < lengthA; i++) if (elementAt(a, i, imm) == value) result |= 1 << j;
  }
  return result;
}

/** Bit j: element j of b lies in one of the ranges that pairs of elements of a bound; half a pair bounds nothing. */
function inRanges(a: usize, b: usize, lengthA: u32, lengthB: u32, imm: u32): u32 {
  let result: u32 = 0;
  for (let j: u32 = 0; j < lengthB; j++) {
    const value = elementAt(b, j, imm);
    for (let i: u32 = 0; i + 1 < lengthA; i += 2) {
      if (elementAt(a, i, imm) <= value && value <= elementAt(a, i + 1, imm)) result |= 1 << j;
    }
  }
  return result;
}

/** Bit j: elements j are equal, or both past their ends. */
function equalEach(a: usize, b: usize, lengthA: u32, lengthB: u32, imm: u32): u32 {
  let result: u32 = 0;
  const count = elementCount(imm);
  for (let j: u32 = 0; j < count; j++) {
    const validA = j < lengthA;
    const validB = j < lengthB;
    const equal = validA && validB ? elementAt(a, j, imm) == elementAt(b, j, imm) : validA == validB;
    if (equal) result |= 1 << j;
  }
  return result;
}

/** Bit j: a, as far as it is valid, is found in b from element j on; the end of the register cuts the comparison short. */
function equalOrdered(a: usize, b: usize, lengthA: u32, lengthB: u32, imm: u32): u32 {
  let result: u32 = 0;
  const count = elementCount(imm);
  for (let j: u32 = 0; j < count; j++) {
    let found = true;
    for (let i: u32 = 0; i < lengthA && j + i < count; i++) {
      if (j + i >= lengthB || elementAt(a, i, imm) != elementAt(b, j + i, imm)) {
        found = false;
        break;
      }
    }
    if (found) result |= 1 << j;
  }
  return result;
}

function aggregate(a: usize, b: usize, lengthA: u32, lengthB: u32, imm: u32): u32 {
  switch (imm & AGGREGATION) {
    case EQUAL_ANY:
      return equalAny(a, b, lengthA, lengthB, imm);
    case RANGES:
      return inRanges(a, b, lengthA, lengthB, imm);
    case EQUAL_EACH:
      return equalEach(a, b, lengthA, lengthB, imm);
    default:
      return equalOrdered(a, b, lengthA, lengthB, imm);
  }
}

/** The result bits after polarity ("IntRes2"); also sets the flags, AF and PF clear. */
function compareText(a: usize, b: usize, lengthA: u32, lengthB: u32, imm: u32): u32 {
  const count = elementCount(imm);
  let result = aggregate(a, b, lengthA, lengthB, imm);
  if (imm & NEGATIVE) result ^= imm & MASKED ? (1 << lengthB) - 1 : (1 << count) - 1;
  setSimdFlags(
    (result ? FLAG_CF : 0) |
      (lengthB < count ? FLAG_ZF : 0) |
      (lengthA < count ? FLAG_SF : 0) |
      (result & 1 ? FLAG_OF : 0),
  );
  return result;
}

function setIndex(bits: u32, imm: u32): void {
  if (bits == 0) setSimdIndex(elementCount(imm));
  else setSimdIndex(imm & LAST_OR_EXPANDED ? 31 - clz(bits) : ctz(bits));
}

/** Into XMM0. */
function setMask(bits: u32, imm: u32): void {
  if ((imm & LAST_OR_EXPANDED) == 0) {
    store<u64>(XMM_CELLS, <u64>bits);
    store<u64>(XMM_CELLS, 0, 8);
    return;
  }
  const count = elementCount(imm);
  for (let i: u32 = 0; i < count; i++) {
    const value = (bits >> i) & 1 ? -1 : 0;
    if (imm & WORDS) store<i16>(XMM_CELLS + ((<usize>i) << 1), <i16>value);
    else store<i8>(XMM_CELLS + i, <i8>value);
  }
}

function explicitBits(dst: usize, src: usize, imm: u32, lengthA: i64, lengthB: i64): u32 {
  return compareText(dst, src, explicitLength(lengthA, imm), explicitLength(lengthB, imm), imm);
}

function implicitBits(dst: usize, src: usize, imm: u32): u32 {
  return compareText(dst, src, implicitLength(dst, imm), implicitLength(src, imm), imm);
}

export function pcmpestri(dst: usize, src: usize, imm: u32): void {
  setIndex(explicitBits(dst, src, imm, <i64>load<i32>(RAX), <i64>load<i32>(RDX)), imm);
}

export function pcmpestri64(dst: usize, src: usize, imm: u32): void {
  setIndex(explicitBits(dst, src, imm, load<i64>(RAX), load<i64>(RDX)), imm);
}

export function pcmpestrm(dst: usize, src: usize, imm: u32): void {
  setMask(explicitBits(dst, src, imm, <i64>load<i32>(RAX), <i64>load<i32>(RDX)), imm);
}

export function pcmpestrm64(dst: usize, src: usize, imm: u32): void {
  setMask(explicitBits(dst, src, imm, load<i64>(RAX), load<i64>(RDX)), imm);
}

export function pcmpistri(dst: usize, src: usize, imm: u32): void {
  setIndex(implicitBits(dst, src, imm), imm);
}

export function pcmpistrm(dst: usize, src: usize, imm: u32): void {
  setMask(implicitBits(dst, src, imm), imm);
}
