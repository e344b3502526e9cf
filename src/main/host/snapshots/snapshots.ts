import { randomUUID } from 'node:crypto';
import type { MachineConfig } from '../../../shared/config/machine-config.js';
import { parseMachineConfig } from '../../../shared/config/migrations.js';
import { AnnexError } from '../../../shared/contract/errors.js';
import type { SnapshotTreeView, SnapshotView } from '../../../shared/contract/snapshot-view.js';
import type { DiskSizes } from '../disks/disk-sizes.js';
import type { JobControl, Jobs } from '../jobs.js';
import type { LibraryMachine } from '../library/library.js';
import { fileError, type MachineFolder } from '../library/machine-folder.js';
import type { RunningMachine } from '../supervisor/running-machine.js';
import { basesOfState, headOf, type WritableDisk } from './layers.js';
import { clonesOf, filesOf } from './linked-clones.js';
import type { MachineSites } from './machine-sites.js';
import type { Merger } from './merger.js';
import { STATE_FOLDER } from './orphans.js';
import { makeOverlays, missingLayerError } from './overlay-files.js';
import { isRefusal, savedStateOf } from './saved-state.js';
import { findSnapshot, type Snapshot } from './snapshot-tree.js';
import * as changes from './tree-changes.js';
import { thumbnailOf, viewTree } from './tree-view.js';

/** What a new snapshot is called and why it is taken. */
export type Description = Pick<Snapshot, 'name' | 'notes' | 'kind'>;

const settingsOf = (snapshotId: string): string => `snapshots/${snapshotId}/machine.json`;

/** Most states one may build on: each is a file to read when the last is restored. */
const MAX_STATE_CHAIN = 8;

/** The points machines can go back to. */
export class Snapshots {
  /** State a running machine was saved to or restored from last: the next need not repeat what has not changed since. */
  private readonly lastState = new WeakMap<RunningMachine, string>();

  constructor(
    private readonly sites: MachineSites,
    private readonly merger: Merger,
    private readonly jobs: Jobs,
    private readonly sizes: DiskSizes,
  ) {}

  async tree(id: string): Promise<SnapshotTreeView> {
    return viewTree(this.sites.library.get(id), await clonesOf(this.sites.library, id));
  }

  /** @throws AnnexError `snapshot-not-found` */
  async view(id: string, snapshotId: string): Promise<SnapshotView> {
    const tree = await this.tree(id);
    const { id: found } = findSnapshot(this.sites.library.get(id).tree, snapshotId);
    return tree.snapshots.find((snapshot) => snapshot.id === found)!;
  }

  /** @returns the new snapshot's id @throws AnnexError; nothing has changed then */
  take(id: string, description: Description): Promise<string> {
    return this.sites.change(id, () => this.takeNow(id, description));
  }

  /** The same within an operation that is under way. */
  takeNow(id: string, description: Description): Promise<string> {
    const run = this.sites.machines.liveRun(id);
    return run ? this.takeLive(id, run, description) : this.takeAtRest(id, description);
  }

  /** @throws AnnexError; the machine is as it was, or off as it would have been */
  async revert(id: string, snapshotId: string): Promise<void> {
    const title = findSnapshot(this.sites.library.get(id).tree, snapshotId).name;
    await this.jobs.run({ kind: 'snapshot-revert', title, machineId: id }, () =>
      this.sites.operations.exclusive(id, () => this.revertNow(id, snapshotId)),
    );
  }

  /** Answers when the snapshots are gone and their layers merged, as far as that is possible now. */
  async delete(id: string, snapshotId: string, descendants: boolean): Promise<void> {
    await this.sites.change(id, async () => {
      const { tree } = this.sites.library.get(id);
      const doomed = changes.doomedBy(tree, snapshotId, descendants);
      const clones = await clonesOf(this.sites.library, id);
      for (const { id: one, name } of doomed) {
        const clone = clones.find((candidate) => candidate.snapshotId === one);
        if (clone) throw clonedError(name, clone.name);
      }
      const cloned = await this.sites.clonedLayers(id);
      const { folder } = await this.sites.commit(id, (machine) => ({
        tree: changes.deleteSnapshots(machine.tree, machine.config, doomed, cloned),
      }));
      for (const gone of doomed) await folder.files.remove(folder.file(`snapshots/${gone.id}`));
    });
    await this.merger.tidy(id);
  }

