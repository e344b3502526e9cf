import type { Lowering } from '../lowering.js';

/** Lowerings of SSE instructions by their SimdOp. */
export const SIMD_LOWERINGS: ReadonlyMap<number, Lowering> = new Map();
