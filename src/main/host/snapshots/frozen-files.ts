import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { AnnexError } from '../../../shared/contract/errors.js';
import { MachineFolder } from '../library/machine-folder.js';
import type { Library } from '../library/library.js';
import { writableDisks } from './layers.js';
import type { SnapshotTree } from './snapshot-tree.js';

/** A machine with files that must stay as they are. */
interface Keeper {
  readonly id: string;
  readonly name: string;
  readonly folder: MachineFolder;
  readonly tree: SnapshotTree;
  /** Files its guest writes to. */
  readonly disks: readonly string[];
}

/**
 * The name of the machine whose snapshots, layers or suspended guest need a file as it is: a disk that was brought along may be known
 * to several machines, and to people who work on it by hand.
 * @param besides a machine whose own snapshots do not count
 */
export async function keeperOf(library: Library, file: string, besides?: string): Promise<string | undefined> {
  const wanted = await realPathOf(file);
  for (const keeper of await keepers(library)) {
    if (keeper.id === besides) continue;
    for (const frozen of frozenFiles(keeper))
      if ((await realPathOf(keeper.folder.resolve(frozen))) === wanted) return keeper.name;
  }
  return undefined;
}

/** @throws AnnexError `disk-needed` if one of the files is about to be written and another machine needs it as it is */
export async function refuseFrozen(library: Library, files: readonly string[], besides?: string): Promise<void> {
  for (const file of files) {
    const name = await keeperOf(library, file, besides);
    if (name !== undefined) throw neededError(path.basename(file), name);
  }
}

/** All machines, those included whose settings cannot be read. */
async function keepers(library: Library): Promise<Keeper[]> {
  const sound = library.all.map(({ config, folder, tree }) => ({
    id: config.id,
    name: config.name,
    folder,
    tree,
    disks: writableDisks(config).map((disk) => disk.path),
  }));
  const broken = library.broken.map(async ({ id, path: place }) => {
    const folder = new MachineFolder(place, library.files);
    const tree = await folder.readTree().catch(() => undefined);
    return tree && { id, name: path.basename(place), folder, tree, disks: [] };
  });
  return [...sound, ...(await Promise.all(broken)).filter((keeper) => keeper !== undefined)];
}

/** Layers that a snapshot consists of or another layer builds on; while a guest is suspended, its disks too. */
function frozenFiles({ tree: { layers, snapshots, suspended }, disks }: Keeper): string[] {
  const content = new Set(snapshots.flatMap(({ disks }) => Object.values(disks)));
  const builtOn = new Set(layers.map(({ parent }) => parent));
  const frozen = layers.filter(({ id }) => content.has(id) || builtOn.has(id)).map((layer) => layer.path);
  return suspended === null ? frozen : [...frozen, ...disks];
}

const realPathOf = (file: string): Promise<string> => realpath(file).catch(() => path.resolve(file));

function neededError(file: string, machine: string): AnnexError {
  return new AnnexError(
    'disk-needed',
    `A snapshot or the suspended guest of "${machine}" needs "${file}" as it is. Use a copy of it, or a clone of that machine.`,
    { file, machine },
  );
}
