import { describe, expect, it } from 'vitest';
import { searchPalette, type PaletteEntry } from './palette-search.js';

const entry = (group: PaletteEntry['group'], label: string): PaletteEntry => ({ group, label, run: () => undefined });
const entries = [
  entry('actions', 'Save a screenshot'),
  entry('actions', 'Full screen'),
  entry('machines', 'screen-test'),
  entry('machines', 'debian'),
];
const labels = (text: string) => searchPalette(entries, text).map((found) => found.label);

describe('searchPalette', () => {
  it('puts machines first and starts of words before their middles', () => {
    expect(labels('screen')).toEqual(['screen-test', 'Save a screenshot', 'Full screen']);
    expect(labels('s')).toEqual(['screen-test', 'Save a screenshot', 'Full screen']);
  });

  it('wants every word', () => {
    expect(labels('full scr')).toEqual(['Full screen']);
    expect(labels('full debian')).toEqual([]);
  });

  it('shows everything for an empty text', () => {
    expect(labels('  ')).toHaveLength(4);
  });
});