  /** @throws AnnexError `snapshot-not-found` */
  async edit(id: string, snapshotId: string, patch: { name?: string | undefined; notes?: string | undefined }): Promise<void> {
    await this.sites.commit(id, ({ tree }) => {
      const { name = findSnapshot(tree, snapshotId).name, notes = findSnapshot(tree, snapshotId).notes } = patch;
      return { tree: { ...tree, snapshots: tree.snapshots.map((s) => (s.id === snapshotId ? { ...s, name, notes } : s)) } };
    });
  } // prettier-ignore

  /** PNG. */
  async thumbnail(id: string, snapshotId: string): Promise<Uint8Array | undefined> {
    const { folder, tree } = this.sites.library.get(id);
    return folder.files.read(folder.file(thumbnailOf(findSnapshot(tree, snapshotId).id)));
  }

  /** Settings as they were. @throws AnnexError `snapshots-damaged` if they are gone */
  async settings(id: string, snapshotId: string): Promise<MachineConfig> {
    const { folder } = this.sites.library.get(id);
    const bytes = await folder.files.read(folder.file(settingsOf(snapshotId)));
    if (!bytes)
      throw new AnnexError('snapshots-damaged', 'The settings kept with this snapshot are missing. Restore its folder from a copy.', { snapshotId }); // prettier-ignore
    return parseMachineConfig(new TextDecoder().decode(bytes));
  }

  /**
   * Whether the settings kept with a snapshot name a disk's file as one that is only read. Such a disk has no layer: what is
   * in the file itself belongs to the snapshot. @throws AnnexError `snapshots-damaged`
   */
  async readFrom(id: string, file: string): Promise<boolean> {
    const { folder, tree } = this.sites.library.get(id);
    for (const snapshot of tree.snapshots) {
      const { drives } = await this.settings(id, snapshot.id);
      if (drives.some((drive) => drive.kind === 'disk' && drive.readonly && folder.resolve(drive.path) === file)) return true;
    }
    return false;
  } // prettier-ignore

  /** @throws AnnexError `disk-has-snapshots` if the guest could write to a disk that a snapshot reads from */
  async checkStaysReadonly(id: string, drives: MachineConfig['drives']): Promise<void> {
    const { config, tree, folder } = this.sites.library.get(id);
    for (const drive of config.drives) {
      const becomes = drives.find((other) => other.path === drive.path && other.kind === 'disk' && !other.readonly);
      if (drive.kind !== 'disk' || !drive.readonly || !becomes || headOf(tree, drive)) continue;
      if (await this.readFrom(id, folder.resolve(drive.path))) throw hasSnapshotsError(drive);
    }
  }

  private async takeAtRest(id: string, description: Description): Promise<string> {
    const machine = this.sites.library.get(id);
    const meta = { ...description, createdAt: Date.now(), power: 'off', complete: true } as const;
    const { snapshot } = await this.freeze(machine, meta);
    return snapshot.id;
  }

  /**
   * The layers of a running machine's disks are in tree and settings before its process goes over to them: as long as
   * they are empty they read as what is below, so this is right whichever of the two dies when.
   */
  private async takeLive(id: string, run: RunningMachine, description: Description): Promise<string> {
    const machine = this.sites.library.get(id);
    const { folder } = machine;
    const { disposable } = machine.tree;
    if (disposable)
      throw new AnnexError('vm-wrong-state', 'Nothing of this run is kept, so there can be no snapshot of it. Start the machine without discarding.', { name: machine.config.name }); // prettier-ignore
    const meta = { ...description, createdAt: Date.now(), power: 'running', complete: false } as const;
    return this.jobs.run({ kind: 'snapshot-take', title: description.name, machineId: id }, async (control) => {
      await folder.files.makeFolder(folder.file(STATE_FOLDER));
      const frozen = await this.freeze(machine, meta);
      const { snapshot } = frozen;
      const name = `${snapshot.id}.state`;
      const saved = await this.saveState(id, run, frozen, name, control);
      if (saved.thumbnail) await folder.files.create(folder.file(thumbnailOf(snapshot.id)), saved.thumbnail);
      await this.sites.commit(id, ({ tree }) => ({
        tree: changes.completeSnapshot(tree, snapshot.id, { name, base: saved.base }),
      }));
      return snapshot.id;
    });
  }

