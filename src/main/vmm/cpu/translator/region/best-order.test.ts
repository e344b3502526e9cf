import { expect, test } from 'vitest';
import { bestOrder } from './best-order.js';
import type { Block } from './blocks.js';
import type { Item } from './order.js';

/** Blocks by what they lead to and how hot they are. */
function blocksOf(...graph: readonly (readonly [successors: readonly number[], heat: number])[]): Block[] {
  return graph.map(([successors, heat], index) => ({
    ...{ start: index, page: 0, instructions: [], end: { kind: 'next', to: 0 } as const },
    ...{ successors, heat },
  }));
}

function loops(items: readonly Item[]): number[] {
  return items.flatMap((item) => (typeof item === 'number' ? [] : [item.head, ...loops(item.body)]));
}

test('the innermost of nested loops is one of its own, wherever samples were taken', () => {
  const blocks = blocksOf([[1], 1], [[2], 10], [[2, 3], 100], [[1, 4], 10], [[0], 1]);
  for (const entries of [
    [2, 1, 0],
    [2, 0],
    [3, 2, 4, 0],
  ]) {
    const { items, dispatching } = bestOrder(blocks, entries);
    expect(loops(items)).toContain(2);
    expect(dispatching.has(2)).toBe(false);
  }
});

test('what is seldom come to dispatches rather than what is hot', () => {
  // 2 and 3 go round, and now and then call the function of 0, 1 and 4.
  const blocks = blocksOf([[1], 1], [[4], 1], [[3], 50], [[2, 0], 50], [[2], 1]);
  expect([...bestOrder(blocks, [2, 0]).dispatching]).toEqual([0]);
});

test('nothing dispatches where only heads are entered', () => {
  const { items, dispatching } = bestOrder(blocksOf([[1], 1], [[1, 2], 5], [[], 1]), [0, 1]);
  expect(items).toEqual([0, { head: 1, body: [] }, 2]);
  expect(dispatching.size).toBe(0);
});
