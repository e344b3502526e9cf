import { SimdOp } from '../../../core/opcodes/simd-op.js';
import type { RegionCode } from '../../code/region-code.js';
import { Simd } from '../../wasm/simd-instruction.js';
import type { Lowering } from '../lowering.js';
import { binary, direct, saveVector, unary, type VectorLowerings } from './vector-lowering.js';

/** Operations that WebAssembly has, operands in the same order. */
// prettier-ignore
export const DIRECT_INTEGER: readonly (readonly [SimdOp, number])[] = [
  [SimdOp.PAND, Simd.and], [SimdOp.POR, Simd.or], [SimdOp.PXOR, Simd.xor],
  [SimdOp.PADDB, Simd.i8x16Add], [SimdOp.PADDW, Simd.i16x8Add], [SimdOp.PADDD, Simd.i32x4Add], [SimdOp.PADDQ, Simd.i64x2Add],
  [SimdOp.PSUBB, Simd.i8x16Sub], [SimdOp.PSUBW, Simd.i16x8Sub], [SimdOp.PSUBD, Simd.i32x4Sub], [SimdOp.PSUBQ, Simd.i64x2Sub],
  [SimdOp.PADDSB, Simd.i8x16AddSatS], [SimdOp.PADDSW, Simd.i16x8AddSatS],
  [SimdOp.PADDUSB, Simd.i8x16AddSatU], [SimdOp.PADDUSW, Simd.i16x8AddSatU],
  [SimdOp.PSUBSB, Simd.i8x16SubSatS], [SimdOp.PSUBSW, Simd.i16x8SubSatS],
  [SimdOp.PSUBUSB, Simd.i8x16SubSatU], [SimdOp.PSUBUSW, Simd.i16x8SubSatU],
  [SimdOp.PMULLW, Simd.i16x8Mul], [SimdOp.PMULLD, Simd.i32x4Mul], [SimdOp.PMADDWD, Simd.i32x4Dot],
  [SimdOp.PAVGB, Simd.i8x16AvgU], [SimdOp.PAVGW, Simd.i16x8AvgU],
  [SimdOp.PMINUB, Simd.i8x16MinU], [SimdOp.PMINSB, Simd.i8x16MinS], [SimdOp.PMAXUB, Simd.i8x16MaxU], [SimdOp.PMAXSB, Simd.i8x16MaxS],
  [SimdOp.PMINUW, Simd.i16x8MinU], [SimdOp.PMINSW, Simd.i16x8MinS], [SimdOp.PMAXUW, Simd.i16x8MaxU], [SimdOp.PMAXSW, Simd.i16x8MaxS],
  [SimdOp.PMINUD, Simd.i32x4MinU], [SimdOp.PMINSD, Simd.i32x4MinS], [SimdOp.PMAXUD, Simd.i32x4MaxU], [SimdOp.PMAXSD, Simd.i32x4MaxS],
  [SimdOp.PCMPEQB, Simd.i8x16Eq], [SimdOp.PCMPEQW, Simd.i16x8Eq], [SimdOp.PCMPEQD, Simd.i32x4Eq], [SimdOp.PCMPEQQ, Simd.i64x2Eq],
  [SimdOp.PCMPGTB, Simd.i8x16GtS], [SimdOp.PCMPGTW, Simd.i16x8GtS], [SimdOp.PCMPGTD, Simd.i32x4GtS], [SimdOp.PCMPGTQ, Simd.i64x2GtS],
  [SimdOp.PACKSSWB, Simd.i8x16NarrowS], [SimdOp.PACKUSWB, Simd.i8x16NarrowU],
  [SimdOp.PACKSSDW, Simd.i16x8NarrowS], [SimdOp.PACKUSDW, Simd.i16x8NarrowU],
];

/** Operations on the source alone: WebAssembly instructions one after the other. */
// prettier-ignore
const OF_SOURCE: readonly (readonly [SimdOp, ...number[]])[] = [
  [SimdOp.PABSB, Simd.i8x16Abs], [SimdOp.PABSW, Simd.i16x8Abs], [SimdOp.PABSD, Simd.i32x4Abs],
  [SimdOp.PMOVSXBW, Simd.i16x8ExtendLowS], [SimdOp.PMOVSXBD, Simd.i16x8ExtendLowS, Simd.i32x4ExtendLowS],
  [SimdOp.PMOVSXBQ, Simd.i16x8ExtendLowS, Simd.i32x4ExtendLowS, Simd.i64x2ExtendLowS],
  [SimdOp.PMOVSXWD, Simd.i32x4ExtendLowS], [SimdOp.PMOVSXWQ, Simd.i32x4ExtendLowS, Simd.i64x2ExtendLowS],
  [SimdOp.PMOVSXDQ, Simd.i64x2ExtendLowS],
  [SimdOp.PMOVZXBW, Simd.i16x8ExtendLowU], [SimdOp.PMOVZXBD, Simd.i16x8ExtendLowU, Simd.i32x4ExtendLowU],
  [SimdOp.PMOVZXBQ, Simd.i16x8ExtendLowU, Simd.i32x4ExtendLowU, Simd.i64x2ExtendLowU],
  [SimdOp.PMOVZXWD, Simd.i32x4ExtendLowU], [SimdOp.PMOVZXWQ, Simd.i32x4ExtendLowU, Simd.i64x2ExtendLowU],
  [SimdOp.PMOVZXDQ, Simd.i64x2ExtendLowU],
];

