import { AnnexError } from '../../../shared/contract/errors.js';
import type { MachineView } from '../../../shared/contract/machine-view.js';
import type { Comparison, SnapshotTreeView, SnapshotView } from '../../../shared/contract/snapshot-view.js';
import { fakeId } from './fake-machines.js';

const MIB = 2 ** 20;
const DAY = 86_400_000;

type Described = Pick<SnapshotView, 'name'> & Partial<SnapshotView>;

function fakeSnapshot(machine: MachineView, described: Described): SnapshotView {
  const memoryBytes = machine.config.memoryMiB * MIB;
  const power = described.power ?? 'off';
  return {
    id: fakeId(),
    parentId: null,
    notes: '',
    createdAt: Date.now(),
    kind: 'manual',
    power,
    progress: 'complete',
    memoryBytes,
    hasThumbnail: power === 'running',
    diskBytes: 120 * MIB,
    stateBytes: power === 'running' ? memoryBytes * 0.22 : 0,
    linkedClones: [],
    ...described,
  };
}

function treeOf(machineId: string, snapshots: readonly SnapshotView[], currentId: string | null): SnapshotTreeView {
  const bytes = snapshots.reduce((sum, { diskBytes, stateBytes }) => sum + diskBytes + stateBytes, 0);
  return {
    machineId,
    snapshots: [...snapshots],
    currentId,
    currentBytes: currentId === null ? 0 : 64 * MIB,
    totalBytes: bytes,
    pendingMerges: 0,
    base: null,
    problem: null,
  };
}

/** A tree with a branch, a live snapshot, an automatic one and one that a linked clone needs. */
function sampleTree(machine: MachineView, now: number): SnapshotTreeView {
  const installed = fakeSnapshot(machine, {
    name: 'Fresh install',
    notes: 'Before any package was added.',
    createdAt: now - 30 * DAY,
    linkedClones: [{ machineId: 'elsewhere', name: 'web-staging' }],
  });
  const configured = fakeSnapshot(machine, {
    name: 'nginx set up',
    parentId: installed.id,
    createdAt: now - 12 * DAY,
    power: 'running',
  });
  const upgrade = fakeSnapshot(machine, {
    name: 'Before growing disk1',
    parentId: configured.id,
    createdAt: now - 5 * DAY,
    kind: 'before-risk',
  });
  const automatic = fakeSnapshot(machine, {
    name: 'Hourly',
    parentId: configured.id,
    createdAt: now - DAY / 24,
    kind: 'automatic',
    power: 'running',
  });
  return treeOf(machine.config.id, [installed, configured, upgrade, automatic], automatic.id);
}

/** The snapshots of the fake host's machines. */
export class FakeSnapshots {
  private readonly trees = new Map<string, SnapshotTreeView>();

  /** @param changed told of every new tree */
  constructor(private readonly changed: (tree: SnapshotTreeView) => void) {}

  seed(machine: MachineView, now: number): void {
    this.trees.set(machine.config.id, sampleTree(machine, now));
  }

  tree(machineId: string): SnapshotTreeView {
    return this.trees.get(machineId) ?? treeOf(machineId, [], null);
  }

  get(machineId: string, snapshotId: string): SnapshotView {
    const found = this.tree(machineId).snapshots.find(({ id }) => id === snapshotId);
    if (!found) throw new AnnexError('snapshot-not-found', 'This snapshot is no longer there.');
    return found;
  }

  take(machine: MachineView, name: string | undefined, notes: string): SnapshotView {
    const tree = this.tree(machine.config.id);
    const snapshot = fakeSnapshot(machine, {
      name: name ?? `Snapshot ${tree.snapshots.length + 1}`,
      notes,
      parentId: tree.currentId,
      power: machine.state === 'stopped' || machine.state === 'crashed' ? 'off' : 'running',
    });
    this.set(treeOf(machine.config.id, [...tree.snapshots, snapshot], snapshot.id));
    return snapshot;
  }

  revert(machineId: string, snapshotId: string): SnapshotView {
    const snapshot = this.get(machineId, snapshotId);
    this.set({ ...this.tree(machineId), currentId: snapshotId });
    return snapshot;
  }

  edit(machineId: string, snapshotId: string, patch: Partial<Pick<SnapshotView, 'name' | 'notes'>>): SnapshotView {
    const edited = { ...this.get(machineId, snapshotId), ...patch };
    const tree = this.tree(machineId);
    this.set({ ...tree, snapshots: tree.snapshots.map((s) => (s.id === snapshotId ? edited : s)) });
    return edited;
  }

  delete(machineId: string, snapshotId: string, descendants: boolean): SnapshotTreeView {
    const tree = this.tree(machineId);
    const doomed = new Set([snapshotId]);
    if (descendants) for (const { id, parentId } of tree.snapshots) if (doomed.has(parentId ?? '')) doomed.add(id);
    for (const id of doomed) this.refuseBase(machineId, id);
    const surviving = (id: string | null): string | null =>
      id !== null && doomed.has(id) ? surviving(this.get(machineId, id).parentId) : id;
    const snapshots = tree.snapshots
      .filter(({ id }) => !doomed.has(id))
      .map((s) => ({ ...s, parentId: surviving(s.parentId) }));
    return this.set(treeOf(machineId, snapshots, surviving(tree.currentId)));
  }

  compare(machine: MachineView): Comparison {
    const drives = machine.drives
      .filter(({ kind }) => kind === 'disk')
      .map(({ id, sizeBytes }) => ({
        driveId: id,
        change: 'changed' as const,
        differentBytes: 212 * MIB,
        sizeBytes: sizeBytes ?? 0,
      }));
    const totalBytes = machine.config.memoryMiB * MIB;
    return {
      drives,
      memory: { differentBytes: totalBytes * 0.18, totalBytes },
      settings: [{ field: 'memoryMiB', from: '512', to: String(machine.config.memoryMiB) }],
    };
  }

  private refuseBase(machineId: string, snapshotId: string): void {
    const [clone] = this.get(machineId, snapshotId).linkedClones;
    if (!clone) return;
    throw new AnnexError('snapshot-has-clones', `The linked clone "${clone.name}" needs this snapshot.`, {
      clone: clone.name,
    });
  }

  private set(tree: SnapshotTreeView): SnapshotTreeView {
    this.trees.set(tree.machineId, tree);
    this.changed(tree);
    return tree;
  }
}
