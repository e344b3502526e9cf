import type { Lowering } from '../lowering.js';
import { FLOAT_ARITHMETIC } from './float-arithmetic.js';
import { FLOAT_COMPARISONS } from './float-compare.js';
import { FLOAT_CONVERSIONS } from './float-convert.js';
import { FLOAT_HORIZONTAL } from './float-horizontal.js';
import { VECTOR_MOVES } from './move.js';
import { PACKED_INTEGER } from './packed-integer.js';
import { PACKED_SHIFTS } from './shift.js';
import { SHUFFLES } from './shuffle.js';

/** Lowerings of SSE instructions by their SimdOp. */
export const SIMD_LOWERINGS: ReadonlyMap<number, Lowering> = new Map<number, Lowering>([
  ...VECTOR_MOVES,
  ...PACKED_INTEGER,
  ...PACKED_SHIFTS,
  ...SHUFFLES,
  ...FLOAT_ARITHMETIC,
  ...FLOAT_COMPARISONS,
  ...FLOAT_CONVERSIONS,
  ...FLOAT_HORIZONTAL,
]);
