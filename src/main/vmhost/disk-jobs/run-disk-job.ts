import { AnnexError } from '../../../shared/contract/errors.js';
import { errorOfFile } from '../vm-errors.js';
import { FileError, ImageError } from '../../vmm/block/disk-image.js';
import type { DiskJobName, DiskJobReply, DiskJobRequest } from '../../../shared/disk-jobs/protocol.js';
import type { OperationControl } from '../../vmm/block/formats/format-driver.js';
import { checkDisk, compareTwo, diskInfo } from './inspection-jobs.js';
import { mergeChildDown, mergeChildUp, rebaseDisk } from './layer-jobs.js';
import { compareStates } from './memory-jobs.js';
import { compactDisk, convertDisk, createDisk, resizeDisk } from './image-jobs.js';
import { mergeState } from './state-jobs.js';

type RequestOf<N extends DiskJobName> = Extract<DiskJobRequest, { job: N }>;

type JobTable = {
  readonly [N in DiskJobName]: (request: RequestOf<N>, control: OperationControl) => Promise<DiskJobReply<N>>;
};

const JOBS: JobTable = {
  'info': diskInfo,
  'create': createDisk,
  'convert': convertDisk,
  'resize': resizeDisk,
  'compact': compactDisk,
  'check': checkDisk,
  'compare': compareTwo,
  'compare-memory': compareStates,
  'merge-up': mergeChildUp,
  'merge-down': mergeChildDown,
  'merge-state': mergeState,
  'rebase': rebaseDisk,
};

/** @throws AnnexError naming the file */
export async function runDiskJob(request: DiskJobRequest, control: OperationControl): Promise<unknown> {
  try {
    const job = JOBS[request.job] as (request: DiskJobRequest, control: OperationControl) => Promise<unknown>;
    return await job(request, control);
  } catch (error) {
    if (error instanceof AnnexError) throw error;
    if (error instanceof FileError || error instanceof ImageError) throw errorOfFile(error, fileOf(request));
    throw error;
  }
}

/** The file a person would name when asked what the job is about. */
function fileOf(request: DiskJobRequest): string {
  if ('image' in request) return request.image.path;
  if ('path' in request) return request.path;
  if ('state' in request) return request.state;
  return 'child' in request ? request.child.path : request.a.path;
}
