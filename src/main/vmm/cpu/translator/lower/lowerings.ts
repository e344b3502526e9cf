import { RegionMemory } from '../code/guest-memory.js';
import type { Decoded } from '../decode/decoded.js';
import { ARITHMETIC } from './arithmetic.js';
import { BITS } from './bits.js';
import { BRANCHES } from './branch.js';
import { CONDITIONS } from './condition.js';
import type { Lowering, Lowerings } from './lowering.js';
import { MOVES } from './move.js';
import { MULTIPLICATION } from './multiply.js';
import { SHIFTS } from './shift.js';
import { SIMD_LOWERINGS } from './simd/simd-lowerings.js';
import { STACK } from './stack.js';

/** Lowerings of integer instructions by the function of the core that executes them in the interpreter. */
const INTEGER: Lowerings = {
  ...ARITHMETIC,
  ...BITS,
  ...BRANCHES,
  ...MOVES,
  ...MULTIPLICATION,
  ...SHIFTS,
  ...STACK,
};

/** How regions do an instruction; `undefined` if the core has to. */
export function loweringOf(instruction: Decoded): Lowering | undefined {
  if (instruction.lowering === undefined) instruction.lowering = find(instruction) ?? null;
  return instruction.lowering ?? undefined;
}

function find(instruction: Decoded): Lowering | undefined {
  const { row, lock } = instruction;
  if (lock || !RegionMemory.reaches(instruction)) return undefined;
  const lowering = byRow(row);
  return lowering && (lowering.accepts?.(instruction) ?? true) ? lowering : undefined;
}

function byRow(row: Decoded['row']): Lowering | undefined {
  if (row.family === 'simd') return SIMD_LOWERINGS.get(row.op);
  if (row.family === 'x87') return undefined;
  return CONDITIONS[row.form] ?? INTEGER[row.execute];
}
