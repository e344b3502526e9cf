import { expect, test } from 'vitest';
import { instructionsIn } from './region-size.js';

test('regions may be twice as large each time a page is translated again, up to a bound', () => {
  expect([0, 1, 2, 3, 10].map(instructionsIn)).toEqual([400, 800, 1600, 1600, 1600]);
});
