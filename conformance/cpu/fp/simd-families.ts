import { SIMD_INTEGER, type SimdInstruction } from './simd-instructions.js';

/** Recorded families: the fixture `../simd/NAME.bin` holds `cases` records of each instruction. */
export const SIMD_FAMILIES: Readonly<
  Record<string, { readonly list: readonly SimdInstruction[]; readonly cases: number }>
> = {
  integer: { list: SIMD_INTEGER, cases: 12 },
};
