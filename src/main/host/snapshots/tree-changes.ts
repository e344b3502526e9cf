import type { MachineConfig } from '../../../shared/config/machine-config.js';
import { AnnexError } from '../../../shared/contract/errors.js';
import { findLayer, headOf, withoutUseless, withoutUselessStates, writableDisks, type WritableDisk } from './layers.js';
import { withDescendants, type Layer, type Snapshot, type SnapshotTree } from './snapshot-tree.js';

/** Where new overlays go, below the machine's folder. */
export const LAYER_FOLDER = 'snapshots/layers';

/** An overlay to make before a change is committed. */
export interface NewOverlay {
  readonly driveId: string;
  readonly layer: Layer;
  /** What it builds on. */
  readonly below: Pick<Layer, 'path' | 'format'>;
}

/** A change of the tree and of the settings that takes effect as one. */
export interface Change {
  readonly tree: SnapshotTree;
  readonly config: MachineConfig;
  readonly overlays: readonly NewOverlay[];
}

/** Gives new ids; a parameter so that tests know them. */
export type NewId = () => string;

function overlayOn(below: Layer, driveId: string, id: string): NewOverlay {
  const layer: Layer = { id, path: `${LAYER_FOLDER}/${id}.qcow2`, format: 'qcow2', parent: below.id, base: null, ours: true };
  return { driveId, layer, below };
} // prettier-ignore

/** The layer a drive uses, or a record of the file a person brought. @throws AnnexError `snapshot-unsupported-disk` */
function layerOfDrive(tree: SnapshotTree, drive: WritableDisk, newId: NewId): Layer {
  const known = headOf(tree, drive);
  if (known) return known;
  const { path, format } = drive;
  if (format === 'iso')
    throw new AnnexError(
      'snapshot-unsupported-disk',
      `The disk "${drive.id}" is an ISO image, which cannot have snapshots. Make it read-only, or convert it to qcow2.`,
      { driveId: drive.id },
    );
  return { id: newId(), path, format, parent: null, base: null, ours: false };
}

const withLayers = (tree: SnapshotTree, layers: readonly Layer[]): SnapshotTree => ({
  ...tree,
  layers: [...tree.layers, ...layers.filter(({ id }) => !tree.layers.some((known) => known.id === id))],
});

function onOverlays(config: MachineConfig, overlays: readonly NewOverlay[]): MachineConfig {
  const drives = config.drives.map((drive) => {
    const overlay = overlays.find(({ driveId }) => driveId === drive.id);
    return overlay && drive.kind === 'disk' ? { ...drive, path: overlay.layer.path, format: overlay.layer.format } : drive;
  });
  return { ...config, drives };
} // prettier-ignore

/** Puts an overlay on every disk that is written to. @throws AnnexError `snapshot-unsupported-disk` */
export function freezeDisks(
  tree: SnapshotTree,
  config: MachineConfig,
  newId: NewId,
): Change & { frozen: Record<string, string> } {
  const heads = writableDisks(config).map((drive) => ({ drive, head: layerOfDrive(tree, drive, newId) }));
  const overlays = heads.map(({ drive, head }) => overlayOn(head, drive.id, newId()));
  const layers = [...heads.map(({ head }) => head), ...overlays.map(({ layer }) => layer)];
  return {
    tree: withLayers(tree, layers),
    config: onOverlays(config, overlays),
    overlays,
    frozen: Object.fromEntries(heads.map(({ drive, head }) => [drive.id, head.id])),
  };
}

/** A new snapshot of what the machine is now. @throws AnnexError `snapshot-unsupported-disk` */
export function takeSnapshot(
  tree: SnapshotTree,
  config: MachineConfig,
  described: Pick<Snapshot, 'name' | 'notes' | 'createdAt' | 'kind' | 'power' | 'complete'>,
  newId: NewId,
): Change & { snapshot: Snapshot } {
  const frozen = freezeDisks(tree, config, newId);
  const snapshot: Snapshot = {
    ...described,
    id: newId(),
    parent: tree.current,
    memoryMiB: config.memoryMiB,
    disks: frozen.frozen,
    state: null,
  };
  const snapshots = [...tree.snapshots, snapshot];
  const current = snapshot.complete ? snapshot.id : tree.current;
  return { ...frozen, tree: { ...frozen.tree, snapshots, current }, snapshot };
}

