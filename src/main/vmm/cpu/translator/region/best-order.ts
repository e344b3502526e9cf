import type { Block } from './blocks.js';
import { blocksOf, orderBlocks, type Item } from './order.js';

export interface RegionOrder {
  readonly items: readonly Item[];
  /** Heads of the loops that are entered elsewhere too: what comes there has to be told which block to go on with. */
  readonly dispatching: ReadonlySet<number>;
}

/** Entries that are tried as the first to order from; the others come by address. */
const TRIED = 6;

/**
 * The order of blocks whose dispatching loops are come to least. A loop around others, ordered from a block of the innermost,
 * becomes a single one with that block as its head, and every round of every loop in it is told where to go on. Compilers
 * put a loop's head in front of what is in it, but not the functions it calls: so several orders are looked at.
 * @param entries indices of blocks, the hottest first
 */
export function bestOrder(blocks: readonly Block[], entries: readonly number[]): RegionOrder {
  const successors = blocks.map((block) => block.successors);
  const byAddress = [...entries].sort((a, b) => a - b);
  const starts = [entries, byAddress, ...entries.slice(0, TRIED).map((entry) => [entry, ...byAddress])];
  let best: RegionOrder | undefined;
  let least = Infinity;
  for (const roots of starts) {
    const items = orderBlocks(successors, roots);
    const { dispatching, cost } = dispatchesOf(items, blocks, new Set(entries));
    if (cost >= least) continue;
    best = { items, dispatching };
    least = cost;
    if (cost === 0) break;
  }
  return best!;
}

/** The dispatching loops of an order, and how often they are come to, in samples. */
function dispatchesOf(items: readonly Item[], blocks: readonly Block[], entries: ReadonlySet<number>) {
  const dispatching = new Set<number>();
  let cost = 0;
  const look = (item: Item): void => {
    if (typeof item === 'number') return;
    const { head } = item;
    const inside = new Set(blocksOf(item));
    let dispatches = [...inside].some((block) => block !== head && entries.has(block));
    let times = 0;
    blocks.forEach(({ successors, heat }, from) => {
      for (const to of successors) {
        if (!inside.has(to) || (inside.has(from) && to !== head)) continue;
        if (to !== head) dispatches = true;
        times += Math.min(heat, blocks[to]!.heat);
      }
    });
    if (dispatches) {
      dispatching.add(head);
      cost += times;
    }
    item.body.forEach(look);
  };
  items.forEach(look);
  return { dispatching, cost };
}