/** Not the destination, and the source. */
const andNot = binary((to, a, b) => {
  to.code.get(b).get(a).simd(Simd.andNot);
});

/** High halves of the words' products. */
function highWords(low: number, high: number): Lowering {
  return binary((to, a, b) => {
    to.code.get(a).get(b).simd(low).get(a).get(b).simd(high);
    to.code.shuffle([2, 3, 6, 7, 10, 11, 14, 15, 18, 19, 22, 23, 26, 27, 30, 31]);
  });
}

/** Products of the even doublewords, widened by `widen`. */
function evenProducts(widen: (to: RegionCode) => void): Lowering {
  return binary((to, a, b) => {
    to.code.get(a);
    widen(to);
    to.code.get(b);
    widen(to);
    to.code.simd(Simd.i64x2Mul);
  });
}

/** Sums of eight absolute differences of bytes: neighbours first, then four words of each half. */
const absoluteDifferences = binary((to, a, b) => {
  const { code } = to;
  code.get(a).get(b).simd(Simd.i8x16MaxU).get(a).get(b).simd(Simd.i8x16MinU).simd(Simd.i8x16Sub);
  code.simd(Simd.i16x8AddPairsU).simd(Simd.i32x4AddPairsU);
  const sums = saveVector(to);
  code.get(sums).i32(32).simd(Simd.i64x2ShrU).get(sums).v128(0xffff_ffffn).simd(Simd.and).simd(Simd.i64x2Add);
});

/** (a × b / 2^14 + 1) / 2; −1 × −1, which q15mulr would saturate, wraps. */
const Q15_MULTIPLY = 0x82;
const roundedHighWords = binary((to, a, b) => {
  const { code } = to;
  const least = (local: number): void => {
    code.get(local).v128(0x8000_8000_8000_8000n).simd(Simd.i16x8Eq);
  };
  code.get(a).get(b).simd(Q15_MULTIPLY);
  least(a);
  least(b);
  code.simd(Simd.and).simd(Simd.xor);
});

/** Unsigned bytes of the destination by signed bytes of the source, neighbours added with saturation. */
const multiplyAddBytes = binary((to, a, b) => {
  const { code } = to;
  code.get(a).v128(0x00ff_00ff_00ff_00ffn).simd(Simd.and);
  code.get(b).i32(8).simd(Simd.i16x8Shl).i32(8).simd(Simd.i16x8ShrS).simd(Simd.i16x8Mul);
  code.get(a).i32(8).simd(Simd.i16x8ShrU).get(b).i32(8).simd(Simd.i16x8ShrS).simd(Simd.i16x8Mul);
  code.simd(Simd.i16x8AddSatS);
});

export const PACKED_INTEGER: VectorLowerings = new Map<SimdOp, Lowering>([
  ...DIRECT_INTEGER.map(([op, own]) => [op, direct(own)] as const),
  ...OF_SOURCE.map(([op, ...own]) => [op, unary(({ code }) => own.forEach((each) => code.simd(each)))] as const),
  [SimdOp.PANDN, andNot],
  [SimdOp.PMULHW, highWords(Simd.i32x4MulLowS, Simd.i32x4MulHighS)],
  [SimdOp.PMULHUW, highWords(Simd.i32x4MulLowU, Simd.i32x4MulHighU)],
  [SimdOp.PMULUDQ, evenProducts(({ code }) => code.v128(0xffff_ffffn).simd(Simd.and))],
  [SimdOp.PMULDQ, evenProducts(({ code }) => code.i32(32).simd(Simd.i64x2Shl).i32(32).simd(Simd.i64x2ShrS))],
  [SimdOp.PSADBW, absoluteDifferences],
  [SimdOp.PMULHRSW, roundedHighWords],
  [SimdOp.PMADDUBSW, multiplyAddBytes],
]);
