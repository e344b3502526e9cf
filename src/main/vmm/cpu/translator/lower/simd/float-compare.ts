import { SimdOp } from '../../../core/opcodes/simd-op.js';
import { xmmReg } from '../../code/guest-vectors.js';
import type { RegionCode } from '../../code/region-code.js';
import { Simd } from '../../wasm/simd-instruction.js';
import { Wasm } from '../../wasm/wasm-op.js';
import { sets, type Lowering } from '../lowering.js';
import {
  DOUBLE,
  SINGLE,
  scalarDestination,
  scalarSource,
  vectorDestination,
  vectorSource,
  type FloatFormat,
} from './float-format.js';
import { requireOrdinary, requireOrdinaryVectors } from './ordinary.js';
import { byteOf, saveDestination, saveSource, saveVector, vector, type VectorLowerings } from './vector-lowering.js';

/** In the core's word of carries: CF without OF, and what makes the parity of result 0 odd. */
const CARRY_SHIFT = 30;
const CARRY = 3;
const ODD_SHIFT = 8;

/** Flags ZF and CF, given as 0 or 1 in temporaries; PF, AF, SF, OF are 0. */
function takeZeroAndCarry(to: RegionCode, zero: number, carry: number): void {
  const { code } = to;
  code.get(zero).op(Wasm.i32Eqz).op(Wasm.i64ExtendI32U);
  code.get(carry).i32(CARRY).op(Wasm.i32Mul).i32(CARRY_SHIFT).op(Wasm.i32Shl);
  code.get(zero).i32(ODD_SHIFT).op(Wasm.i32Shl).op(Wasm.i32Or);
  to.flags.takeSettled();
}

/** COMISS … UCOMISD of numbers: they differ only in what they say of NaNs. */
function ordered(format: FloatFormat): Lowering {
  const lowering = vector((to, instruction) => {
    const { code } = to;
    const b = scalarSource(to, instruction, format);
    const a = scalarDestination(to, instruction, format);
    requireOrdinary(to, format, [a, b]);
    if (!to.flagsMatter) return;
    code.get(a.local).get(b.local).op(format.eq);
    const zero = to.save(4);
    code.get(a.local).get(b.local).op(format.lt);
    takeZeroAndCarry(to, zero, to.save(4));
  });
  return { ...lowering, flags: sets };
}

const test: Lowering = {
  ...vector((to, instruction) => {
    const { code } = to;
    const b = saveSource(to, instruction);
    const a = saveDestination(to, instruction);
    if (!to.flagsMatter) return;
    code.get(a).get(b).simd(Simd.and).simd(Simd.anyTrue).op(Wasm.i32Eqz);
    const zero = to.save(4);
    code.get(b).get(a).simd(Simd.andNot).simd(Simd.anyTrue).op(Wasm.i32Eqz);
    takeZeroAndCarry(to, zero, to.save(4));
  }),
  flags: sets,
};

/** Of the eight predicates, those of which numbers make something: equal, less, less or equal; bit 2 inverts. */
const INVERTED = 4;

/** Pushes the mask of a predicate for vectors of numbers. */
function pushMask(to: RegionCode, { vector: v }: FloatFormat, a: number, b: number, predicate: number): void {
  const op = [v.eq, v.lt, v.le][predicate & 3];
  if (op === undefined) to.code.v128(0n);
  else to.code.get(a).get(b).simd(op);
  if (predicate & INVERTED) to.code.simd(Simd.not);
}

/** CMPPS, CMPPD. */
function packed(format: FloatFormat): Lowering {
  return vector((to, instruction) => {
    const b = vectorSource(to, instruction);
    const a = vectorDestination(to, instruction);
    requireOrdinaryVectors(to, format, [a, b]);
    pushMask(to, format, a.local, b.local, byteOf(instruction) & 7);
    to.vectors.take(xmmReg(instruction));
  });
}

const FIRST_SINGLE = [16, 17, 18, 19, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
const FIRST_DOUBLE = [16, 17, 18, 19, 20, 21, 22, 23, 8, 9, 10, 11, 12, 13, 14, 15];

/** CMPSS, CMPSD: the mask of the first element; the others stay. */
function scalar(format: FloatFormat): Lowering {
  return vector((to, instruction) => {
    const { code } = to;
    const source = scalarSource(to, instruction, format);
    requireOrdinary(to, format, [source, scalarDestination(to, instruction, format)]);
    const a = saveDestination(to, instruction);
    code.get(a).get(source.local).simdLane(format.replace, 0);
    const b = saveVector(to);
    code.get(a);
    pushMask(to, format, a, b, byteOf(instruction) & 7);
    code.shuffle(format.bytes === 4 ? FIRST_SINGLE : FIRST_DOUBLE);
    to.vectors.take(xmmReg(instruction));
  });
}

export const FLOAT_COMPARISONS: VectorLowerings = new Map<SimdOp, Lowering>([
  [SimdOp.COMISS, ordered(SINGLE)],
  [SimdOp.UCOMISS, ordered(SINGLE)],
  [SimdOp.COMISD, ordered(DOUBLE)],
  [SimdOp.UCOMISD, ordered(DOUBLE)],
  [SimdOp.CMPPS, packed(SINGLE)],
  [SimdOp.CMPPD, packed(DOUBLE)],
  [SimdOp.CMPSS, scalar(SINGLE)],
  [SimdOp.CMPSD, scalar(DOUBLE)],
  [SimdOp.PTEST, test],
]);
