import { defineStore } from 'pinia';
import { computed, shallowReactive } from 'vue';
import type { JobView } from '../../shared/contract/events.js';
import { useClient } from '../client/client-context.js';

interface TimedJob {
  readonly job: JobView;
  readonly firstSeenAt: number;
}

/** Long work of the host: bytes done, time left, cancel. */
export const useJobsStore = defineStore('jobs', () => {
  const client = useClient();
  const jobs = shallowReactive(new Map<string, TimedJob>());
  const running = computed(() => [...jobs.values()].map(({ job }) => job).filter((job) => job.state === 'running'));

  /** Seconds until the job ends at its mean speed so far; null while that cannot be told. */
  function secondsLeft(jobId: string, now = Date.now()): number | null {
    const timed = jobs.get(jobId);
    if (!timed || timed.job.totalBytes === null || timed.job.doneBytes <= 0) return null;
    const elapsed = (now - timed.firstSeenAt) / 1000;
    if (elapsed < 1) return null;
    return ((timed.job.totalBytes - timed.job.doneBytes) * elapsed) / timed.job.doneBytes;
  }

  function update(job: JobView, now = Date.now()): void {
    jobs.set(job.id, { job, firstSeenAt: jobs.get(job.id)?.firstSeenAt ?? now });
  }

  function dismiss(jobId: string): void {
    jobs.delete(jobId);
  }

  async function cancel(jobId: string): Promise<void> {
    await client.request('job.cancel', { jobId });
  }

  client.onEvent((event) => {
    if (event.type === 'job') update(event.job);
  });

  return { jobs, running, secondsLeft, dismiss, cancel };
});
