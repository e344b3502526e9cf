import type { Region } from './blocks.js';
import { loweringOf } from '../lower/lowerings.js';
import { READ, STORED, touchesMemory, UNUSED, useBefore, type FlagUse } from './flag-use.js';

/** How the flags are used at each point of a region. */
export interface FlagLiveness {
  /** By block: before its first instruction. */
  readonly before: readonly FlagUse[];
  /** By block and instruction: behind it. */
  readonly after: readonly (readonly FlagUse[])[];
}

/**
 * Backward data-flow analysis to its fixed point.
 * @param heads blocks that are jumped back to, where the region may be left when the budget is used up; also on
 *   the way to another page, which may not be where it was
 */
export function flagLiveness({ blocks }: Region, heads: ReadonlySet<number>): FlagLiveness {
  const before = new Array<FlagUse>(blocks.length).fill(UNUSED);
  const after = blocks.map(({ instructions }) => new Array<FlagUse>(instructions.length).fill(UNUSED));
  const effects = blocks.map(({ instructions }) =>
    instructions.map((instruction) => {
      const lowering = loweringOf(instruction);
      return {
        effect: lowering ? lowering.flags(instruction) : ('stores' as const),
        leaves: !lowering || instruction.crosses || (lowering.leaves ?? touchesMemory)(instruction),
      };
    }),
  );
  for (let changed = true; changed;) {
    changed = false;
    for (let b = blocks.length - 1; b >= 0; b--) {
      const { successors, end } = blocks[b]!;
      const inside = end.kind === 'condition' ? 2 : end.kind === 'indirect' || end.kind === 'leave' ? Infinity : 1;
      let use: FlagUse = successors.length < inside ? STORED : UNUSED;
      for (const successor of successors) use = Math.max(use, before[successor]!) as FlagUse;
      if (use === UNUSED && successors.some((to) => heads.has(to) || blocks[to]!.page !== blocks[b]!.page))
        use = STORED;
      for (let i = effects[b]!.length - 1; i >= 0; i--) {
        after[b]![i] = use;
        const { effect, leaves } = effects[b]![i]!;
        use = useBefore(effect, leaves, use);
      }
      if (before[b] !== use) {
        before[b] = use;
        changed = true;
      }
    }
  }
  return { before, after };
}

export { READ, STORED, UNUSED };
