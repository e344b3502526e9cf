import { describe, expect, it } from 'vitest';
import type { SnapshotKind, SnapshotTreeView, SnapshotView } from '../../../shared/contract/snapshot-view.js';
import { descendantsOf, PRESENT_KEY, snapshotRows } from './snapshot-rows.js';

/** Snapshots as `id:parent`, taken in the order given; `id*` is an automatic one. */
function tree(currentId: string | null, ...described: string[]): SnapshotTreeView {
  const snapshots = described.map((text, index): SnapshotView => {
    const [name = '', parent = ''] = text.split(':');
    const kind: SnapshotKind = name.endsWith('*') ? 'automatic' : 'manual';
    const id = name.replace('*', '');
    return {
      id,
      parentId: parent === '' ? null : parent,
      name: `Name of ${id}`,
      notes: '',
      createdAt: index,
      kind,
      power: 'off',
      progress: 'complete',
      memoryBytes: 0,
      hasThumbnail: false,
      diskBytes: 0,
      stateBytes: 0,
      linkedClones: [],
    };
  });
  const sums = { currentBytes: 0, totalBytes: 0, pendingMerges: 0 };
  return { machineId: 'm', snapshots, currentId, base: null, problem: null, ...sums };
}

const main = { lane: 0, main: true };
const all = { text: '', automatic: true };
const keys = (view: SnapshotTreeView, filter = all) => snapshotRows(view, filter).map((row) => row.key);

describe('snapshotRows', () => {
  it('ends with the present, on a line of its own where there is no snapshot', () => {
    expect(snapshotRows(tree(null), all)).toMatchObject([
      { kind: 'present', level: 1, rail: { lane: 0, from: 'none', goesOn: false, passing: [] } },
    ]);
    expect(keys(tree('b', 'a', 'b:a'))).toEqual(['a', 'b', PRESENT_KEY]);
  });

  it('puts side branches right after the snapshot they leave from and keeps the path to the present straight', () => {
    const view = tree('d', 'a', 'b:a', 'c:b', 'd:a');
    const rows = snapshotRows(view, all);
    expect(rows.map((row) => [row.key, row.rail.lane, row.rail.from, row.rail.main])).toEqual([
      ['a', 0, 'none', true],
      ['b', 1, 'bend', false],
      ['c', 1, 'above', false],
      ['d', 0, 'above', true],
      [PRESENT_KEY, 0, 'above', true],
    ]);
    expect(rows.map((row) => row.rail.passing)).toEqual([[], [main], [main], [], []]);
    expect(rows.map((row) => row.rail.goesOn)).toEqual([true, true, false, true, false]);
  });

  it('bends the present too when it left a snapshot that has gone on elsewhere', () => {
    const rows = snapshotRows(tree('a', 'a', 'b:a', 'c:b'), all);
    expect(rows.map((row) => [row.key, row.rail.lane])).toEqual([
      ['a', 0],
      ['b', 1],
      ['c', 1],
      [PRESENT_KEY, 0],
    ]);
  });

  it('nests branches of branches to the right, lines passing by at the left', () => {
    const rows = snapshotRows(tree('e', 'a', 'b:a', 'c:b', 'd:b', 'e:a'), all);
    const c = rows.find((row) => row.key === 'c')!;
    expect(c.rail).toMatchObject({ lane: 2, from: 'bend', passing: [main, { lane: 1, main: false }] });
    expect(rows.find((row) => row.key === 'd')!.rail).toMatchObject({ lane: 1, from: 'above', passing: [main] });
  });

  it('hangs what is left on the next one above when the filter leaves something out', () => {
    const view = tree('d', 'a', 'b*:a', 'c*:b', 'd:c');
    const rows = snapshotRows(view, { text: '', automatic: false });
    expect(rows.map((row) => [row.key, row.parentKey])).toEqual([
      ['a', null],
      ['d', 'a'],
      [PRESENT_KEY, 'd'],
    ]);
    expect(keys(view, { text: 'OF C', automatic: true })).toEqual(['c', PRESENT_KEY]);
    expect(keys(view, { text: 'nothing like it', automatic: true })).toEqual([PRESENT_KEY]);
  });

  it('stands trees without a common first snapshot one below the other', () => {
    const rows = snapshotRows(tree('b', 'a', 'b', 'c:a'), all);
    expect(rows.map((row) => [row.key, row.rail.lane, row.rail.from])).toEqual([
      ['a', 0, 'none'],
      ['c', 0, 'above'],
      ['b', 0, 'none'],
      [PRESENT_KEY, 0, 'above'],
    ]);
  });
});

describe('descendantsOf', () => {
  it('finds all below a snapshot and nothing beside it', () => {
    const view = tree('d', 'a', 'b:a', 'c:b', 'd:a');
    expect(descendantsOf(view, 'b').map(({ id }) => id)).toEqual(['c']);
    expect(descendantsOf(view, 'a').map(({ id }) => id)).toEqual(['b', 'c', 'd']);
  });
});
