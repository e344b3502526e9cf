import type { SimdInstruction } from './opcode.js';
import { SIMD_FLOAT_INSTRUCTIONS } from './simd-float.js';
import { SIMD_INTEGER_INSTRUCTIONS } from './simd-integer.js';
import { SIMD_TEXT_INSTRUCTIONS } from './simd-text.js';

/** Every MMX and SSE … SSE4.2 data instruction. */
export const SIMD_INSTRUCTIONS: readonly SimdInstruction[] = [
  ...SIMD_INTEGER_INSTRUCTIONS,
  ...SIMD_FLOAT_INSTRUCTIONS,
  ...SIMD_TEXT_INSTRUCTIONS,
];
