import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import type { MachineConfig } from '../../../shared/config/machine-config.js';
import { AnnexError } from '../../../shared/contract/errors.js';
import { syncFolder } from '../../node/atomic-file.js';
import { identifyProcess, isAlive } from '../../node/process-identity.js';
import type { DiskJobs } from '../disk-jobs/disk-jobs.js';
import type { JobControl, Jobs } from '../jobs.js';
import type { LibraryMachine } from '../library/library.js';
import { fileError } from '../library/machine-folder.js';
import { headOf } from '../snapshots/layers.js';
import { filesOf } from '../snapshots/linked-clones.js';
import type { MachineSites } from '../snapshots/machine-sites.js';
import { encodeManifest } from './manifest.js';
import { writeOvf, type PackagedDisk } from './ovf-writer.js';
import { encodeTarHeader, TAR_END, tarPadding } from './tar.js';

/** A disk of the machine as it is on the host. */
interface ExportedDisk {
  readonly path: string;
  readonly format: 'raw' | 'qcow2' | 'vmdk' | 'vhd' | 'vhdx' | 'vdi' | 'iso';
  /** Files it builds on, top first; null for a disk that says so itself. */
  readonly bases: readonly string[] | null;
  readonly channel: number;
  readonly unit: number;
}

/** What goes into the archive: bytes in memory, or a file. */
type Member = { readonly name: string; readonly size: number } & (
  { readonly bytes: Uint8Array } | { readonly file: string }
);

interface FinishedDisk extends PackagedDisk {
  readonly file: string;
  readonly sha256: string;
}

/** Where an archive is put together, named after the process that does it. */
const SCRATCH = /^\.annex-export-(\d+)-[0-9a-f]{8}$/;

/** Makes OVA archives of machines. */
export class Exporter {
  constructor(
    private readonly sites: MachineSites,
    private readonly disks: DiskJobs,
    private readonly jobs: Jobs,
  ) {}

  /**
   * Writes a machine that is off and all its disks, flattened, to one new file, which appears when it is complete.
   * @param target absolute path that ends in `.ova`
   * @returns bytes of the file
   * @throws AnnexError `file-exists`, `no-space`…; nothing is left then
   */
  async export(id: string, target: string): Promise<number> {
    const { name } = this.sites.library.get(id).config;
    await checkTarget(target);
    const scratch = path.join(path.dirname(target), `.annex-export-${process.pid}-${randomBytes(4).toString('hex')}`);
    return this.jobs.run({ kind: 'export', title: name, machineId: id }, (control) =>
      this.sites.change(id, async () => {
        try {
          await sweepScratch(path.dirname(target));
          await makeScratch(scratch, target);
          const archive = path.join(scratch, 'archive');
          await this.makeArchive(this.sites.library.get(id), archive, control);
          const { size } = await stat(archive);
          await checkTarget(target);
          await rename(archive, target);
          await syncFolder(path.dirname(target));
          return size;
        } catch (cause) {
          throw fileError(cause, path.basename(target));
        } finally {
          await rm(scratch, { recursive: true, force: true });
        }
      }),
    );
  }

  private async makeArchive(machine: LibraryMachine, archive: string, { signal, progress }: JobControl): Promise<void> {
    const { config } = machine;
    const disks = this.disksOf(machine);
    const stem = fileStem(config.name);
    const finished: FinishedDisk[] = [];
    for (const [i, disk] of disks.entries()) {
      // Every disk is a unit of progress, since what is left in it is not known before.
      const report = (done: number, total: number | null): void =>
        progress(i * 1000 + (total ? Math.round((1000 * done) / total) : 0), disks.length * 1000);
      const file = path.join(path.dirname(archive), `disk${i + 1}.vmdk`);
      finished.push(await this.pack(disk, file, `${stem}-disk${i + 1}.vmdk`, { signal, progress: report }));
    }
    await writeArchive(archive, membersOf(config, stem, finished), signal);
  }

  private disksOf({ config, tree, folder }: LibraryMachine): ExportedDisk[] {
    return config.drives
      .filter((drive) => drive.kind === 'disk')
      .map(({ path: configured, format, slot }) => {
        const head = headOf(tree, { path: configured });
        const files = head
          ? filesOf(this.sites.library, config.id, head.id).map((file) => file.path)
          : [folder.resolve(configured)];
        const [own, ...bases] = files;
        return { path: own!, format, bases: head ? bases : null, channel: slot.channel, unit: slot.unit };
      });
  }

