import type { DiskJobRequest, FromDiskJob, ToDiskJob } from '../shared/disk-jobs/protocol.js';
import type { ProcessExit, ProcessStarter, VmChild } from '../main/host/supervisor/process-starter.js';

/** A disk-job process that exists only as messages, and says it did what it was asked. */
class FakeDiskJob implements VmChild {
  readonly pid = process.pid;
  private tell: (message: unknown) => void = () => {};
  private leave: (exit: ProcessExit) => void = () => {};

  constructor(private readonly answer: (request: DiskJobRequest) => FromDiskJob) {
    setImmediate(() => this.tell({ type: 'ready' }));
  }

  send(message: ToDiskJob): void {
    const last: FromDiskJob =
      message.type === 'start'
        ? this.answer(message.request)
        : { type: 'failed', error: { code: 'cancelled', message: 'Cancelled.' } };
    this.tell(last);
    this.leave({ code: 0, signal: null, stderr: '' });
  }

  onMessage(listener: (message: unknown) => void): void {
    this.tell = listener;
  }

  onExit(listener: (exit: ProcessExit) => void): void {
    this.leave = listener;
  }

  kill(): void {
    this.leave({ code: null, signal: 'SIGKILL', stderr: '' });
  }
}

/** Remembers what was asked of disk jobs. */
export class FakeDiskJobStarter implements ProcessStarter {
  readonly transfersPorts = false;
  readonly requests: DiskJobRequest[] = [];
  /** What the next jobs end with in place of success. */
  failure: FromDiskJob | undefined;

  start(): Promise<VmChild> {
    return Promise.resolve(
      new FakeDiskJob((request) => {
        this.requests.push(request);
        return this.failure ?? { type: 'done', value: answerTo(request) };
      }) as VmChild,
    );
  }
}

function answerTo({ job }: DiskJobRequest): unknown {
  if (job === 'compact') return { bytesBefore: 2, bytesAfter: 1 };
  if (job === 'check') return { errors: 0, leaks: 0, repairedErrors: 0, repairedLeaks: 0, problems: [] };
  if (job === 'compare-memory') return { differentBytes: 4096, totalBytes: 64 << 20 };
  return job === 'compare' ? { differentBytes: 65536, ranges: [] } : {};
}
