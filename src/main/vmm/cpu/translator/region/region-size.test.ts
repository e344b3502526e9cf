import { expect, test } from 'vitest';
import { instructionsIn } from './region-size.js';

test('regions may be larger when a page is translated again, up to a bound', () => {
  expect([0, 1, 2, 10].map(instructionsIn)).toEqual([400, 800, 800, 800]);
});
