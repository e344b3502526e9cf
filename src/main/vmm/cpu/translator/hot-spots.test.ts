import { expect, test } from 'vitest';
import { HotSpots } from './hot-spots.js';

const PAGE = 0x1000;

test('a page gets hot by so many samples, then by twice as many', () => {
  const spots = new HotSpots(4);
  const hot = Array.from({ length: 12 }, (_, i) => spots.note(PAGE, i % 2, 1)?.rounds);
  expect(hot.flatMap((rounds, i) => (rounds === undefined ? [] : [[i + 1, rounds]]))).toEqual([[4, 0], [12, 1]]); // prettier-ignore
});

test('the hottest places come first, and keep the heat they had before', () => {
  const spots = new HotSpots(2);
  spots.note(PAGE, 7, 1);
  expect(spots.note(PAGE, 9, 1)?.offsets).toEqual([7, 9]);
  spots.note(PAGE, 7, 1);
  for (let i = 0; i < 2; i++) spots.note(PAGE, 9, 1);
  const hot = spots.note(PAGE, 9, 1);
  expect(hot?.offsets).toEqual([9, 7]);
  expect([hot?.heat(PAGE, 7), hot?.heat(PAGE, 8)]).toEqual([2, 0]);
});

test('a page that is translated again has no place much hotter than the rest', () => {
  const spots = new HotSpots(200);
  spots.note(PAGE, 7, 20);
  expect(spots.note(PAGE, 9, 180)?.heat(PAGE, 9)).toBe(180);
  const again = spots.note(PAGE, 9, 400);
  expect(again?.rounds).toBe(1);
  expect([again?.heat(PAGE, 7), again?.heat(PAGE, 9)]).toEqual([20, 50]);
});

test('new code in a page gets hot by so many samples, however often the rest was translated', () => {
  const spots = new HotSpots(4);
  for (let i = 0; i < 4 + 8 + 16; i++) spots.note(PAGE, 7, 1);
  for (let i = 0; i < 3; i++) expect(spots.note(PAGE, 9, 1)).toBeUndefined();
  expect(spots.note(PAGE, 9, 1)).toMatchObject({ offsets: [9], rounds: 0 });
  // It is as old as the rest from now on.
  const hot = Array.from({ length: 32 }, () => spots.note(PAGE, 9, 1)?.offsets);
  expect(hot.findIndex((offsets) => offsets !== undefined)).toBe(31);
  expect(hot[31]).toEqual([9]);
});

test('what was not found any more since is not translated again', () => {
  const spots = new HotSpots(2);
  for (const offset of [7, 9]) spots.note(PAGE, offset, 1);
  const hot = Array.from({ length: 4 }, () => spots.note(PAGE, 9, 1));
  expect(hot[3]?.offsets).toEqual([9]);
});

test('code that a region has is not new', () => {
  const spots = new HotSpots(4);
  for (let i = 0; i < 4; i++) spots.note(PAGE, 7, 1);
  spots.cover(PAGE, [9]);
  const hot = Array.from({ length: 8 }, () => spots.note(PAGE, 9, 1)?.rounds);
  expect(hot.findIndex((rounds) => rounds !== undefined)).toBe(7);
  expect(hot[7]).toBe(1);
});

test('a page that holds other code is cold', () => {
  const spots = new HotSpots(2);
  spots.note(PAGE, 7, 1);
  spots.forget(PAGE);
  expect(spots.note(PAGE, 7, 1)).toBeUndefined();
});

test('a page whose region is given up for a better one is hot again soon, and knows what misses', () => {
  const spots = new HotSpots(100);
  for (let i = 0; i < 100; i++) spots.note(PAGE, 7, 1);
  spots.noteMisses(PAGE, 7);
  spots.again(PAGE);
  const hot = Array.from({ length: 20 }, () => spots.note(PAGE, 7, 1) !== undefined);
  expect(hot.indexOf(true)).toBe(19);
  expect([spots.misses(PAGE, 7), spots.misses(PAGE, 8)]).toEqual([true, false]);
});
