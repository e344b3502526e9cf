import { describe, expect, it } from 'vitest';
import { fakeMachine } from '../../client/fake/fake-machines.js';
import { buildTree, findRow, type TreeInput, type TreeRow } from './tree-rows.js';

const machine = (name: string, folder = '') => fakeMachine({ name, folder, memoryMiB: 64 });
const base: TreeInput = {
  machines: [machine('web-10', 'Lab'), machine('web-9', 'Lab'), machine('qa', 'Customers/Northwind'), machine('loose')],
  broken: [],
  folders: ['Customers', 'Customers/Northwind', 'Lab', 'Templates'],
  collapsed: new Set(),
  filter: '',
};
const outline = (rows: readonly TreeRow[]) => rows.map((row) => `${'  '.repeat(row.level - 1)}${row.name}`);

describe('buildTree', () => {
  it('shows folders with their machines in natural order, then machines in no folder', () => {
    const tree = buildTree(base);
    expect(outline(tree.foldered)).toEqual([
      'Customers',
      '  Northwind',
      '    qa',
      'Lab',
      '  web-9',
      '  web-10',
      'Templates',
    ]);
    expect(outline(tree.loose)).toEqual(['loose']);
  });

  it('hides what a collapsed folder holds and still counts it', () => {
    const tree = buildTree({ ...base, collapsed: new Set(['Customers']) });
    expect(tree.foldered[0]).toMatchObject({ name: 'Customers', expanded: false, count: 1 });
    expect(outline(tree.foldered)).not.toContain('    qa');
  });

  it('opens folders with a match and leaves out the rest while filtering', () => {
    const tree = buildTree({ ...base, collapsed: new Set(['Customers']), filter: 'north QA' });
    expect(outline(tree.foldered)).toEqual(['Customers', '  Northwind', '    qa']);
    expect(tree.loose).toEqual([]);
  });

  it('lists machines that cannot be opened', () => {
    const error = { code: 'vm-config-damaged' as const, message: 'damaged' };
    const tree = buildTree({ ...base, broken: [{ id: 'x', path: '/lib/old.annex', error }] });
    expect(tree.loose.at(-1)).toMatchObject({ kind: 'broken', name: 'old' });
  });
});

describe('findRow', () => {
  const rows = buildTree(base).foldered;

  it('looks from the given row on and round', () => {
    expect(rows[findRow(rows, 'web', 0)]?.name).toBe('web-9');
    expect(rows[findRow(rows, 'cus', 3)]?.name).toBe('Customers');
    expect(findRow(rows, 'zzz', 0)).toBe(-1);
  });
});
