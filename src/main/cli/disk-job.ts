import type { DiskJobReply, DiskJobRequest } from '../../shared/disk-jobs/protocol.js';
import { DiskJobs } from '../host/disk-jobs/disk-jobs.js';
import { ForkStarter } from '../host/supervisor/fork-starter.js';
import type { Arguments } from './command.js';
import { installation } from './installation.js';
import type { Terminal } from './terminal.js';

/**
 * Runs a disk job for this command, with its progress on a terminal. Ctrl+C cancels it, and what it has made so far is
 * removed. @throws AnnexError
 */
export async function runDiskJob<R extends DiskJobRequest>(
  request: R,
  args: Arguments,
  terminal: Terminal,
): Promise<DiskJobReply<R['job']>> {
  const abort = new AbortController();
  const interrupt = (): void => abort.abort();
  const shown = process.stderr.isTTY && !args.flag('json');
  process.once('SIGINT', interrupt);
  try {
    const progress = (done: number, total: number | null): void => {
      if (shown && total) terminal.error(`\r${Math.floor((done / total) * 100)} %`);
    };
    return await new DiskJobs(new ForkStarter(installation.diskJob)).run(request, { signal: abort.signal, progress });
  } finally {
    process.off('SIGINT', interrupt);
    if (shown) terminal.error('\r     \r');
  }
}
