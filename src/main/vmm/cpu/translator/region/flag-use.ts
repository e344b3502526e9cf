import type { Decoded } from '../decode/decoded.js';

/** How much the arithmetic flags at a point of a region matter. */
export const UNUSED = 0;
/** Only to be stored when the region is left, or for CF to be carried on. */
export const STORED = 1;
/** A condition or an instruction may read them. */
export const READ = 2;
export type FlagUse = typeof UNUSED | typeof STORED | typeof READ;

/** What an instruction does to the arithmetic flags as the region lowers it. */
export type FlagEffect =
  /** Neither reads nor changes them. */
  | 'keeps'
  /** Sets all six. */
  | 'sets'
  /** Sets all but CF. */
  | 'steps'
  /** Sets all, reading CF. */
  | 'extends'
  /** Changes some of them, or all under a condition: needs the old ones if the new ones matter. */
  | 'merges'
  /** Reads a condition. */
  | 'tests'
  /** Executed by the core: they must be in memory, and are there afterwards. */
  | 'stores';

/** Use before an instruction of the flags, given the use after it. */
export function useBefore(effect: FlagEffect, leaves: boolean, after: FlagUse): FlagUse {
  const own = through(effect, after);
  return leaves && own === UNUSED ? STORED : own;
}

function through(effect: FlagEffect, after: FlagUse): FlagUse {
  switch (effect) {
    case 'keeps':
      return after;
    case 'sets':
      return UNUSED;
    case 'steps':
      return after === UNUSED ? UNUSED : STORED;
    case 'extends':
    case 'tests':
      return READ;
    case 'merges':
      return after === UNUSED ? UNUSED : READ;
    case 'stores':
      return STORED;
  }
}

/** Whether an instruction's lowering may leave the region before it has done anything: it touches memory. */
export function touchesMemory({ memory, row, operands }: Decoded): boolean {
  if (row.family === 'integer' && (row.form === 'address' || row.form === 'inline')) return false;
  return memory !== undefined || operands.some((operand) => operand[0] === 'O');
}
