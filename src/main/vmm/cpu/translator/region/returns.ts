import { targets, type BlockEnd } from './blocks.js';

/** Callers whose return address a return is compared with. */
const MOST_GUESSES = 4;

interface Draft {
  readonly end: BlockEnd;
}

/**
 * Ends of a region's blocks, returns with the places that calls in the region come back to as their first guesses:
 * those calls whose callee leads to the return without leaving the function.
 */
export function guessReturns(blocks: readonly Draft[], indices: ReadonlyMap<number, number>): BlockEnd[] {
  const guesses = new Map<number, number[]>();
  for (const { end } of blocks) {
    const [back] = backOf(end);
    if (back === undefined || !indices.has(back)) continue;
    for (const callee of targets(end)) {
      const first = indices.get(callee);
      if (first === undefined) continue;
      for (const index of returnsFrom(first, blocks, indices)) {
        const known = guesses.get(index) ?? [];
        if (known.length < MOST_GUESSES && !known.includes(back)) known.push(back);
        guesses.set(index, known);
      }
    }
  }
  return blocks.map(({ end }, index) => {
    const found = guesses.get(index);
    return end.kind === 'indirect' && found ? { ...end, guesses: [...new Set([...found, ...end.guesses])] } : end;
  });
}

/** Where a call, or what the interpreter does, comes back to; nothing for other ends. */
export function backOf(end: BlockEnd): readonly number[] {
  return 'back' in end && end.back !== undefined ? [end.back] : [];
}

/** Indices of the returns of the function that starts at a block. */
function returnsFrom(first: number, blocks: readonly Draft[], indices: ReadonlyMap<number, number>): number[] {
  const seen = new Set([first]);
  const returns: number[] = [];
  for (const index of seen) {
    const { end } = blocks[index]!;
    if (isReturn(end)) returns.push(index);
    const back = backOf(end);
    for (const place of back.length > 0 || isReturn(end) ? back : targets(end)) {
      const next = indices.get(place);
      if (next !== undefined) seen.add(next);
    }
  }
  return returns;
}

const isReturn = (end: BlockEnd): boolean => end.kind === 'indirect' && end.transfer === 'return';
