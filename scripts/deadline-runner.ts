import { TestRunner, type RunnerTask, type RunnerTestFile } from 'vitest';

/** Seconds since 1970 from which on no further file of long tests is begun; without it all are. */
const deadline = Number(process.env.ANNEX_LONG_UNTIL ?? Infinity);

/** Runs long tests while there is time: what has not begun by the deadline is skipped, and said to be. */
export default class DeadlineRunner extends TestRunner {
  onCollected(files: RunnerTestFile[]): void {
    if (Date.now() / 1000 < deadline) return;
    for (const file of files) {
      console.warn(`${file.name}: skipped, the time for long tests is over (ANNEX_LONG_UNTIL)`);
      skip(file);
    }
  }
}

function skip(task: RunnerTask): void {
  task.mode = 'skip';
  if ('tasks' in task) task.tasks.forEach(skip);
}
