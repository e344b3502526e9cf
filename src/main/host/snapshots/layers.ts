import type { MachineConfig } from '../../../shared/config/machine-config.js';
import type { Layer, SavedStateFile, SnapshotTree } from './snapshot-tree.js';

/** A disk that is written to: what snapshots are about. */
export type WritableDisk = Extract<MachineConfig['drives'][number], { kind: 'disk' }>;

export function writableDisks(config: MachineConfig): WritableDisk[] {
  return config.drives.filter((drive): drive is WritableDisk => drive.kind === 'disk' && !drive.readonly);
}

export function findLayer(tree: SnapshotTree, id: string): Layer {
  const layer = tree.layers.find((candidate) => candidate.id === id);
  if (!layer) throw new Error(`no layer ${id}`);
  return layer;
}

/** The layer a drive uses; undefined for a disk that no snapshot has been taken of. */
export function headOf(tree: SnapshotTree, drive: Pick<WritableDisk, 'path'>): Layer | undefined {
  return tree.layers.find(({ path }) => path === drive.path);
}

/** Whether a disk is one file that no snapshot and no other layer has to do with. */
export function isPlain(tree: SnapshotTree, drive: Pick<WritableDisk, 'path'>): boolean {
  const head = headOf(tree, drive);
  if (!head) return true;
  const content = tree.snapshots.flatMap(({ disks }) => Object.values(disks));
  const alone = head.parent === null && head.base === null && childrenOf(tree, head.id).length === 0;
  return alone && !content.includes(head.id);
}

/** A layer and those below it in the same machine, top first. */
export function chainOf(tree: SnapshotTree, layerId: string): Layer[] {
  const chain: Layer[] = [];
  for (let at: string | null = layerId; at !== null;) {
    const layer: Layer = findLayer(tree, at);
    chain.push(layer);
    at = layer.parent;
  }
  return chain;
}

/** Layers something starts from: drives, a disposable run, snapshots, or linked clones of other machines. */
function rootsOf(tree: SnapshotTree, config: MachineConfig, cloned: ReadonlySet<string>): Set<string> {
  const heads = config.drives.flatMap((drive) =>
    drive.kind === 'disk' ? tree.layers.filter(({ path }) => path === drive.path).map((layer) => layer.id) : [],
  );
  const content = tree.snapshots.flatMap(({ disks }) => Object.values(disks));
  return new Set([...heads, ...Object.values(tree.disposable ?? {}), ...content, ...cloned]);
}

const childrenOf = (tree: SnapshotTree, layerId: string): Layer[] =>
  tree.layers.filter(({ parent }) => parent === layerId);

/**
 * The tree without those of `candidates` that nothing needs, and without what only they needed.
 * @param cloned layers that disks of linked clones build on
 */
export function withoutUseless(
  tree: SnapshotTree,
  config: MachineConfig,
  candidates: readonly string[],
  cloned: ReadonlySet<string>,
): SnapshotTree {
  const roots = rootsOf(tree, config, cloned);
  const open = [...candidates];
  let layers = tree.layers;
  for (let candidate = open.pop(); candidate !== undefined; candidate = open.pop()) {
    const layer = layers.find(({ id }) => id === candidate);
    if (!layer || roots.has(layer.id) || layers.some(({ parent }) => parent === layer.id)) continue;
    layers = layers.filter(({ id }) => id !== layer.id);
    if (layer.parent !== null) open.push(layer.parent);
  }
  return { ...tree, layers };
}

/** A layer that only one other builds on and nothing else needs: the two can become one. */
export interface Merge {
  readonly layer: Layer;
  readonly child: Layer;
}

/** What can be merged. A layer below one that a linked clone builds on stays: the clone may have it open. */
export function pendingMerges(tree: SnapshotTree, config: MachineConfig, cloned: ReadonlySet<string>): Merge[] {
  const roots = rootsOf(tree, config, cloned);
  const held = new Set([...cloned].flatMap((id) => chainOf(tree, id).map((layer) => layer.id)));
  return tree.layers.flatMap((layer) => {
    const [child, ...others] = childrenOf(tree, layer.id);
    return child && others.length === 0 && !roots.has(layer.id) && !held.has(layer.id) ? [{ layer, child }] : [];
  });
}

/** After the content of `layer` has gone up into the one above, which now builds on what `layer` did. */
export function mergedUp(tree: SnapshotTree, { layer, child }: Merge): SnapshotTree {
  const layers = tree.layers
    .filter(({ id }) => id !== layer.id)
    .map((other) => (other.id === child.id ? { ...other, parent: layer.parent, base: layer.base } : other));
  return { ...tree, layers };
}

/** After the content of `child` has gone down into `layer`, which takes its place everywhere. */
export function mergedDown(
  tree: SnapshotTree,
  config: MachineConfig,
  { layer, child }: Merge,
): { tree: SnapshotTree; config: MachineConfig } {
  const instead = (id: string): string => (id === child.id ? layer.id : id);
  const layers = tree.layers
    .filter(({ id }) => id !== child.id)
    .map((other) => (other.parent === child.id ? { ...other, parent: layer.id } : other));
  const snapshots = tree.snapshots.map((snapshot) => ({
    ...snapshot,
    disks: Object.fromEntries(Object.entries(snapshot.disks).map(([drive, id]) => [drive, instead(id)])),
  }));
  const drives = config.drives.map((drive) =>
    drive.kind === 'disk' && drive.path === child.path ? { ...drive, path: layer.path, format: layer.format } : drive,
  );
  return { tree: { ...tree, layers, snapshots }, config: { ...config, drives } };
}

/** The tree without saved states that no snapshot needs, directly or as the base of one it needs. */
export function withoutUselessStates(tree: SnapshotTree): SnapshotTree {
  const bases = new Map(tree.states.map(({ name, base }) => [name, base]));
  const needed = new Set<string>();
  const starts = [...tree.snapshots.map(({ state }) => state), tree.suspended?.state ?? null];
  for (const start of starts) for (let at = start; at !== null; at = bases.get(at) ?? null) needed.add(at);
  return { ...tree, states: tree.states.filter(({ name }) => needed.has(name)) };
}

/** A state that only one other builds on and no snapshot needs: the other can take it in. */
export interface StateMerge {
  readonly state: string;
  readonly base: SavedStateFile;
}

export function pendingStateMerges(tree: SnapshotTree): StateMerge[] {
  const used = new Set([...tree.snapshots.map(({ state }) => state), tree.suspended?.state ?? null]);
  return tree.states.flatMap((base) => {
    const [above, ...others] = tree.states.filter((state) => state.base === base.name);
    return above && others.length === 0 && !used.has(base.name) ? [{ state: above.name, base }] : [];
  });
}

/** After a state has taken in the one it built on. */
export function mergedState(tree: SnapshotTree, { state, base }: StateMerge): SnapshotTree {
  const states = tree.states
    .filter(({ name }) => name !== base.name)
    .map((other) => (other.name === state ? { ...other, base: base.base } : other));
  return { ...tree, states };
}

/** States a saved state builds on, nearest first. */
export function basesOfState(tree: SnapshotTree, name: string): string[] {
  const bases: string[] = [];
  const baseOf = (state: string): string | null => tree.states.find((other) => other.name === state)?.base ?? null;
  for (let at = baseOf(name); at !== null; at = baseOf(at)) bases.push(at);
  return bases;
}
