import { AnnexError, toWireError } from '../../../shared/contract/errors.js';
import { toDiskJobSchema, type DiskJobRequest, type FromDiskJob } from '../../../shared/disk-jobs/protocol.js';
import type { OperationControl } from '../../vmm/block/formats/format-driver.js';
import type { ParentLink } from '../parent-link.js';
import { runDiskJob } from './run-disk-job.js';

/** Shortest time between two reports of progress, in ms. */
const REPORT_EVERY_MS = 100;

/** A process that does one job on disk images for its parent, and ends. */
export class DiskJobProcess {
  private started = false;
  private cancelled = false;
  private reportedAt = 0;

  constructor(
    private readonly parent: ParentLink<FromDiskJob>,
    private readonly exit: (code: number) => void,
  ) {
    parent.onMessage((message) => this.receive(message));
    // Nobody waits for the result: what was begun is ended and tidied up.
    parent.onGone(() => {
      this.cancelled = true;
      if (!this.started) this.exit(0);
    });
    void parent.send({ type: 'ready' });
  }

  private receive(message: unknown): void {
    const parsed = toDiskJobSchema.safeParse(message);
    if (!parsed.success) return void this.leave({ type: 'failed', error: toWireError(parsed.error) });
    if (parsed.data.type === 'cancel') this.cancelled = true;
    else if (!this.started) void this.run(parsed.data.request);
  }

  private async run(request: DiskJobRequest): Promise<void> {
    this.started = true;
    try {
      await this.leave({ type: 'done', value: await runDiskJob(request, this.control()) });
    } catch (error) {
      await this.leave({ type: 'failed', error: toWireError(error) });
    }
  }

  private control(): OperationControl {
    return {
      checkpoint: () => {
        if (this.cancelled) throw new AnnexError('cancelled', 'Cancelled.');
      },
      progress: (doneBytes, totalBytes) => {
        const now = performance.now();
        if (now - this.reportedAt < REPORT_EVERY_MS) return;
        this.reportedAt = now;
        void this.parent.send({ type: 'progress', doneBytes, totalBytes });
      },
    };
  }

  private async leave(lastWords: FromDiskJob): Promise<void> {
    await this.parent.send(lastWords);
    this.exit(0);
  }
}
