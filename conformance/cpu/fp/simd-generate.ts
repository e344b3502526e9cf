import { SimdOp } from '../../../src/main/vmm/cpu/core/opcodes/simd-op.js';
import { float32, float64, integer64 } from './operands.js';
import type { Random } from './random.js';
import { SIMD_RECORD } from './simd-case.js';
import type { OperandKind, SimdInstruction } from './simd-instructions.js';

/** Alphabet small enough for equal characters and ends of strings to be common. */
function text64(random: Random): bigint {
  const alphabet = random.pick([
    [0, 1, 2, 3, 4, 0x80, 0xff],
    [1, 2, 3],
    [0x41, 0x5a, 0x61, 0x7a, 0x50],
    [0, 0, 0, 7, 9],
  ]);
  let value = 0n;
  for (let i = 0; i < 8; i++) value = (value << 8n) | BigInt(random.pick(alphabet));
  return value;
}

function quadword(random: Random, kind: OperandKind): bigint {
  if (kind === 'f32') return float32(random) | (float32(random) << 32n);
  if (kind === 'f64') return float64(random);
  return kind === 'text' ? text64(random) : integer64(random);
}

/** Around the element counts, negative too; sometimes only the low 32 bits are small, sometimes the extremes. */
function explicitLength(random: Random): bigint {
  const small = BigInt(random.below(40) - 20);
  if (random.below(4) > 0) return BigInt.asUintN(64, small);
  return random.below(2) === 0
    ? integer64(random)
    : BigInt.asUintN(64, random.u64() << 32n) | BigInt.asUintN(32, small);
}

/** Mostly the reset value with random sticky flags; else any rounding mode, DAZ, FTZ and masks. */
function mxcsr(random: Random): number {
  const sticky = random.below(3) === 0 ? 0 : random.below(64);
  switch (random.below(4)) {
    case 0:
      return 0x1f80 | sticky;
    case 1:
      return (
        0x1f80 | (random.below(4) << 13) | (random.below(4) === 0 ? 0x40 : 0) | (random.below(4) === 0 ? 0x8000 : 0)
      );
    case 2:
      return 0x1f80 | (random.below(4) << 13) | (random.below(2) << 6) | (random.below(2) << 15) | sticky;
    default:
      return (
        (random.below(64) << 7) | (random.below(4) << 13) | (random.below(2) << 6) | (random.below(2) << 15) | sticky
      );
  }
}

/** Fills the "before" fields of one record with operands fit for the instruction. */
export function generateSimd(
  random: Random,
  index: number,
  { op, operands }: SimdInstruction,
  record: Uint8Array,
): void {
  const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
  view.setUint16(SIMD_RECORD.instruction, index, true);
  view.setUint8(SIMD_RECORD.imm, random.below(3) === 0 ? random.below(20) : random.below(256));
  view.setUint16(
    SIMD_RECORD.mxcsr,
    SimdOp[op]!.startsWith('CVT') || operands === 'f32' || operands === 'f64' ? mxcsr(random) : 0x1f80,
    true,
  );
  for (const at of [0, 8]) {
    const dst = quadword(random, operands);
    // Equal, opposite or near operands make cancellation, equality and exact quotients happen.
    const related = random.below(6);
    const src =
      related === 0 ? dst : related === 1 ? dst ^ (1n << 63n) ^ BigInt(random.below(4)) : quadword(random, operands);
    view.setBigUint64(SIMD_RECORD.dst + at, dst, true);
    view.setBigUint64(SIMD_RECORD.src + at, src, true);
    // PCMPESTRx takes its lengths from here.
    const third = operands === 'text' ? explicitLength(random) : integer64(random);
    view.setBigUint64(SIMD_RECORD.third + at, third, true);
  }
}
