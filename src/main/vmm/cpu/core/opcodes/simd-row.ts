import type { Feature, SimdInstruction } from './opcode.js';
import type { SimdOp } from './simd-op.js';

export const UNALIGNED = { aligned: false } as const;
export const FLAGS = { setsFlags: true } as const;

/** 16-byte memory operands of SSE instructions must be aligned unless the manual says otherwise (SDM vol. 1, 4.1.1). */
export function row(
  feature: Feature,
  encoding: string,
  mnemonic: string,
  operands: string,
  op: SimdOp,
  bytes: SimdInstruction['bytes'],
  options: Partial<SimdInstruction> = {},
): SimdInstruction {
  return { encoding, mnemonic, operands, op, bytes, aligned: bytes === 16, feature, ...options };
}
