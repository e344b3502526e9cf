import path from 'node:path';
import type { DriveConfig, MachineConfig } from '../../../shared/config/machine-config.js';
import type { DiskCheck, DiskView } from '../../../shared/contract/disk-commands.js';
import { AnnexError } from '../../../shared/contract/errors.js';
import type { JobView } from '../../../shared/contract/events.js';
import type { ImageRef } from '../../../shared/disk-jobs/protocol.js';
import { encodeEmptyQcow2 } from '../../../shared/disk/empty-qcow2.js';
import type { CheckedRequest } from '../commands/handlers.js';
import type { DiskJobs } from '../disk-jobs/disk-jobs.js';
import type { JobControl, Jobs } from '../jobs.js';
import type { LibraryMachine } from '../library/library.js';
import { fileError } from '../library/machine-folder.js';
import type { MediaCatalogue } from '../media/media-catalogue.js';
import { chainOf, headOf, isPlain } from '../snapshots/layers.js';
import { refuseFrozen } from '../snapshots/frozen-files.js';
import { filesOf } from '../snapshots/linked-clones.js';
import type { MachineSites } from '../snapshots/machine-sites.js';
import { hasSnapshotsError, type Snapshots } from '../snapshots/snapshots.js';
import type { DiskSizes } from './disk-sizes.js';

type DiskDrive = Extract<DriveConfig, { kind: 'disk' }>;
type Slot = DiskDrive['slot'];

/** Places for disks, in the order they are filled. */
const SLOTS: readonly Slot[] = [0, 1].flatMap((channel) => [0, 1].map((unit): Slot => ({ bus: 'ide', channel, unit })));
const SECTOR_BYTES = 512;

/** The disks of machines that are off. */
export class DiskManager {
  constructor(
    private readonly sites: MachineSites,
    private readonly snapshots: Snapshots,
    private readonly disks: DiskJobs,
    private readonly jobs: Jobs,
    private readonly media: MediaCatalogue,
    private readonly sizes: DiskSizes,
  ) {}

  async list(id: string): Promise<DiskView[]> {
    const machine = this.sites.library.get(id);
    const drives = machine.config.drives.filter((drive): drive is DiskDrive => drive.kind === 'disk');
    return Promise.all(drives.map((drive) => this.view(machine, drive)));
  }

  /** An empty disk in the machine's folder. @throws AnnexError `no-free-slot`, `no-space` */
  async add({ id, sizeBytes, format, slot }: CheckedRequest<'disk.add'>): Promise<void> {
    await this.sites.change(id, async () => {
      const { config, folder } = this.sites.library.get(id);
      const drive = { id: freeDriveId(config), slot: freeSlot(config, slot) };
      const size = Math.ceil(sizeBytes / SECTOR_BYTES) * SECTOR_BYTES;
      const name = await folder.freeDiskName(drive.id, format);
      await this.sites.library.changeDiskFiles(id, [name], async () => {
        try {
          if (format === 'raw') await folder.files.createSparse(folder.file(name), size);
          else await folder.files.create(folder.file(name), encodeEmptyQcow2({ size }));
          await folder.files.syncFolder(folder.path);
        } catch (error) {
          throw fileError(error, name);
        }
        await this.addDrive(id, { ...drive, kind: 'disk', path: name, format, readonly: false });
      });
    });
  }

  /** @throws AnnexError `no-free-slot`, `media-not-found`, `image-unsupported` */
  async attach({ id, mediaId, slot }: CheckedRequest<'disk.attach'>): Promise<void> {
    await this.sites.change(id, async () => {
      const { config } = this.sites.library.get(id);
      const file = this.media.pathOf(mediaId);
      const known = (await this.media.list()).find((medium) => medium.id === mediaId);
      if (!known || known.kind !== 'disk' || known.format === null)
        throw new AnnexError('image-unsupported', `"${path.basename(file)}" is not a disk image Annex knows.`, { name: path.basename(file) }); // prettier-ignore
      const drive = { id: freeDriveId(config), slot: freeSlot(config, slot) };
      await this.addDrive(id, { ...drive, kind: 'disk', path: file, format: known.format, readonly: false });
    });
  }

