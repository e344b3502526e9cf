import { z } from 'zod';
import { AnnexError } from '../../../shared/contract/errors.js';
import { snapshotKindSchema } from '../../../shared/contract/snapshot-view.js';

/** Newest version of `tree.json` this build reads, and the one it writes. */
export const SNAPSHOT_TREE_VERSION = 1;

const id = z.uuid();
/** A name in the folder of states. */
const stateName = z.string().regex(/^[0-9a-f-]{36}\.state$/);

/** Formats a disk a person brought can have; layers of ours are qcow2. */
const layerFormatSchema = z.enum(['raw', 'qcow2', 'vmdk', 'vhd', 'vhdx', 'vdi']);

/** One file of a disk. */
const layerSchema = z.object({
  id,
  /** Relative to the machine's folder, or absolute. */
  path: z.string().min(1),
  format: layerFormatSchema,
  /** The layer below, in this machine. */
  parent: id.nullable(),
  /** The layer below, in the machine a linked clone was made from. */
  base: z.object({ machineId: id, layerId: id }).nullable(),
  /** Made for a snapshot, so it may be deleted when nothing needs it; a disk the person brought never is. */
  ours: z.boolean(),
});
export type Layer = z.infer<typeof layerSchema>;

const snapshotSchema = z.object({
  id,
  parent: id.nullable(),
  name: z.string(),
  notes: z.string(),
  /** Unix ms. */
  createdAt: z.number(),
  kind: snapshotKindSchema,
  power: z.enum(['off', 'running']),
  /** False while the RAM of a running machine is being saved; what is false after a crash never became a snapshot. */
  complete: z.boolean(),
  memoryMiB: z.number(),
  /** Layer with the content at the time, by drive. */
  disks: z.record(z.string(), id),
  /** File with RAM and devices. */
  state: stateName.nullable(),
});
export type Snapshot = z.infer<typeof snapshotSchema>;

/** A saved state, and the one whose pages it does not repeat. */
const stateSchema = z.object({ name: stateName, base: stateName.nullable() });
export type SavedStateFile = z.infer<typeof stateSchema>;

const suspensionSchema = z.object({
  state: stateName,
  /** Unix ms. */
  at: z.number(),
  /** False from before the state is written until it is known to be complete. */
  complete: z.boolean(),
});

/** The content of `snapshots/tree.json`. */
export const snapshotTreeSchema = z.object({
  version: z.literal(SNAPSHOT_TREE_VERSION),
  /** "You are here". */
  current: id.nullable(),
  /** Parents before their children. */
  snapshots: z.array(snapshotSchema),
  layers: z.array(layerSchema),
  states: z.array(stateSchema),
  suspended: suspensionSchema.nullable(),
  /** Overlays of a disposable run, by drive. */
  disposable: z.record(z.string(), id).nullable(),
  /** What a linked clone was made from. */
  base: z.object({ machineId: id, snapshotId: id, name: z.string() }).nullable(),
});
export type SnapshotTree = z.infer<typeof snapshotTreeSchema>;

export const EMPTY_TREE: SnapshotTree = {
  version: SNAPSHOT_TREE_VERSION,
  current: null,
  snapshots: [],
  layers: [],
  states: [],
  suspended: null,
  disposable: null,
  base: null,
};

/** The content of a `tree.json`. @throws AnnexError `snapshots-damaged` or `snapshots-newer` */
export function parseSnapshotTree(text: string): SnapshotTree {
  const raw = parseJson(text);
  const { version } = raw;
  if (typeof version === 'number' && version > SNAPSHOT_TREE_VERSION)
    throw new AnnexError('snapshots-newer', 'The snapshots of this machine were made by a newer Annex. Update Annex to use them.', { version }); // prettier-ignore
  const parsed = snapshotTreeSchema.safeParse(raw);
  if (!parsed.success) throw damagedError(parsed.error.issues[0]!.message);
  checkLinks(parsed.data);
  return parsed.data;
}

function parseJson(text: string): Record<string, unknown> {
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(text));
  } catch (cause) {
    throw damagedError(cause);
  }
}

/** That every name leads somewhere, and no way up the tree or down the layers goes round in circles. */
function checkLinks({ snapshots, layers, states, current, disposable, suspended }: SnapshotTree): void {
  const seen = new Set<string>();
  for (const { id: snapshot, parent } of snapshots) {
    if (seen.has(snapshot) || (parent !== null && !seen.has(parent))) throw damagedError('a snapshot has no place');
    seen.add(snapshot);
  }
  if (current !== null && !seen.has(current)) throw damagedError('the current snapshot is not there');
  checkParents(layers.map((layer) => [layer.id, layer.parent]));
  checkParents(states.map((state) => [state.name, state.base]));
  const known = new Set(layers.map((layer) => layer.id));
  const named = [...snapshots.flatMap(({ disks }) => Object.values(disks)), ...Object.values(disposable ?? {})];
  if (named.some((layer) => !known.has(layer))) throw damagedError('a disk layer is not in the list');
  const kept = new Set(states.map(({ name }) => name));
  const used = [...snapshots.map(({ state }) => state), suspended?.state ?? null];
  if (used.some((name) => name !== null && !kept.has(name))) throw damagedError('a saved state is not in the list');
}

function checkParents(links: readonly (readonly [id: string, parent: string | null])[]): void {
  const parents = new Map(links);
  for (const [start] of links) {
    const way = new Set<string>();
    for (let at: string | null = start; at !== null; at = parents.get(at)!) {
      if (way.has(at) || !parents.has(at)) throw damagedError('links of files lead nowhere');
      way.add(at);
    }
  }
}

function damagedError(cause: unknown): AnnexError {
  return new AnnexError(
    'snapshots-damaged',
    'The list of snapshots (snapshots/tree.json) is damaged. Restore it from a copy; the disks are untouched.',
    {},
    { cause },
  );
}

/** @throws AnnexError `snapshot-not-found` */
export function findSnapshot(tree: SnapshotTree, snapshotId: string): Snapshot {
  const found = tree.snapshots.find((snapshot) => snapshot.id === snapshotId);
  if (!found) throw new AnnexError('snapshot-not-found', 'This snapshot is no longer there.', { snapshotId });
  return found;
}

/** A snapshot and all below it, parents first. */
export function withDescendants(tree: SnapshotTree, snapshotId: string): Snapshot[] {
  const family = new Set([snapshotId]);
  return tree.snapshots.filter(({ id: own, parent }) => {
    if (parent !== null && family.has(parent)) family.add(own);
    return family.has(own);
  });
}
