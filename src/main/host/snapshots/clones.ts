import { randomUUID } from 'node:crypto';
import path from 'node:path';
import type { MachineConfig } from '../../../shared/config/machine-config.js';
import { AnnexError } from '../../../shared/contract/errors.js';
import type { CheckedRequest } from '../commands/handlers.js';
import type { DiskJobs } from '../disk-jobs/disk-jobs.js';
import type { DiskSizes } from '../disks/disk-sizes.js';
import type { JobControl, Jobs } from '../jobs.js';
import type { LibraryMachine, MachineChange } from '../library/library.js';
import type { MachineFolder } from '../library/machine-folder.js';
import { findLayer, headOf, writableDisks } from './layers.js';
import { filesOf } from './linked-clones.js';
import type { MachineSites } from './machine-sites.js';
import { makeOverlay } from './overlay-files.js';
import type { Snapshots } from './snapshots.js';
import { EMPTY_TREE, findSnapshot, type Layer } from './snapshot-tree.js';
import { LAYER_FOLDER } from './tree-changes.js';

type CloneRequest = CheckedRequest<'machine.clone'>;

/** A disk to be cloned, as it is in the machine it comes from. */
interface SourceDisk {
  readonly driveId: string;
  readonly path: string;
  readonly format: MachineDiskFormat;
  readonly bases: readonly string[];
  readonly layer: Layer | undefined;
}

type MachineDiskFormat = Extract<MachineConfig['drives'][number], { kind: 'disk' }>['format'];

/** Makes machines out of others. */
export class Clones {
  constructor(
    private readonly sites: MachineSites,
    private readonly snapshots: Snapshots,
    private readonly disks: DiskJobs,
    private readonly jobs: Jobs,
    private readonly sizes: DiskSizes,
  ) {}

  /** @returns the new machine's id @throws AnnexError; no machine is made then */
  clone(request: CloneRequest): Promise<string> {
    return this.jobs.run({ kind: 'clone', title: request.name, machineId: request.id }, (control) =>
      this.sites.change(request.id, async () => {
        const made = request.kind === 'linked' ? await this.linked(request) : await this.full(request, control);
        this.sites.machines.changed(made.config.id);
        return made.config.id;
      }),
    );
  }

  /** Every disk becomes one file that needs no other. */
  private async full(request: CloneRequest, control: JobControl): Promise<LibraryMachine> {
    const { id, snapshotId } = request;
    const machine = this.sites.library.get(id);
    if (snapshotId === null && this.sites.machines.liveRun(id))
      throw new AnnexError('vm-wrong-state', `"${machine.config.name}" is on. Shut it down, or clone one of its snapshots.`, { name: machine.config.name }); // prettier-ignore
    const config = snapshotId === null ? machine.config : await this.snapshots.settings(id, snapshotId);
    const sources = snapshotId === null ? this.presentDisks(machine) : this.disksAt(machine, snapshotId);
    return this.sites.library.make(draftOf(machine, config, request), async (folder, fresh) => {
      const paths = new Map<string, { path: string; format: MachineDiskFormat }>();
      for (const source of sources) {
        const format = source.layer === undefined && source.format === 'raw' ? 'raw' : 'qcow2';
        const name = `${source.driveId.replace(/[^A-Za-z0-9_-]/g, '_')}.${format}`;
        const image = { path: source.path, format: source.format, bases: [...source.bases] };
        const target = { path: folder.file(name), format, layout: 'sparse' } as const;
        await this.disks.run({ job: 'convert', source: image, ...target }, control);
        paths.set(source.driveId, { path: name, format });
      }
      return { config: onDisks(fresh, paths) };
    });
  }

  /** Every disk becomes an empty layer on the machine's own. */
  private async linked(request: CloneRequest): Promise<LibraryMachine> {
    const { id, snapshotId: named, name } = request;
    const kind = 'manual' as const;
    const snapshotId = named ?? (await this.snapshots.takeNow(id, { name: `Base of ${name}`.slice(0, 80), notes: '', kind }));
    const machine = this.sites.library.get(id);
    const config = await this.snapshots.settings(id, snapshotId);
    const sources = this.disksAt(machine, snapshotId);
    const base = { machineId: id, snapshotId, name: machine.config.name };
    return this.sites.library.make(draftOf(machine, config, request), async (folder, fresh): Promise<MachineChange> => {
      await folder.files.makeFolder(folder.file(LAYER_FOLDER));
      const layers = sources.map(({ layer }): Layer => overlayOfOther(id, layer!));
      const paths = new Map(sources.map(({ driveId }, i) => [driveId, { path: layers[i]!.path, format: layers[i]!.format }]));
      for (const [i, source] of sources.entries()) await this.putOverlay(folder, machine, layers[i]!, source);
      await folder.files.syncFolder(folder.file(LAYER_FOLDER));
      return { config: onDisks(fresh, paths), tree: { ...EMPTY_TREE, layers, base } };
    });
  } // prettier-ignore

  /** The clone is still in a folder of another name, but in the same place: what is relative stays right. */
  private putOverlay(folder: MachineFolder, machine: LibraryMachine, layer: Layer, source: SourceDisk): Promise<void> {
    return makeOverlay(folder, layer, machine.folder.resolve(source.layer!.path), source.layer!, this.sizes);
  }

  private presentDisks(machine: LibraryMachine): SourceDisk[] {
    return writableDisks(machine.config).map((drive) => {
      const head = headOf(machine.tree, drive);
      return head
        ? this.source(machine, drive.id, head)
        : { driveId: drive.id, path: machine.folder.resolve(drive.path), format: drive.format, bases: [], layer: undefined };
    });
  } // prettier-ignore

  private disksAt(machine: LibraryMachine, snapshotId: string): SourceDisk[] {
    const { disks } = findSnapshot(machine.tree, snapshotId);
    return Object.entries(disks).map(([driveId, id]) => this.source(machine, driveId, findLayer(machine.tree, id)));
  }

  private source(machine: LibraryMachine, driveId: string, layer: Layer): SourceDisk {
    const [own, ...bases] = filesOf(this.sites.library, machine.config.id, layer.id).map(({ path: file }) => file);
    return { driveId, path: own!, format: layer.format, bases, layer };
  }
}

function overlayOfOther(machineId: string, below: Layer): Layer {
  const id = randomUUID();
  const file = path.posix.join(LAYER_FOLDER, `${id}.qcow2`);
  return { id, path: file, format: 'qcow2', parent: null, base: { machineId, layerId: below.id }, ours: true };
}

/** The settings of a clone. Files that are not disks stay where they are. */
function draftOf(
  { folder }: LibraryMachine,
  config: MachineConfig,
  request: CloneRequest,
): Omit<MachineConfig, 'version' | 'id' | 'createdAt'> {
  return { ...folder.withAbsolutePaths(config), name: request.name, folder: request.folder ?? config.folder };
}

function onDisks(
  config: MachineConfig,
  disks: ReadonlyMap<string, { readonly path: string; readonly format: MachineDiskFormat }>,
): MachineConfig {
  const drives = config.drives.map((drive) => {
    const disk = disks.get(drive.id);
    return disk && drive.kind === 'disk' ? { ...drive, ...disk } : drive;
  });
  return { ...config, drives };
}
