import type { Region } from './blocks.js';
import { loweringOf } from '../lower/lowerings.js';
import { READ, STORED, touchesMemory, UNUSED, useBefore, type FlagEffect, type FlagUse } from './flag-use.js';

/** How the flags are used at each point of a region. */
export interface FlagLiveness {
  /** By block: before its first instruction. */
  readonly before: readonly FlagUse[];
  /** By block and instruction: behind it. */
  readonly after: readonly (readonly FlagUse[])[];
}

/** What a region's instructions do to the flags, by block and instruction. */
export type FlagEffects = readonly (readonly InstructionEffect[])[];

interface InstructionEffect {
  readonly effect: FlagEffect;
  readonly leaves: boolean;
}

export function flagEffects({ blocks }: Region): FlagEffects {
  return blocks.map(({ instructions }) =>
    instructions.map((instruction) => {
      const lowering = loweringOf(instruction);
      return {
        effect: lowering ? lowering.flags(instruction) : 'stores',
        leaves: !lowering || instruction.crosses || (lowering.leaves ?? touchesMemory)(instruction),
      };
    }),
  );
}

/** Use before a block by the use behind it. */
function transferOf(block: readonly InstructionEffect[]): readonly FlagUse[] {
  const before: FlagUse[] = [UNUSED, STORED, READ];
  for (let i = block.length - 1; i >= 0; i--) {
    const { effect, leaves } = block[i]!;
    for (let use = 0; use < before.length; use++) before[use] = useBefore(effect, leaves, before[use]!);
  }
  return before;
}

/**
 * Backward data-flow analysis to its fixed point.
 * @param heads blocks that are jumped back to, where the region may be left when the budget is used up; also on
 *   the way to another page, which may not be where it was
 */
export function flagLiveness({ blocks }: Region, effects: FlagEffects, heads: ReadonlySet<number>): FlagLiveness {
  const before = new Array<FlagUse>(blocks.length).fill(UNUSED);
  const behind = new Array<FlagUse>(blocks.length).fill(UNUSED);
  const transfers = effects.map(transferOf);
  for (let changed = true; changed;) {
    changed = false;
    for (let b = blocks.length - 1; b >= 0; b--) {
      const { successors, end } = blocks[b]!;
      const inside = end.kind === 'condition' ? 2 : end.kind === 'indirect' || end.kind === 'leave' ? Infinity : 1;
      let use: FlagUse = successors.length < inside ? STORED : UNUSED;
      for (const successor of successors) use = Math.max(use, before[successor]!) as FlagUse;
      if (use === UNUSED && successors.some((to) => heads.has(to) || blocks[to]!.page !== blocks[b]!.page))
        use = STORED;
      behind[b] = use;
      use = transfers[b]![use]!;
      if (before[b] !== use) {
        before[b] = use;
        changed = true;
      }
    }
  }
  return { before, after: effects.map((block, b) => usesBehind(block, behind[b]!)) };
}

/** Use behind each instruction of a block, given the use behind the last. */
function usesBehind(block: readonly InstructionEffect[], last: FlagUse): FlagUse[] {
  const after = new Array<FlagUse>(block.length).fill(UNUSED);
  let use = last;
  for (let i = block.length - 1; i >= 0; i--) {
    after[i] = use;
    const { effect, leaves } = block[i]!;
    use = useBefore(effect, leaves, use);
  }
  return after;
}

export { READ, STORED, UNUSED };
