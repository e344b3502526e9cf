import { expect, test } from 'vitest';
import { components } from './components.js';

test('what hangs together, whichever way the edges go', () => {
  expect(components([[2], [], [], [1, 4], []])).toEqual([
    [0, 2],
    [1, 3, 4],
  ]);
});
