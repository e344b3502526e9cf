import { SimdOp } from '../../../core/opcodes/simd-op.js';
import { Simd } from '../../wasm/simd-instruction.js';
import type { Lowering } from '../lowering.js';
import { binary, byteOf, saveVector, unary, type VectorLowerings } from './vector-lowering.js';

/** Bytes of elements: element 0 … of the first vector, then those of the second. */
function bytesOf(elements: readonly number[], size: number): number[] {
  return elements.flatMap((element) => Array.from({ length: size }, (_, i) => element * size + i));
}

/** The i-th field of two bits of an immediate. */
const field = (immediate: number, i: number): number => (immediate >> (i * 2)) & 3;

/** Elements of destination and source one after the other, from the low or the high halves. */
function interleave(size: 1 | 2 | 4 | 8, high: boolean): Lowering {
  const count = 16 / size;
  const first = high ? count / 2 : 0;
  const elements = Array.from({ length: count }, (_, i) => first + (i >> 1) + (i & 1 ? count : 0));
  return binary((to, a, b) => {
    to.code.get(a).get(b).shuffle(bytesOf(elements, size));
  });
}

/** Elements of the source, chosen by the immediate. */
function ofSource(size: 2 | 4 | 8, elements: (immediate: number) => readonly number[]): Lowering {
  return unary((to, instruction) => {
    const source = saveVector(to);
    to.code
      .get(source)
      .get(source)
      .shuffle(bytesOf(elements(byteOf(instruction)), size));
  });
}

/** Elements of both operands, chosen by the immediate. */
function ofBoth(size: 2 | 4 | 8, elements: (immediate: number) => readonly number[]): Lowering {
  return binary((to, a, b, instruction) => {
    to.code
      .get(a)
      .get(b)
      .shuffle(bytesOf(elements(byteOf(instruction)), size));
  });
}

/** The source's elements where the immediate has a bit. */
function blend(size: 2 | 4 | 8): Lowering {
  const count = 16 / size;
  return ofBoth(size, (immediate) =>
    Array.from({ length: count }, (_, i) => (((immediate >> i) & 1) === 1 ? i + count : i)),
  );
}

/** The source's elements where XMM0's have their sign. */
function blendByMask(shift: number, bits: number): Lowering {
  return binary((to, a, b) => {
    to.code.get(b).get(a);
    to.vectors.push(0);
    to.code.i32(bits).simd(shift).simd(Simd.bitSelect);
  });
}

/** Bits 3:0 choose a byte, bit 7 gives zero, bits 6:4 are ignored. */
const byRegister = binary((to, a, b) => {
  to.code.get(a).get(b).v128(0x8f8f_8f8f_8f8f_8f8fn).simd(Simd.and).simd(Simd.i8x16Swizzle);
});

/** Sixteen bytes from destination:source, behind as many as the immediate says; zeros beyond. */
const align = binary((to, a, b, instruction) => {
  const skip = Math.min(byteOf(instruction), 32);
  const from = (i: number): number => (i + skip < 32 ? i + skip : -1);
  if (skip <= 16) {
    to.code
      .get(b)
      .get(a)
      .shuffle(Array.from({ length: 16 }, (_, i) => from(i)));
    return;
  }
  to.code
    .get(a)
    .v128(0n)
    .shuffle(Array.from({ length: 16 }, (_, i) => (from(i) < 0 ? 16 : from(i) - 16)));
});

export const SHUFFLES: VectorLowerings = new Map<SimdOp, Lowering>([
  [SimdOp.PUNPCKLBW, interleave(1, false)],
  [SimdOp.PUNPCKLWD, interleave(2, false)],
  [SimdOp.PUNPCKLDQ, interleave(4, false)],
  [SimdOp.PUNPCKLQDQ, interleave(8, false)],
  [SimdOp.PUNPCKHBW, interleave(1, true)],
  [SimdOp.PUNPCKHWD, interleave(2, true)],
  [SimdOp.PUNPCKHDQ, interleave(4, true)],
  [SimdOp.PUNPCKHQDQ, interleave(8, true)],
  [SimdOp.PSHUFD, ofSource(4, (by) => [field(by, 0), field(by, 1), field(by, 2), field(by, 3)])],
  [SimdOp.PSHUFLW, ofSource(2, (by) => [field(by, 0), field(by, 1), field(by, 2), field(by, 3), 4, 5, 6, 7])],
  [
    SimdOp.PSHUFHW,
    ofSource(2, (by) => [0, 1, 2, 3, 4 + field(by, 0), 4 + field(by, 1), 4 + field(by, 2), 4 + field(by, 3)]),
  ],
  [SimdOp.SHUFPS, ofBoth(4, (by) => [field(by, 0), field(by, 1), 4 + field(by, 2), 4 + field(by, 3)])],
  [SimdOp.SHUFPD, ofBoth(8, (by) => [by & 1, 2 + ((by >> 1) & 1)])],
  [SimdOp.MOVSLDUP, ofSource(4, () => [0, 0, 2, 2])],
  [SimdOp.MOVSHDUP, ofSource(4, () => [1, 1, 3, 3])],
  [SimdOp.MOVDDUP, ofSource(8, () => [0, 0])],
  [SimdOp.BLENDPS, blend(4)],
  [SimdOp.BLENDPD, blend(8)],
  [SimdOp.PBLENDW, blend(2)],
  [SimdOp.PBLENDVB, blendByMask(Simd.i8x16ShrS, 7)],
  [SimdOp.BLENDVPS, blendByMask(Simd.i32x4ShrS, 31)],
  [SimdOp.BLENDVPD, blendByMask(Simd.i64x2ShrS, 63)],
  [SimdOp.PSHUFB, byRegister],
  [SimdOp.PALIGNR, align],
]);
