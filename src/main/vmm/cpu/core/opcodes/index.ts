import { INTEGER_INSTRUCTIONS } from './integer.js';
import type { Instruction, SimdInstruction, X87Instruction } from './opcode.js';
import { SIMD_INSTRUCTIONS } from './simd.js';
import { SYSTEM_INSTRUCTIONS } from './system.js';
import { X87_INSTRUCTIONS } from './x87.js';

/** The one opcode table: decoder, main loop, disassembler and tests are made from it. */
export const OPCODE_TABLE: {
  readonly integer: readonly Instruction[];
  readonly simd: readonly SimdInstruction[];
  readonly x87: readonly X87Instruction[];
} = {
  integer: [...INTEGER_INSTRUCTIONS, ...SYSTEM_INSTRUCTIONS],
  simd: SIMD_INSTRUCTIONS,
  x87: X87_INSTRUCTIONS,
};