  /** @throws AnnexError `disk-has-snapshots` if its file is to be deleted and is still needed */
  async remove({ id, driveId, deleteFile }: CheckedRequest<'disk.remove'>): Promise<void> {
    await this.sites.change(id, async () => {
      const machine = this.sites.library.get(id);
      const drive = diskOf(machine, driveId);
      const file = machine.folder.resolve(drive.path);
      const own = path.dirname(file) === machine.folder.path;
      if (deleteFile) await this.checkUnneeded(machine, drive);
      if (deleteFile && own) await this.refuseFrozen(machine, drive);
      const takeOut = () =>
        this.sites.commit(id, ({ config }) => ({
          config: { ...config, drives: config.drives.filter((other) => other.id !== driveId) },
        }));
      if (!deleteFile || !own) return void (await takeOut());
      await this.sites.library.changeDiskFiles(id, [path.basename(file)], async () => {
        await takeOut();
        await machine.folder.files.remove(file);
      });
    });
  }

  /**
   * A snapshot is taken first, so that what has grown is an empty layer and the way back stays open.
   * @throws AnnexError `disk-too-small`, `disk-has-snapshots`
   */
  async grow({ id, driveId, sizeBytes }: CheckedRequest<'disk.grow'>): Promise<void> {
    const size = Math.ceil(sizeBytes / SECTOR_BYTES) * SECTOR_BYTES;
    await this.job('disk-grow', id, driveId, async (control) => {
      const present = (await this.view(this.sites.library.get(id), this.drive(id, driveId))).virtualBytes;
      if (size < present)
        throw new AnnexError('disk-too-small', `The disk "${driveId}" has ${present} bytes already. A disk can only be made larger.`, { driveId, present }); // prettier-ignore
      if (size === present) return;
      const machine = this.sites.library.get(id);
      const drive = diskOf(machine, driveId);
      // No layer comes over a disk that is only read: its file itself grows.
      await this.refuseFrozen(machine, drive);
      if (drive.readonly) await this.checkUnneeded(machine, drive);
      else await this.snapshots.takeNow(id, { name: `Before growing ${driveId}`, notes: '', kind: 'before-risk' });
      await this.disks.run({ job: 'resize', image: this.image(id, driveId), size, allowShrink: false }, control);
    });
  }

  compact({ id, driveId }: CheckedRequest<'disk.compact'>): Promise<{ beforeBytes: number; afterBytes: number }> {
    return this.job('disk-compact', id, driveId, async (control) => {
      await this.refuseFrozen(this.sites.library.get(id), this.drive(id, driveId));
      const image = this.image(id, driveId);
      const compact = () => this.disks.run({ job: 'compact', image }, control);
      const { bytesBefore, bytesAfter } = await this.sites.library.changeDiskFiles(id, [path.basename(image.path)], compact);
      return { beforeBytes: bytesBefore, afterBytes: bytesAfter };
    });
  } // prettier-ignore

  /** The old file goes when the settings name the new one. @throws AnnexError `disk-has-snapshots` */
  async convert({ id, driveId, format }: CheckedRequest<'disk.convert'>): Promise<void> {
    await this.job('disk-convert', id, driveId, async (control) => {
      const machine = this.sites.library.get(id);
      const drive = this.drive(id, driveId);
      await this.checkUnneeded(machine, drive);
      if (drive.format === format) return;
      const { folder } = machine;
      const old = folder.resolve(drive.path);
      const own = path.dirname(old) === folder.path;
      if (own) await this.refuseFrozen(machine, drive);
      const name = await folder.freeDiskName(driveId, format);
      const target = { path: folder.file(name), format, layout: 'sparse' } as const;
      await this.sites.library.changeDiskFiles(id, own ? [name, path.basename(old)] : [name], async () => {
        await this.disks.run({ job: 'convert', source: this.image(id, driveId), ...target }, control);
        await this.sites.commit(id, ({ config }) => ({
          config: { ...config, drives: config.drives.map((d) => (d.id === driveId && d.kind === 'disk' ? { ...d, path: name, format } : d)) },
        }));
        if (own) await folder.files.remove(old);
      });
    });
  } // prettier-ignore

