import type { JobView } from '../../shared/contract/events.js';
import type { Arguments } from './command.js';
import type { HostSession } from './host-session.js';
import type { Terminal } from './terminal.js';

/** Runs work that is a job of the host: shows how far it is on stderr, and cancels it on Ctrl+C. */
export async function withJobProgress<T>(
  session: HostSession,
  kind: JobView['kind'],
  args: Arguments,
  terminal: Terminal,
  work: () => Promise<T>,
): Promise<T> {
  let current: JobView | undefined;
  const unsubscribe = session.onEvent((event) => {
    if (event.type !== 'job' || event.job.kind !== kind) return;
    current = event.job;
    if (!args.flag('json') && current.totalBytes) terminal.error(`\r${progressText(current, current.totalBytes)}`);
  });
  const cancel = (): void => {
    if (current?.state === 'running') void session.request('job.cancel', { jobId: current.id });
  };
  process.on('SIGINT', cancel);
  try {
    return await work();
  } finally {
    process.off('SIGINT', cancel);
    unsubscribe();
    if (current?.totalBytes && !args.flag('json')) terminal.error('\n');
  }
} // prettier-ignore

function progressText({ state, doneBytes }: JobView, total: number): string {
  const done = state === 'done' ? total : doneBytes;
  return `${Math.min(100, Math.floor((100 * done) / total))} %`.padStart(5);
}