  private async saveState(
    id: string,
    run: RunningMachine,
    { overlays, snapshot }: Frozen,
    name: string,
    control: JobControl,
  ): Promise<{ base: string | null; thumbnail: Uint8Array | undefined }> {
    const { folder } = this.sites.library.get(id);
    const path = folder.file(`${STATE_FOLDER}/${name}`);
    const heads = Object.fromEntries(overlays.map(({ driveId, layer }) => [driveId, folder.resolve(layer.path)]));
    let pivoted = false;
    try {
      const incremental = this.mayBuildOn(id, this.lastState.get(run));
      const saved = await savedStateOf(run, { path, incremental, heads }, control, () => (pivoted = true));
      const { states } = this.sites.library.get(id).tree;
      if (saved.base !== null && !states.some(({ name: known }) => known === saved.base)) throw unknownBaseError();
      this.lastState.set(run, name);
      return saved;
    } catch (error) {
      // One that refused has not gone over. One that died may have, and written: its layers stay.
      await this.giveUp(id, snapshot, !pivoted && isRefusal(error) ? overlays : []);
      throw error;
    }
  }

  private mayBuildOn(id: string, name: string | undefined): boolean {
    const { tree } = this.sites.library.get(id);
    const isKept = name !== undefined && tree.states.some((state) => state.name === name);
    return isKept && basesOfState(tree, name).length < MAX_STATE_CHAIN;
  }

  /** Forgets a snapshot that could not be completed. @param overlays layers to take off the disks again */
  private async giveUp(id: string, snapshot: Snapshot, overlays: readonly changes.NewOverlay[]): Promise<void> {
    const cloned = await this.sites.clonedLayers(id);
    await this.sites.commit(id, ({ tree, config }) => {
      const drives = config.drives.map((drive) => {
        const overlay = overlays.find(({ driveId, layer }) => driveId === drive.id && layer.path === drive.path);
        return overlay && drive.kind === 'disk' ? { ...drive, path: overlay.below.path, format: overlay.below.format } : drive;
      });
      const bare = { ...config, drives };
      const rest = changes.deleteSnapshots(tree, bare, [snapshot], cloned);
      const useless = overlays.map(({ layer }) => layer.id);
      return { config: bare, tree: { ...rest, layers: rest.layers.filter((layer) => !useless.includes(layer.id)) } };
    });
  } // prettier-ignore

  private async freeze(machine: LibraryMachine, meta: Omit<Snapshot, 'id' | 'parent' | 'memoryMiB' | 'disks' | 'state'>): Promise<Frozen> {
    const { folder, config, tree } = machine;
    const change = changes.takeSnapshot(tree, config, meta, randomUUID);
    const { snapshot, overlays } = change;
    try {
      await folder.files.makeFolder(folder.file(`snapshots/${snapshot.id}`));
      await folder.files.create(folder.file(settingsOf(snapshot.id)), `${JSON.stringify(config, null, 2)}\n`);
      if (meta.power === 'off') await copyIfThere(folder, 'thumbnail.png', thumbnailOf(snapshot.id));
      await makeOverlays(folder, overlays, this.sizes);
      await this.sites.commit(config.id, (present) => ({
        config: withDisksOf(present.config, change.config),
        tree: change.tree,
      }));
    } catch (error) {
      for (const { layer } of overlays) await folder.files.remove(folder.resolve(layer.path)).catch(() => {});
      await folder.files.remove(folder.file(`snapshots/${snapshot.id}`)).catch(() => {});
      throw fileError(error, config.name);
    }
    return { overlays, snapshot };
  } // prettier-ignore

