import { AnnexError } from '../../../shared/contract/errors.js';
import type { MachineConfig } from '../../../shared/config/machine-config.js';
import type { HostFiles } from '../../node/host-files.js';
import type { DiskJobs } from '../disk-jobs/disk-jobs.js';
import { readImageStart } from '../snapshots/image-start.js';

type DiskFormat = Extract<MachineConfig['drives'][number], { kind: 'disk' }>['format'];

/** Formats whose first bytes say how large the disk is; what the others say, a disk job reads. */
const TOLD_BY_START: ReadonlySet<DiskFormat> = new Set(['raw', 'qcow2']);

/** How large disks are. */
export class DiskSizes {
  constructor(
    private readonly files: HostFiles,
    private readonly jobs: DiskJobs,
  ) {}

  /** In bytes; undefined if the file is missing or is no such image. */
  async of(file: string, format: DiskFormat): Promise<number | undefined> {
    if (TOLD_BY_START.has(format)) return (await readImageStart(this.files, file, format))?.virtualBytes;
    if ((await this.files.usage(file)) === undefined) return undefined;
    try {
      const { size } = await this.jobs.run({ job: 'info', image: { path: file, format, bases: null } }, UNWATCHED);
      return size;
    } catch (error) {
      if (error instanceof AnnexError && error.code.startsWith('image-')) return undefined;
      throw error;
    }
  }
}

/** Reading a header takes no time that could be watched or cut short. */
const UNWATCHED = { signal: new AbortController().signal, progress: () => {} };
