import { SIMD_FLOAT, SIMD_INTEGER, SIMD_TEXT, type SimdInstruction } from './simd-instructions.js';

/** Recorded families: the fixture `../simd/NAME.bin` holds `cases` records of each instruction. */
export const SIMD_FAMILIES: Readonly<
  Record<string, { readonly list: readonly SimdInstruction[]; readonly cases: number }>
> = {
  integer: { list: SIMD_INTEGER, cases: 12 },
  float: { list: SIMD_FLOAT, cases: 30 },
  text: { list: SIMD_TEXT, cases: 200 },
};
