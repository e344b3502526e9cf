import { randomUUID } from 'node:crypto';
import { AnnexError } from '../../shared/contract/errors.js';
import type { JobView } from '../../shared/contract/events.js';
import { hostError } from './host-error.js';

/** What a job's work is given. */
export interface JobControl {
  readonly signal: AbortSignal;
  progress(doneBytes: number, totalBytes: number | null): void;
}

type JobDescription = Pick<JobView, 'kind' | 'title' | 'machineId'>;

/** Shortest time between two progress reports of a job, in ms. */
const REPORT_EVERY_MS = 100;

/** Long work that clients watch through `job` events and may cancel. */
export class Jobs {
  private readonly running = new Map<string, AbortController>();

  constructor(private readonly report: (job: JobView) => void) {}

  /** Runs `work` as a job and gives its result. @throws what it throws; AnnexError `cancelled` if it was cancelled */
  async run<T>(description: JobDescription, work: (control: JobControl) => Promise<T>): Promise<T> {
    const abort = new AbortController();
    let job: JobView = {
      ...description,
      id: randomUUID(),
      doneBytes: 0,
      totalBytes: null,
      state: 'running',
      error: null,
    };
    const change = (news: Partial<JobView>): void => this.report((job = { ...job, ...news }));
    this.running.set(job.id, abort);
    change({});
    try {
      const result = await work({ signal: abort.signal, progress: throttled(change) });
      change({ state: 'done' });
      return result;
    } catch (error) {
      const reason = abort.signal.aborted ? cancelledError(error) : error;
      change(endOf(reason));
      throw reason;
    } finally {
      this.running.delete(job.id);
    }
  }

  /** A job that is over, or never was, needs no cancelling. */
  cancel(id: string): void {
    this.running.get(id)?.abort();
  }

  cancelAll(): void {
    this.running.forEach((abort) => abort.abort());
  }
}

function throttled(change: (news: Partial<JobView>) => void): JobControl['progress'] {
  let last = 0;
  return (doneBytes, totalBytes) => {
    if (Date.now() - last < REPORT_EVERY_MS) return;
    last = Date.now();
    change({ doneBytes, totalBytes });
  };
}

function endOf(reason: unknown): Partial<JobView> {
  const error = hostError(reason).toWire();
  return { state: error.code === 'cancelled' ? 'cancelled' : 'failed', error };
}

function cancelledError(cause: unknown): AnnexError {
  return new AnnexError('cancelled', 'Cancelled.', {}, { cause });
}