/** The machine as it was at a snapshot, on new overlays; what it is now is given up. */
export function revertTo(
  tree: SnapshotTree,
  now: MachineConfig,
  then: MachineConfig,
  snapshot: Snapshot,
  cloned: ReadonlySet<string>,
  newId: NewId,
): Change {
  const overlays = Object.entries(snapshot.disks).map(([driveId, id]) => overlayOn(findLayer(tree, id), driveId, newId()));
  // Where the machine is filed, and what it is called, is no part of what it was.
  const { id, name, notes, folder, createdAt, autoSnapshots, systemMap } = now;
  const config = onOverlays({ ...then, id, name, notes, folder, createdAt, autoSnapshots, systemMap }, overlays);
  const given = writableDisks(now).flatMap((drive) => headOf(tree, drive)?.id ?? []);
  const grown: SnapshotTree = { ...withLayers(tree, overlays.map(({ layer }) => layer)), current: snapshot.id, suspended: null };
  const ours = given.filter((layerId) => findLayer(tree, layerId).ours);
  return { tree: withoutUselessStates(withoutUseless(grown, config, ours, cloned)), config, overlays };
} // prettier-ignore

/** The tree without a snapshot; what built on it builds on its parent. */
export function deleteSnapshots(
  tree: SnapshotTree,
  config: MachineConfig,
  doomed: readonly Snapshot[],
  cloned: ReadonlySet<string>,
): SnapshotTree {
  const gone = new Map(doomed.map(({ id, parent }) => [id, parent]));
  const surviving = (id: string | null): string | null => (id !== null && gone.has(id) ? surviving(gone.get(id)!) : id);
  const snapshots = tree.snapshots
    .filter(({ id }) => !gone.has(id))
    .map((snapshot) => ({ ...snapshot, parent: surviving(snapshot.parent) }));
  const rest = { ...tree, snapshots, current: surviving(tree.current) };
  const layers = doomed
    .flatMap(({ disks }) => Object.values(disks))
    .filter((id) => tree.layers.some((layer) => layer.id === id && layer.ours));
  return withoutUselessStates(withoutUseless(rest, config, layers, cloned));
}

/** @throws AnnexError `snapshot-not-found` */
export function doomedBy(tree: SnapshotTree, snapshotId: string, descendants: boolean): Snapshot[] {
  const family = withDescendants(tree, snapshotId);
  if (family.length === 0)
    throw new AnnexError('snapshot-not-found', 'This snapshot is no longer there.', { snapshotId });
  return descendants ? family : family.slice(0, 1);
}

/** A snapshot whose RAM is on disk as well, and the way to it. */
export function completeSnapshot(
  tree: SnapshotTree,
  snapshotId: string,
  state: { readonly name: string; readonly base: string | null },
): SnapshotTree {
  const snapshots = tree.snapshots.map((snapshot) =>
    snapshot.id === snapshotId ? { ...snapshot, complete: true, state: state.name } : snapshot,
  );
  return { ...tree, snapshots, current: snapshotId, states: [...tree.states, state] };
}

/** What a crash leaves half done, undone: snapshots that were still being saved, a disposable run. */
export function settled(
  tree: SnapshotTree,
  config: MachineConfig,
  cloned: ReadonlySet<string>,
  stateExists: (name: string) => boolean,
): SnapshotTree {
  const incomplete = tree.snapshots.filter(({ complete }) => !complete);
  const leftover = Object.values(tree.disposable ?? {});
  const suspended =
    tree.suspended && !tree.suspended.complete
      ? stateExists(tree.suspended.state)
        ? { ...tree.suspended, complete: true }
        : null
      : tree.suspended;
  const base = { ...tree, disposable: null, suspended };
  return withoutUselessStates(withoutUseless(deleteSnapshots(base, config, incomplete, cloned), config, leftover, cloned));
} // prettier-ignore