  check({ id, driveId, repair }: CheckedRequest<'disk.check'>): Promise<DiskCheck> {
    return this.job('disk-check', id, driveId, async (control) => {
      const image = this.image(id, driveId);
      const mode = repair ? 'all' : 'none';
      if (repair) await this.refuseFrozen(this.sites.library.get(id), this.drive(id, driveId));
      const report = await this.disks.run({ job: 'check', image, repair: mode }, control);
      return {
        problems: report.problems,
        leaks: report.leaks,
        repaired: report.repairedErrors + report.repairedLeaks > 0,
      };
    });
  }

  /** @throws AnnexError `disk-has-snapshots` if a snapshot needs the file of a disk as it is */
  private async checkUnneeded({ config, tree, folder }: LibraryMachine, drive: DiskDrive): Promise<void> {
    const needed = !isPlain(tree, drive) || (await this.snapshots.readFrom(config.id, folder.resolve(drive.path)));
    if (needed) throw hasSnapshotsError(drive);
  }

  /** @throws AnnexError `disk-needed` if another machine needs the file of a disk as it is */
  private refuseFrozen({ config, folder }: LibraryMachine, drive: DiskDrive): Promise<void> {
    return refuseFrozen(this.sites.library, [folder.resolve(drive.path)], config.id);
  }

  private job<T>(
    kind: JobView['kind'],
    id: string,
    driveId: string,
    work: (control: JobControl) => Promise<T>,
  ): Promise<T> {
    this.drive(id, driveId);
    return this.jobs.run({ kind, title: driveId, machineId: id }, (control) =>
      this.sites.change(id, () => work(control)),
    );
  }

  private drive(id: string, driveId: string): DiskDrive {
    return diskOf(this.sites.library.get(id), driveId);
  }

  private async addDrive(id: string, drive: DiskDrive): Promise<void> {
    await this.sites.library.edit(id, { drives: [...this.sites.library.get(id).config.drives, drive] }, {}, true);
  }

  private image(id: string, driveId: string): ImageRef {
    const machine = this.sites.library.get(id);
    const drive = diskOf(machine, driveId);
    const head = headOf(machine.tree, drive);
    const own = machine.folder.resolve(drive.path);
    if (!head) return { path: own, format: drive.format, bases: null };
    const [, ...bases] = filesOf(this.sites.library, id, head.id).map(({ path: file }) => file);
    return { path: own, format: drive.format, bases };
  }

  private async view(machine: LibraryMachine, drive: DiskDrive): Promise<DiskView> {
    const { tree, folder, config } = machine;
    const head = headOf(tree, drive);
    const own = { path: folder.resolve(drive.path), format: drive.format };
    const files = head
      ? filesOf(this.sites.library, config.id, head.id).map(({ path: file, layer }) => ({ path: file, format: layer.format }))
      : [own];
    const layers = await Promise.all(
      files.map(async (file) => ({
        name: path.basename(file.path),
        format: file.format,
        usedBytes: (await folder.files.usage(file.path))?.usedBytes ?? 0,
      })),
    );
    const virtualBytes = (await this.sizes.of(own.path, own.format)) ?? 0;
    const chain = new Set(head ? chainOf(tree, head.id).map(({ id }) => id) : []);
    const snapshots = tree.snapshots.filter(({ disks }) => Object.values(disks).some((layer) => chain.has(layer))).length;
    return { driveId: drive.id, format: drive.format, virtualBytes, layers, snapshots };
  } // prettier-ignore
}

function diskOf({ config }: LibraryMachine, driveId: string): DiskDrive {
  const drive = config.drives.find(({ id }) => id === driveId);
  if (drive?.kind === 'disk') return drive;
  throw new AnnexError('bad-request', `There is no disk "${driveId}".`, { driveId });
}

function freeSlot({ drives }: MachineConfig, wanted: Slot | undefined): Slot {
  const isFree = (slot: Slot): boolean =>
    drives.every((d) => d.kind === 'floppy' || d.slot.channel !== slot.channel || d.slot.unit !== slot.unit);
  const found = (wanted ? [wanted] : SLOTS).find(isFree);
  if (found) return found;
  throw new AnnexError('no-free-slot', 'Every place for a drive is taken. Remove one first.');
}

function freeDriveId({ drives }: MachineConfig): string {
  for (let number = 0; ; number++) if (drives.every(({ id }) => id !== `disk${number}`)) return `disk${number}`;
}