  private async pack(disk: ExportedDisk, file: string, fileName: string, control: JobControl): Promise<FinishedDisk> {
    const source = { path: disk.path, format: disk.format, bases: disk.bases && [...disk.bases] };
    const { size: capacity } = await this.disks.run({ job: 'info', image: source }, control);
    await this.disks.run({ job: 'convert', source, path: file, format: 'vmdk', layout: 'compressed' }, control);
    const hash = createHash('sha256');
    for await (const chunk of createReadStream(file, { signal: control.signal })) hash.update(chunk as Uint8Array);
    const { size: fileBytes } = await stat(file);
    const { channel, unit } = disk;
    return { file, fileName, fileBytes, capacity, channel, unit, sha256: hash.digest('hex') };
  }
}

async function makeScratch(scratch: string, target: string): Promise<void> {
  try {
    await mkdir(scratch);
  } catch (cause) {
    // The archive is not there yet: what is missing, or takes no files, is its folder.
    const folder = path.dirname(target);
    const gone = (await stat(folder).catch(() => undefined)) === undefined;
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT' || gone) throw fileError(cause, folder);
    throw new AnnexError(
      'no-permission',
      `“${folder}” takes no files. Choose another folder.`,
      { name: folder },
      { cause },
    );
  }
}

/** Removes what exports into a folder have left whose process was killed, as far as it may. */
async function sweepScratch(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const pid = Number(SCRATCH.exec(name)?.[1]);
    if (!pid || isAlive(identifyProcess(pid))) continue;
    await rm(path.join(folder, name), { recursive: true, force: true }).catch(() => {});
  }
}

/** The descriptor comes first, its manifest second: so DSP0243 has it. */
function membersOf(config: MachineConfig, stem: string, disks: readonly FinishedDisk[]): Member[] {
  const descriptor = Buffer.from(writeOvf(config, disks));
  const digests = new Map([
    [`${stem}.ovf`, createHash('sha256').update(descriptor).digest('hex')],
    ...disks.map(({ fileName, sha256 }): [string, string] => [fileName, sha256]),
  ]);
  const manifest = Buffer.from(encodeManifest(digests));
  return [
    { name: `${stem}.ovf`, size: descriptor.length, bytes: descriptor },
    { name: `${stem}.mf`, size: manifest.length, bytes: manifest },
    ...disks.map(({ fileName, fileBytes, file }) => ({ name: fileName, size: fileBytes, file })),
  ];
}

async function writeArchive(archive: string, members: readonly Member[], signal: AbortSignal): Promise<void> {
  const handle = await open(archive, 'wx');
  try {
    const now = Math.floor(Date.now() / 1000);
    for (const member of members) {
      await writeAll(handle, encodeTarHeader(member.name, member.size, now));
      if ('bytes' in member) await writeAll(handle, member.bytes);
      else for await (const chunk of createReadStream(member.file, { signal })) await writeAll(handle, chunk as Uint8Array);
      await writeAll(handle, tarPadding(member.size));
    }
    await writeAll(handle, TAR_END);
    await handle.sync();
  } finally {
    await handle.close();
  }
} // prettier-ignore

async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  if (bytes.length > 0) await handle.writeFile(bytes);
}

/** @throws AnnexError if there is something already, or the name is not one of an archive */
async function checkTarget(target: string): Promise<void> {
  const name = path.basename(target);
  if (!path.isAbsolute(target) || !/\.ova$/i.test(name))
    throw new AnnexError('bad-request', `“${name}” must be an absolute path that ends in .ova.`, { name });
  const present = await stat(target).catch(() => undefined);
  if (present) throw new AnnexError('file-exists', `There is already a file “${name}”. Choose another name.`, { name });
}

/** Names in an archive have at most 100 bytes, and plain ones survive every importer. */
function fileStem(name: string): string {
  const stem = name.normalize('NFKD').replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^[-.]+|[-.]+$/g, '').slice(0, 60);
  return stem === '' ? 'machine' : stem;
} // prettier-ignore
