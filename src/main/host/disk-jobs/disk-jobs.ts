import { AnnexError } from '../../../shared/contract/errors.js';
import {
  diskJobReplySchemas,
  fromDiskJobSchema,
  type DiskJobReply,
  type DiskJobRequest,
  type FromDiskJob,
} from '../../../shared/disk-jobs/protocol.js';
import type { JobControl } from '../jobs.js';
import type { ProcessStarter, VmChild } from '../supervisor/process-starter.js';
import { writableFolders } from './job-rights.js';
import { requireUsable } from './usable-folder.js';

/** Time a cancelled job has to tidy up before its process is ended, in ms. */
const CANCEL_GRACE_MS = 10_000;

/**
 * Work on disk images that no machine has open. Each job runs in a process of its own: it reads hostile files, and the
 * host never opens an image itself.
 */
export class DiskJobs {
  /** @param starter starts the disk-job program (`out/main/disk-job.js`) */
  constructor(private readonly starter: ProcessStarter) {}

  /** @throws AnnexError of the job; `cancelled` if it was cancelled; `internal` if its process died */
  async run<R extends DiskJobRequest>(request: R, control: JobControl): Promise<DiskJobReply<R['job']>> {
    control.signal.throwIfAborted();
    const writable = writableFolders(request);
    for (const folder of writable) await requireUsable(folder);
    const child = await this.starter.start(`disk ${request.job}`, { writable });
    const value = await supervise(child, request, control);
    const reply = diskJobReplySchemas[request.job].safeParse(value);
    if (reply.success) return reply.data as DiskJobReply<R['job']>;
    throw new AnnexError('internal', `The ${request.job} job answered with something unexpected.`);
  }
}

/** One job from the start of its process to its end. */
function supervise(child: VmChild, request: DiskJobRequest, { signal, progress }: JobControl): Promise<unknown> {
  return new Promise((resolve, reject) => {
    let grace: NodeJS.Timeout | undefined;
    let settle = (): void => reject(diedError(undefined));
    const cancel = (): void => {
      child.send({ type: 'cancel' });
      grace = setTimeout(() => child.kill(), CANCEL_GRACE_MS);
    };
    const hear = (message: FromDiskJob): void => {
      if (message.type === 'ready') child.send({ type: 'start', request });
      else if (message.type === 'progress') progress(message.doneBytes, message.totalBytes);
      else if (message.type === 'done') settle = () => resolve(message.value);
      else settle = () => reject(AnnexError.fromWire(message.error));
    };
    signal.addEventListener('abort', cancel, { once: true });
    child.onMessage((message) => {
      const parsed = fromDiskJobSchema.safeParse(message);
      if (parsed.success) hear(parsed.data);
      else child.kill();
    });
    // A job is over when its process is: only then are its files closed and their locks gone.
    child.onExit((exit) => {
      clearTimeout(grace);
      signal.removeEventListener('abort', cancel);
      if (exit.code !== 0) settle = () => reject(signal.aborted ? cancelledError() : diedError(exit.stderr));
      settle();
    });
  });
}

function diedError(cause: string | undefined): AnnexError {
  const message = 'The process that works on the disk ended too early. The disk is as it was; try again.';
  return new AnnexError('internal', message, {}, cause === undefined ? {} : { cause });
}

function cancelledError(): AnnexError {
  return new AnnexError('cancelled', 'Cancelled.');
}
