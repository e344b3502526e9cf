import { SimdOp } from '../../../core/opcodes/simd-op.js';
import { xmmRm } from '../../code/guest-vectors.js';
import { Simd } from '../../wasm/simd-instruction.js';
import { I32, I64, Wasm } from '../../wasm/wasm-op.js';
import type { Lowering } from '../lowering.js';
import { binary, byteOf, vector, type VectorLowerings } from './vector-lowering.js';

/** A packed shift: WebAssembly takes the count modulo the width, x86 shifts everything out. */
interface Shift {
  readonly op: number;
  readonly width: 16 | 32 | 64;
  /** Fills with the sign. */
  readonly arithmetic?: boolean;
}

/** By the low quadword of the source. */
function byRegister({ op, width, arithmetic }: Shift): Lowering {
  return binary((to, a, b) => {
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
  });
}

/** By the immediate; ModR/M.rm is the register. */
function byImmediate({ op, width, arithmetic }: Shift): Lowering {
  return vector((to, instruction) => {
    const count = byteOf(instruction);
    if (count >= width && !arithmetic) to.code.v128(0n);
    else {
      to.vectors.push(xmmRm(instruction));
      to.code.i32(Math.min(count, width - 1)).simd(op);
    }
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

export const PACKED_SHIFTS: VectorLowerings = new Map<SimdOp, Lowering>([
  [SimdOp.PSLLW, byRegister(LEFT16)],
  [SimdOp.PSLLD, byRegister(LEFT32)],
  [SimdOp.PSLLQ, byRegister(LEFT64)],
  [SimdOp.PSRLW, byRegister(RIGHT16)],
  [SimdOp.PSRLD, byRegister(RIGHT32)],
  [SimdOp.PSRLQ, byRegister(RIGHT64)],
  [SimdOp.PSRAW, byRegister(SIGNED16)],
  [SimdOp.PSRAD, byRegister(SIGNED32)],
  [SimdOp.PSLLWI, byImmediate(LEFT16)],
  [SimdOp.PSLLDI, byImmediate(LEFT32)],
  [SimdOp.PSLLQI, byImmediate(LEFT64)],
  [SimdOp.PSRLWI, byImmediate(RIGHT16)],
  [SimdOp.PSRLDI, byImmediate(RIGHT32)],
  [SimdOp.PSRLQI, byImmediate(RIGHT64)],
  [SimdOp.PSRAWI, byImmediate(SIGNED16)],
  [SimdOp.PSRADI, byImmediate(SIGNED32)],
  [SimdOp.PSLLDQ, byBytes(true)],
  [SimdOp.PSRLDQ, byBytes(false)],
]);
