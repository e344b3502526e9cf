import type { SnapshotTreeView, SnapshotView } from '../../../shared/contract/snapshot-view.js';
import type { HostFiles } from '../../node/host-files.js';
import type { LibraryMachine } from '../library/library.js';
import { headOf, pendingMerges, pendingStateMerges, writableDisks } from './layers.js';
import { clonedLayers, type LinkedClone } from './linked-clones.js';
import { STATE_FOLDER } from './orphans.js';
import type { Snapshot } from './snapshot-tree.js';

const MIB = 2 ** 20;

/** Picture of the screen at a snapshot, in the machine's folder. */
export const thumbnailOf = (snapshotId: string): string => `snapshots/${snapshotId}/thumbnail.png`;

/** The snapshots of a machine as clients see them. */
export async function viewTree(machine: LibraryMachine, clones: readonly LinkedClone[]): Promise<SnapshotTreeView> {
  const { config, tree, treeProblem, folder } = machine;
  const used = async (file: string): Promise<number> => (await folder.files.usage(file))?.usedBytes ?? 0;
  const layerBytes = new Map<string, number>();
  for (const layer of tree.layers) layerBytes.set(layer.id, layer.ours ? await used(folder.resolve(layer.path)) : 0);
  const stateBytes = new Map<string, number>();
  for (const { name } of tree.states) stateBytes.set(name, await used(folder.file(`${STATE_FOLDER}/${name}`)));
  const heads = writableDisks(config).flatMap((drive) => headOf(tree, drive)?.id ?? []);
  const sum = (values: Iterable<number>): number => [...values].reduce((total, value) => total + value, 0);
  const bytesOf = (ids: Iterable<string>): number => sum([...new Set(ids)].map((id) => layerBytes.get(id) ?? 0));
  return {
    machineId: config.id,
    snapshots: await Promise.all(
      tree.snapshots.map(async (snapshot) => ({
        ...(await viewSnapshot(snapshot, machine, clones)),
        diskBytes: bytesOf(Object.values(snapshot.disks)),
        stateBytes: snapshot.state === null ? 0 : (stateBytes.get(snapshot.state) ?? 0),
      })),
    ),
    currentId: tree.current,
    currentBytes: bytesOf(heads),
    totalBytes: sum(layerBytes.values()) - bytesOf(heads) + sum(stateBytes.values()),
    pendingMerges: pendingMerges(tree, config, clonedLayers(clones)).length + pendingStateMerges(tree).length,
    base: tree.base,
    problem: treeProblem,
  };
}

async function viewSnapshot(
  snapshot: Snapshot,
  { folder }: LibraryMachine,
  clones: readonly LinkedClone[],
): Promise<Omit<SnapshotView, 'diskBytes' | 'stateBytes'>> {
  const { id, parent, name, notes, createdAt, kind, power, complete, memoryMiB } = snapshot;
  return {
    id,
    parentId: parent,
    name,
    notes,
    createdAt,
    kind,
    power,
    progress: complete ? 'complete' : 'saving',
    memoryBytes: memoryMiB * MIB,
    hasThumbnail: await exists(folder.files, folder.file(thumbnailOf(id))),
    linkedClones: clones
      .filter((clone) => clone.snapshotId === id)
      .map((clone) => ({ machineId: clone.machineId, name: clone.name })),
  };
}

const exists = async (files: HostFiles, file: string): Promise<boolean> => (await files.usage(file)) !== undefined;
