import type { SnapshotTreeView } from '../../../shared/contract/snapshot-view.js';
import type { SNAPSHOT_COMMANDS } from '../../../shared/contract/snapshot-commands.js';
import type { Machines } from '../machines.js';
import type { Clones } from '../snapshots/clones.js';
import type { Comparer } from '../snapshots/comparison.js';
import type { Merger } from '../snapshots/merger.js';
import type { PowerCycle } from '../snapshots/power-cycle.js';
import type { Snapshots } from '../snapshots/snapshots.js';
import type { Handlers } from './handlers.js';

interface SnapshotServices {
  readonly machines: Machines;
  readonly snapshots: Snapshots;
  readonly merger: Merger;
  readonly comparer: Comparer;
  readonly clones: Clones;
  readonly power: PowerCycle;
}

/** Commands about the snapshots, clones and saved states of a machine. */
export function snapshotCommands(services: SnapshotServices): Handlers<keyof typeof SNAPSHOT_COMMANDS> {
  const { machines, snapshots, merger, comparer, clones, power } = services;
  const treeOf = (id: string): Promise<SnapshotTreeView> => snapshots.tree(id);
  return {
    'snapshot.tree': ({ id }) => treeOf(id),
    'snapshot.take': async ({ id, name = defaultName(), notes }) =>
      snapshots.view(id, await snapshots.take(id, { name, notes, kind: 'manual' })),
    'snapshot.revert': async ({ id, snapshotId }) => {
      await snapshots.revert(id, snapshotId);
      return machines.view(id);
    },
    'snapshot.delete': async ({ id, snapshotId, descendants }) => {
      await snapshots.delete(id, snapshotId, descendants);
      return treeOf(id);
    },
    'snapshot.edit': async ({ id, snapshotId, name, notes }) => {
      await snapshots.edit(id, snapshotId, { name, notes });
      return snapshots.view(id, snapshotId);
    },
    'snapshot.thumbnail': async ({ id, snapshotId }) => {
      const png = await snapshots.thumbnail(id, snapshotId);
      return { png: png ? Buffer.from(png).toString('base64') : null };
    },
    'snapshot.compare': ({ id, from, to }) => comparer.compare(id, from, to),
    'snapshot.tidy': async ({ id }) => {
      await merger.tidy(id);
      return treeOf(id);
    },
    'machine.clone': async (request) => machines.view(await clones.clone(request)),
    'machine.suspend': async ({ id }) => {
      await power.suspend(id);
      return machines.view(id);
    },
    'machine.discardState': async ({ id }) => {
      await power.discardState(id);
      return machines.view(id);
    },
  };
}

/** The time, as everybody reads it. */
function defaultName(): string {
  const now = new Date();
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
  return `${day} ${two(now.getHours())}:${two(now.getMinutes())}`;
}
