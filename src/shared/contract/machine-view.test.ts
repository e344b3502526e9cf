import { expect, it } from 'vitest';
import { translatorFiguresSchema } from './machine-view.js';

const region = { address: 'ffffffff81000000', code: 'ret', instructions: 1, bytes: 100, uses: 3 };
const figures = {
  regions: 1, bytes: 100, mostRegions: 2000, mostBytes: 2 ** 20, instructionsTranslated: 1, translationMs: 0.5, compilationMs: 0.2, dropped: 3, evicted: 4,
  syscallEntry: '0', hottest: [region],
}; // prettier-ignore

it('takes figures of a translator', () => {
  expect(translatorFiguresSchema.parse(figures)).toEqual(figures);
});

it.each(['', '-1', '0x10', 'g', 'f'.repeat(17)])('refuses "%s" for an address', (address) => {
  expect(translatorFiguresSchema.safeParse({ ...figures, syscallEntry: address }).success).toBe(false);
  expect(translatorFiguresSchema.safeParse({ ...figures, hottest: [{ ...region, address }] }).success).toBe(false);
});

it('refuses more regions and longer code than are shown', () => {
  const many = Array.from({ length: 33 }, () => region);
  expect(translatorFiguresSchema.safeParse({ ...figures, hottest: many }).success).toBe(false);
  const long = { ...region, code: 'nop; '.repeat(1000) };
  expect(translatorFiguresSchema.safeParse({ ...figures, hottest: [long] }).success).toBe(false);
});
