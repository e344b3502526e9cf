import { expect, it } from 'vitest';
import { diskSize } from './disk-size.js';
import { UsageError } from './usage-error.js';

it.each([
  ['512', 512],
  ['1000', 1024],
  ['64k', 65_536],
  ['1.5G', 1.5 * 2 ** 30],
  ['20GiB', 20 * 2 ** 30],
  ['+1M', 2 ** 20 + 4096],
])('takes %s for %i bytes', (text, bytes) => {
  expect(diskSize(text, 4096)).toBe(bytes);
});

it.each(['', 'big', '0', '-5G', '1X', '1e99', '99999999999T'])('takes "%s" for no size', (text) => {
  expect(() => diskSize(text)).toThrow(UsageError);
});
