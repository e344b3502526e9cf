import { createHash } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { AnnexError } from '../../../shared/contract/errors.js';
import type { DiskJobs } from '../disk-jobs/disk-jobs.js';
import type { JobControl, Jobs } from '../jobs.js';
import { freeName } from '../library/free-name.js';
import type { Library, LibraryMachine } from '../library/library.js';
import { diskFormat } from '../media/disk-format.js';
import { withFileSource } from '../media/file-source.js';
import { readAppliance, type Appliance } from './appliance.js';
import { draftOf, machineName, type ForeignDisk } from './foreign-machine.js';
import { checkDigest } from './manifest.js';

/** Folder in the machine's own, while it is being made, for parts of an archive. */
const SCRATCH = 'import';

export interface Imported {
  readonly id: string;
  /** What the machine had and has lost, a sentence each. */
  readonly warnings: readonly string[];
}

/** Makes machines of ours from those of other programs. */
export class Importer {
  constructor(
    private readonly library: Library,
    private readonly disks: DiskJobs,
    private readonly jobs: Jobs,
  ) {}

  /**
   * @param file an OVA, OVF, VMX or VBOX file or a disk; what it refers to is taken from its own folder only
   * @param name the machine's name; without it, the one it has
   * @throws AnnexError; no machine is made then
   */
  import(file: string, name: string | null): Promise<Imported> {
    const title = path.basename(file);
    return this.jobs.run({ kind: 'import', title, machineId: null }, async (control) => {
      const appliance = await readAppliance(file);
      const draft = draftOf(appliance.machine, freeName(this.library, machineName(name ?? appliance.machine.name)));
      const { config }: LibraryMachine = await this.library.make(draft, async (folder, config) => {
        const scratch = path.join(folder.path, SCRATCH);
        await mkdir(scratch);
        await checkDigests(appliance, control.signal);
        await this.placeDisks(appliance, folder.path, scratch, control);
        await rm(scratch, { recursive: true });
        return { config };
      });
      return { id: config.id, warnings: appliance.machine.warnings };
    });
  }

  private async placeDisks(
    appliance: Appliance,
    folder: string,
    scratch: string,
    { signal, progress }: JobControl,
  ): Promise<void> {
    const weights = await Promise.all(appliance.machine.disks.map((disk) => weightOf(appliance, disk)));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    let finished = 0;
    for (const [i, disk] of appliance.machine.disks.entries()) {
      const target = path.join(folder, `disk${i}.qcow2`);
      const part = weights[i]!;
      const report = (done: number, of: number | null): void =>
        progress(Math.round(finished + (of ? (part * done) / of : 0)), total);
      await this.placeDisk(appliance, disk, target, scratch, { signal, progress: report });
      finished += part;
    }
  }

  private async placeDisk(
    { files, diskFormat: format }: Appliance,
    disk: ForeignDisk,
    target: string,
    scratch: string,
    control: JobControl,
  ): Promise<void> {
    const image = { path: target, format: 'qcow2', layout: 'sparse' } as const;
    if (disk.kind === 'empty') {
      const empty = { job: 'create', ...image, size: disk.sizeBytes, clusterBytes: null, backing: null, bases: null } as const;
      await this.disks.run(empty, control);
      return;
    }
    const source = await files.materialize(disk.name, scratch, control.signal);
    const known = format ?? (await formatOf(source, disk.name));
    await this.disks.run({ job: 'convert', source: { path: source, format: known, bases: null }, ...image }, control);
    if (path.dirname(source) === scratch) await rm(source);
  } // prettier-ignore
}

/** What its disks take is the only measure of how long an import goes on. */
async function weightOf({ files }: Appliance, disk: ForeignDisk): Promise<number> {
  return disk.kind === 'empty' ? 1 : files.size(disk.name);
}

async function formatOf(file: string, name: string): Promise<'raw' | 'qcow2' | 'vmdk' | 'vhd' | 'vhdx' | 'vdi'> {
  return (await withFileSource(file, name, diskFormat)) ?? 'raw';
}

/** Every file that the manifest speaks of must be there as it says. */
async function checkDigests({ files, digests }: Appliance, signal: AbortSignal): Promise<void> {
  for (const [name, digest] of digests) {
    const hash = createHash(digest.algorithm);
    for await (const chunk of await files.content(name, signal)) {
      if (signal.aborted) throw new AnnexError('cancelled', 'Cancelled.');
      hash.update(chunk);
    }
    checkDigest(digest, hash.digest('hex'), name);
  }
}
