import { expect, it } from 'vitest';
import type { SnapshotTreeView, SnapshotView } from '../../shared/contract/snapshot-view.js';
import { drawTree } from './snapshot-drawing.js';
import { findSnapshot } from './find-snapshot.js';

function snapshot(id: string, parentId: string | null, more: Partial<SnapshotView> = {}): SnapshotView {
  const { name = id } = more;
  return { id, parentId, name, notes: '', createdAt: 0, kind: 'manual', power: 'off', progress: 'complete', memoryBytes: 0,
    hasThumbnail: false, diskBytes: 0, stateBytes: 0, linkedClones: [], ...more };
} // prettier-ignore

const TREE: SnapshotTreeView = {
  machineId: 'm',
  snapshots: [
    snapshot('aaaa-1', null),
    snapshot('bbbb-2', 'aaaa-1', { name: 'live', power: 'running' }),
    snapshot('cccc-3', 'aaaa-1', { name: 'Twin', kind: 'automatic' }),
    snapshot('dddd-4', 'cccc-3', { name: 'twin' }),
  ],
  currentId: 'cccc-3',
  currentBytes: 0,
  totalBytes: 0,
  pendingMerges: 0,
  base: null,
  problem: null,
};

it('draws branches and where the machine is', () => {
  expect(drawTree(TREE)).toBe(
    [
      '└── aaaa-1',
      '    ├── live [running]',
      '    └── Twin [automatic]',
      '        ├── twin',
      '        └── (you are here)',
      '',
    ].join('\n'),
  );
});

it('finds a snapshot by name or id, and does not guess between two', () => {
  expect(findSnapshot(TREE, 'LIVE').id).toBe('bbbb-2');
  expect(findSnapshot(TREE, 'dddd').id).toBe('dddd-4');
  expect(() => findSnapshot(TREE, 'twin')).toThrow(/several/);
  expect(() => findSnapshot(TREE, 'nothing')).toThrow(/no snapshot/);
});