  /** Everything that can fail is done before the present state is given up. */
  private async revertNow(id: string, snapshotId: string): Promise<void> {
    const { library, machines } = this.sites;
    const machine = library.get(id);
    if (machine.treeProblem) throw AnnexError.fromWire(machine.treeProblem);
    const snapshot = findSnapshot(machine.tree, snapshotId);
    if (!snapshot.complete)
      throw new AnnexError('vm-busy', 'This snapshot is still being saved. Wait until it is finished.');
    await this.checkFiles(machine, snapshot);
    const then = await this.settings(id, snapshotId);
    const cloned = await this.sites.clonedLayers(id);
    const change = changes.revertTo(machine.tree, machine.config, then, snapshot, cloned, randomUUID);
    try {
      await makeOverlays(machine.folder, change.overlays, this.sizes);
    } catch (error) {
      for (const { layer } of change.overlays) await machine.folder.files.remove(machine.folder.resolve(layer.path)).catch(() => {});
      throw fileError(error, machine.config.name);
    }
    if (machines.liveRun(id)) await machines.powerOff(id);
    await this.sites.locked(id, async () => {
      await this.sites.commit(id, () => ({ tree: change.tree, config: change.config }));
      await library.setLastRun(id, { ...library.get(id).lastRun, power: 'off', problem: null });
    });
    if (snapshot.state === null) return;
    await machines.start(id, { restoreFrom: stateSource(library.get(id), snapshot.state) });
    const run = machines.powered(id);
    this.lastState.set(run, snapshot.state);
    await run.call({ name: 'resume' });
  } // prettier-ignore

  /** @throws AnnexError `layer-missing`, `state-damaged` */
  private async checkFiles({ config, folder }: LibraryMachine, snapshot: Snapshot): Promise<void> {
    const { library } = this.sites;
    for (const layerId of Object.values(snapshot.disks))
      for (const { path } of filesOf(library, config.id, layerId))
        if (!(await folder.files.usage(path))) throw missingLayerError(path);
    if (snapshot.state !== null && !(await folder.files.usage(folder.file(`${STATE_FOLDER}/${snapshot.state}`))))
      throw new AnnexError('state-damaged', 'The saved memory of this snapshot is missing. Restore its file from a copy.', { snapshotId: snapshot.id }); // prettier-ignore
  }
}

type Frozen = Pick<ReturnType<typeof changes.takeSnapshot>, 'overlays' | 'snapshot'>;

/** A saved state of a machine with those it builds on, as a VM process is told of it. */
export function stateSource({ folder, tree }: LibraryMachine, name: string): { path: string; bases: string[] } {
  const file = (state: string): string => folder.file(`${STATE_FOLDER}/${state}`);
  return { path: file(name), bases: basesOfState(tree, name).map(file) };
}

/** The settings with the disks of others: what else has changed meanwhile stays. */
function withDisksOf(config: MachineConfig, { drives: changed }: MachineConfig): MachineConfig {
  const drives = config.drives.map(
    (drive) => changed.find(({ id, kind }) => id === drive.id && kind === 'disk') ?? drive,
  );
  return { ...config, drives };
}

async function copyIfThere(folder: MachineFolder, from: string, to: string): Promise<void> {
  if (await folder.files.usage(folder.file(from))) await folder.files.copy(folder.file(from), folder.file(to));
}

/** What a person is told who would change a disk that a snapshot needs as it is. */
export function hasSnapshotsError({ id }: Pick<WritableDisk, 'id'>): AnnexError {
  return new AnnexError('disk-has-snapshots', `Snapshots need the disk "${id}" as it is. Delete them first.`, {
    driveId: id,
  });
}

function unknownBaseError(): AnnexError {
  return new AnnexError('internal', "The machine's memory was saved on top of a state that is not kept. Take the snapshot again.");
} // prettier-ignore

function clonedError(snapshot: string, clone: string): AnnexError {
  return new AnnexError(
    'snapshot-has-clones',
    `The linked clone "${clone}" needs the snapshot "${snapshot}". Delete the clone first.`,
    { clone, snapshot },
  );
}
