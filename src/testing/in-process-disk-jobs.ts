import type { ToDiskJob } from '../shared/disk-jobs/protocol.js';
import type { ProcessExit, ProcessStarter, VmChild } from '../main/host/supervisor/process-starter.js';
import type { Transfer } from '../main/vmhost/parent-link.js';
import { DiskJobProcess } from '../main/vmhost/disk-jobs/disk-job-process.js';

/** The real disk-job program without a process of its own: for tests of what asks for jobs. */
class InProcessDiskJob implements VmChild {
  readonly pid = process.pid;
  private hear: (message: unknown, transfer: Transfer) => void = () => {};
  private tell: (message: unknown) => void = () => {};
  private leave: (exit: ProcessExit) => void = () => {};

  /** @param refuse names of jobs that end at once as if cancelled */
  constructor(private readonly refuse: RegExp | undefined) {
    const send = async (message: unknown): Promise<void> => {
      await new Promise((resolve) => setImmediate(resolve));
      this.tell(message);
    };
    const parent = {
      onMessage: (listener: (message: unknown, transfer: Transfer) => void) => (this.hear = listener),
      onGone: () => {},
      send,
    };
    new DiskJobProcess(parent, (code) => this.leave({ code, signal: null, stderr: '' }));
  }

  send(message: ToDiskJob): void {
    if (message.type === 'start' && this.refuse?.test(message.request.job)) this.giveUp();
    else setImmediate(() => this.hear(message, {}));
  }

  onMessage(listener: (message: unknown) => void): void {
    this.tell = listener;
  }

  onExit(listener: (exit: ProcessExit) => void): void {
    this.leave = listener;
  }

  private giveUp(): void {
    this.tell({ type: 'failed', error: { code: 'cancelled', message: 'put off' } });
    this.leave({ code: 0, signal: null, stderr: '' });
  }

  kill(): void {
    // A thread of this process cannot be killed; the job ends by itself.
  }
}

export class InProcessDiskJobStarter implements ProcessStarter {
  readonly transfersPorts = false;

  constructor(private readonly options: { readonly refuse?: RegExp } = {}) {}

  start(): Promise<VmChild> {
    return Promise.resolve(new InProcessDiskJob(this.options.refuse) as VmChild);
  }
}
