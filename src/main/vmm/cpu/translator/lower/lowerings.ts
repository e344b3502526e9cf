import { RegionMemory } from '../code/guest-memory.js';
import type { Decoded } from '../decode/decoded.js';
import { ARITHMETIC } from './arithmetic.js';
import { BITS_OF_MEMORY } from './bit-memory.js';
import { BITS } from './bits.js';
import { BRANCHES } from './branch.js';
import { CONDITIONS } from './condition.js';
import { exchangeMemory, EXCHANGES, LOCKED_ARITHMETIC } from './locked.js';
import type { Lowering, Lowerings } from './lowering.js';
import { MOVES } from './move.js';
import { MULTIPLICATION } from './multiply.js';
import { SHIFTS } from './shift.js';
import { concernsMmx, MMX_LOWERINGS } from './simd/mmx.js';
import { SIMD_LOWERINGS } from './simd/simd-lowerings.js';
import { STACK } from './stack.js';
import { STRINGS } from './strings.js';
import { SYSTEM } from './system.js';

/** Lowerings of instructions with a LOCK prefix. */
const LOCKED: Lowerings = { ...LOCKED_ARITHMETIC, ...BITS_OF_MEMORY };

/** Lowerings that hold with a memory operand only. */
const OF_MEMORY: Lowerings = { exchange: exchangeMemory, ...BITS_OF_MEMORY };
import { X87_WAIT } from './x87/control.js';
import { X87_LOWERINGS } from './x87/x87-lowerings.js';

/** Lowerings of integer instructions by the function of the core that executes them in the interpreter. */
const INTEGER: Lowerings = {
  ...ARITHMETIC,
  ...BITS,
  ...BRANCHES,
  ...EXCHANGES,
  ...MOVES,
  ...MULTIPLICATION,
  ...SHIFTS,
  ...STACK,
  ...STRINGS,
  ...SYSTEM,
  'waitX87!': X87_WAIT,
};

/** How regions do an instruction; `undefined` if the core has to. */
export function loweringOf(instruction: Decoded): Lowering | undefined {
  if (instruction.lowering === undefined) instruction.lowering = find(instruction) ?? null;
  return instruction.lowering ?? undefined;
}

function find(instruction: Decoded): Lowering | undefined {
  if (!RegionMemory.reaches(instruction)) return undefined;
  const lowering = byRow(instruction);
  return lowering && (lowering.accepts?.(instruction) ?? true) ? lowering : undefined;
}

function byRow(instruction: Decoded): Lowering | undefined {
  const { row, lock, memory } = instruction;
  if (row.family === 'simd' && concernsMmx(instruction)) return lock ? undefined : MMX_LOWERINGS.get(row.op);
  if (row.family === 'simd') return lock ? undefined : SIMD_LOWERINGS.get(row.op);
  if (row.family === 'x87') return lock ? undefined : X87_LOWERINGS.get(row.op);
  if (lock) return LOCKED[row.execute];
  return (memory && OF_MEMORY[row.execute]) ?? CONDITIONS[row.form] ?? INTEGER[row.execute];
}
