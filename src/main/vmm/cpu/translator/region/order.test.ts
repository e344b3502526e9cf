import fc from 'fast-check';
import { expect, test } from 'vitest';
import { blocksOf, orderBlocks, type Item } from './order.js';

/** Position of each block in the order, and the loops around it by their heads. */
function places(items: readonly Item[]): Map<number, { at: number; loops: readonly number[] }> {
  const found = new Map<number, { at: number; loops: readonly number[] }>();
  const walk = (list: readonly Item[], loops: readonly number[]): void => {
    for (const item of list) {
      const [block, inside] = typeof item === 'number' ? [item, loops] : [item.head, [...loops, item.head]];
      found.set(block, { at: found.size, loops: inside });
      if (typeof item !== 'number') walk(item.body, inside);
    }
  };
  walk(items, []);
  return found;
}

test('every edge goes forwards, or back to the head of a loop around its start', () => {
  const graphs = fc
    .integer({ min: 1, max: 14 })
    .chain((size) => fc.array(fc.array(fc.nat(size - 1), { maxLength: 3 }), { minLength: size, maxLength: size }));
  fc.assert(
    fc.property(graphs, (successors) => {
      const items = orderBlocks(successors, [0]);
      const order = places(items);
      expect([...order.keys()]).toEqual(items.flatMap(blocksOf));
      for (const [from, { at, loops }] of order) {
        for (const to of successors[from]!) expect(order.get(to)!.at > at || loops.includes(to)).toBe(true);
      }
    }),
    { numRuns: 2000 },
  );
});

test('what is not reached is not there', () => {
  expect(orderBlocks([[1], [], [0]], [0])).toEqual([0, 1]);
});
