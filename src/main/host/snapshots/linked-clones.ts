import { AnnexError } from '../../../shared/contract/errors.js';
import type { MachineReference } from '../../../shared/contract/snapshot-view.js';
import { MachineFolder } from '../library/machine-folder.js';
import type { Library } from '../library/library.js';
import { chainOf } from './layers.js';
import type { Layer, SnapshotTree } from './snapshot-tree.js';

type Base = NonNullable<SnapshotTree['base']>;

/** A machine whose disks build on another's. */
export interface LinkedClone extends MachineReference {
  readonly snapshotId: string;
  /** Layers of the other machine it builds on directly. */
  readonly layers: readonly string[];
}

function asClone(machineId: string, name: string, tree: SnapshotTree, baseId: string): LinkedClone | undefined {
  if (tree.base?.machineId !== baseId) return undefined;
  const layers = tree.layers.flatMap(({ base }) => (base?.machineId === baseId ? [base.layerId] : []));
  return { machineId, name, snapshotId: tree.base.snapshotId, layers };
}

/** The linked clones of a machine, those included whose settings cannot be read. */
export async function clonesOf(library: Library, machineId: string): Promise<LinkedClone[]> {
  const sound = library.all.map(({ config, tree }) => asClone(config.id, config.name, tree, machineId));
  const broken = library.broken.map(async ({ id, path }) => {
    const tree = await new MachineFolder(path, library.files).readTree().catch(() => undefined);
    return tree && asClone(id, path, tree, machineId);
  });
  return [...sound, ...(await Promise.all(broken))].filter((clone) => clone !== undefined);
}

export function clonedLayers(clones: readonly LinkedClone[]): Set<string> {
  return new Set(clones.flatMap(({ layers }) => layers));
}

/** One file of a disk, wherever it is. */
export interface LayerFile {
  readonly layer: Layer;
  /** Absolute. */
  readonly path: string;
}

/**
 * A layer and all below it, top first, through every machine a linked clone builds on.
 * @throws AnnexError `vm-not-found`; `clone-base-missing` if a clone's base is gone, which a clone that was out of the
 *   library for a while could not prevent
 */
export function filesOf(library: Library, machineId: string, layerId: string): LayerFile[] {
  const { config, tree, folder } = library.get(machineId);
  const own = chainOf(tree, layerId).map((layer) => ({ layer, path: folder.resolve(layer.path) }));
  const base = own.at(-1)?.layer.base;
  if (!base) return own;
  if (!tree.base || !isHeld(library, tree.base, base)) throw baseMissingError(config.name, tree.base);
  return [...own, ...filesOf(library, base.machineId, base.layerId)];
}

/** Whether the layer is still what the snapshot has. Without the snapshot, it may have been written to since. */
function isHeld(library: Library, cloned: Base, { machineId, layerId }: NonNullable<Layer['base']>): boolean {
  const { tree } = library.all.find(({ config }) => config.id === machineId) ?? {};
  const snapshot = tree?.snapshots.find(({ id }) => id === cloned.snapshotId);
  return snapshot !== undefined && Object.values(snapshot.disks).includes(layerId);
}

function baseMissingError(name: string, base: SnapshotTree['base']): AnnexError {
  const where = base ? ` of "${base.name}"` : '';
  return new AnnexError('clone-base-missing', `"${name}" is a linked clone, and the snapshot${where} that its disks build on is gone from this library. Bring it back there; without it the disks of the clone cannot be used.`, { name, ...(base && { base: base.name }) }); // prettier-ignore
}
