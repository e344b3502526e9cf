import type { Lowering } from '../lowering.js';
import { X87_ARITHMETIC } from './arithmetic.js';
import { X87_COMPARISONS } from './compare.js';
import { X87_CONTROL } from './control.js';
import { X87_MOVES } from './load-store.js';

/** Lowerings of x87 instructions by their X87Op. */
export const X87_LOWERINGS: ReadonlyMap<number, Lowering> = new Map<number, Lowering>([
  ...X87_MOVES,
  ...X87_ARITHMETIC,
  ...X87_COMPARISONS,
  ...X87_CONTROL,
]);
