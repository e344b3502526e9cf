import { stat } from 'node:fs/promises';
import type {
  DiskCheckReport,
  DiskDetails,
  DiskDifference,
  DiskJobRequest,
} from '../../../shared/disk-jobs/protocol.js';
import { ImageError } from '../../vmm/block/disk-image.js';
import type { OperationControl } from '../../vmm/block/formats/format-driver.js';
import { compareDisks } from '../../vmm/block/operations/compare-disks.js';
import { refuseLocked } from '../files/image-lock.js';
import { locateDisk, locked, reading, withFile } from './open-disk.js';

type RequestOf<N extends DiskJobRequest['job']> = Extract<DiskJobRequest, { job: N }>;

/** What a file takes on the host, in bytes. */
export async function roomOf(file: string): Promise<number> {
  const { blocks, size } = await stat(file);
  // Windows counts no blocks.
  return blocks === undefined ? size : blocks * 512;
}

export async function diskInfo({ image }: RequestOf<'info'>): Promise<DiskDetails> {
  const { driver, ports } = await locateDisk(image, true);
  const details = await withFile(image.path, true, (file) => driver.details(file, ports));
  return {
    path: image.path,
    format: details.format,
    layout: details.layout,
    variant: details.variant ?? null,
    size: details.size,
    fileBytes: await roomOf(image.path),
    clusterBytes: details.clusterBytes ?? null,
    backing: details.backing ? { name: details.backing.name, format: details.backing.format ?? null } : null,
    snapshots: [...details.snapshots],
    needsRepair: details.needsRepair,
  };
}

export async function checkDisk(
  { image, repair }: RequestOf<'check'>,
  control: OperationControl,
): Promise<DiskCheckReport> {
  const readonly = repair === 'none';
  const { driver, ports } = await locateDisk(image, readonly);
  const check = driver.check;
  if (check === undefined)
    throw new ImageError('image-unsupported', `There is nothing in a ${driver.format} image that could be checked.`);
  const work = async (): Promise<DiskCheckReport> => {
    const report = await withFile(image.path, readonly, (file) => check(file, ports, repair, control));
    return { ...report, problems: [...report.problems] };
  };
  if (!readonly) return locked(image.path, work);
  await refuseLocked(image.path);
  return work();
}

export function compareTwo({ a, b }: RequestOf<'compare'>, control: OperationControl): Promise<DiskDifference> {
  return reading(a, (left) =>
    reading(b, async (right) => {
      const { differentBytes, ranges } = await compareDisks(left, right, control);
      return { differentBytes, ranges: [...ranges] };
    }),
  );
}
