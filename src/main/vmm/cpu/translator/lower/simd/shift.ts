import { SimdOp } from '../../../core/opcodes/simd-op.js';
import { xmmRm } from '../../code/guest-vectors.js';
import type { RegionCode } from '../../code/region-code.js';
import { Simd } from '../../wasm/simd-instruction.js';
import { I32, I64, Wasm } from '../../wasm/wasm-op.js';
import type { Lowering } from '../lowering.js';
import { binary, byteOf, vector, type VectorLowerings } from './vector-lowering.js';

/** A packed shift: WebAssembly takes the count modulo the width, x86 shifts everything out. */
export interface Shift {
  readonly op: number;
  readonly width: 16 | 32 | 64;
  /** Fills with the sign. */
  readonly arithmetic?: boolean;
}

/** Pushes a vector shifted by the low quadword of another, both in temporaries. */
export function pushShifted(to: RegionCode, { op, width, arithmetic }: Shift, a: number, b: number): void {
  const { code } = to;
  const long = to.locals.temporary(I64);
  code.get(b).simdLane(Simd.i64x2Extract, 0).set(long);
  const count = to.locals.temporary(I32);
  code
    .get(long)
    .op(Wasm.i32WrapI64)
    .i32(width - 1)
    .get(long)
    .i64(width)
    .op(Wasm.i64LtU)
    .op(Wasm.select)
    .set(count);
  code.get(a).get(count).simd(op);
  if (arithmetic) return;
  code.v128(0n).get(long).i64(width).op(Wasm.i64LtU).op(Wasm.select);
}

/** Pushes the vector that `push` pushes, shifted. */
export function pushShiftedByImmediate(
  { code }: RegionCode,
  { op, width, arithmetic }: Shift,
  count: number,
  push: () => void,
): void {
  if (count >= width && !arithmetic) code.v128(0n);
  else {
    push();
    code.i32(Math.min(count, width - 1)).simd(op);
  }
}

/** By the low quadword of the source. */
const byRegister = (shift: Shift): Lowering => binary((to, a, b) => pushShifted(to, shift, a, b));

/** By the immediate; ModR/M.rm is the register. */
function byImmediate(shift: Shift): Lowering {
  return vector((to, instruction) => {
    pushShiftedByImmediate(to, shift, byteOf(instruction), () => to.vectors.push(xmmRm(instruction)));
    to.vectors.take(xmmRm(instruction));
  });
}

/** The whole register by bytes, towards higher ones or lower ones. */
function byBytes(left: boolean): Lowering {
  return vector((to, instruction) => {
    const count = Math.min(byteOf(instruction), 16);
    to.vectors.push(xmmRm(instruction));
    to.code.v128(0n);
    to.code.shuffle(
      Array.from({ length: 16 }, (_, i) => {
        const from = left ? i - count : i + count;
        return from >= 0 && from < 16 ? from : 16;
      }),
    );
    to.vectors.take(xmmRm(instruction));
  });
}

const LEFT16: Shift = { op: Simd.i16x8Shl, width: 16 };
const LEFT32: Shift = { op: Simd.i32x4Shl, width: 32 };
const LEFT64: Shift = { op: Simd.i64x2Shl, width: 64 };
const RIGHT16: Shift = { op: Simd.i16x8ShrU, width: 16 };
const RIGHT32: Shift = { op: Simd.i32x4ShrU, width: 32 };
const RIGHT64: Shift = { op: Simd.i64x2ShrU, width: 64 };
const SIGNED16: Shift = { op: Simd.i16x8ShrS, width: 16, arithmetic: true };
const SIGNED32: Shift = { op: Simd.i32x4ShrS, width: 32, arithmetic: true };

export const REGISTER_SHIFTS: readonly (readonly [SimdOp, Shift])[] = [
  [SimdOp.PSLLW, LEFT16],
  [SimdOp.PSLLD, LEFT32],
  [SimdOp.PSLLQ, LEFT64],
  [SimdOp.PSRLW, RIGHT16],
  [SimdOp.PSRLD, RIGHT32],
  [SimdOp.PSRLQ, RIGHT64],
  [SimdOp.PSRAW, SIGNED16],
  [SimdOp.PSRAD, SIGNED32],
];
export const IMMEDIATE_SHIFTS: readonly (readonly [SimdOp, Shift])[] = [
  [SimdOp.PSLLWI, LEFT16],
  [SimdOp.PSLLDI, LEFT32],
  [SimdOp.PSLLQI, LEFT64],
  [SimdOp.PSRLWI, RIGHT16],
  [SimdOp.PSRLDI, RIGHT32],
  [SimdOp.PSRLQI, RIGHT64],
  [SimdOp.PSRAWI, SIGNED16],
  [SimdOp.PSRADI, SIGNED32],
];

export const PACKED_SHIFTS: VectorLowerings = new Map<SimdOp, Lowering>([
  ...REGISTER_SHIFTS.map(([op, shift]) => [op, byRegister(shift)] as const),
  ...IMMEDIATE_SHIFTS.map(([op, shift]) => [op, byImmediate(shift)] as const),
  [SimdOp.PSLLDQ, byBytes(true)],
  [SimdOp.PSRLDQ, byBytes(false)],
]);
