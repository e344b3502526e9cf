import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

const TICKS_PER_SECOND = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

interface ProcessTimes {
  readonly parent: number;
  /** Of the process and of its children that have ended. */
  readonly cpuSeconds: number;
}

/** Fields of /proc/PID/stat (proc(5)): 4 is the parent, 14 to 17 are user and system time of it and its reaped children. */
function readTimes(pid: number): ProcessTimes | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ticks = [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index]), 0);
    return { parent: Number(fields[1]), cpuSeconds: ticks / TICKS_PER_SECOND };
  } catch {
    return undefined;
  }
}

/** CPU seconds of a process with everything it started. */
export function treeCpuSeconds(root: number): number {
  const all = new Map<number, ProcessTimes>();
  for (const name of readdirSync('/proc')) {
    const times = /^\d+$/.test(name) ? readTimes(Number(name)) : undefined;
    if (times) all.set(Number(name), times);
  }
  const belongs = (pid: number): boolean => pid === root || (all.has(pid) && belongs(all.get(pid)!.parent));
  return [...all].filter(([pid]) => belongs(pid)).reduce((sum, [, times]) => sum + times.cpuSeconds, 0);
}

/** A command whose standard output is watched for markers. */
export class WatchedProcess {
  private readonly child: ChildProcess;
  private output = '';
  private readonly waiters = new Set<() => void>();

  constructor(command: string, args: readonly string[]) {
    this.child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'], detached: true });
    this.child.stdout!.setEncoding('latin1').on('data', (text: string) => {
      this.output += text;
      this.waiters.forEach((waiter) => waiter());
    });
    this.child.on('exit', () => this.waiters.forEach((waiter) => waiter()));
  }

  /** Resolves when the output holds `marker`. @throws if it does not within the time, or the process ends before */
  waitFor(marker: string, timeoutSeconds: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const finish = (act: () => void): void => {
        clearTimeout(timer);
        this.waiters.delete(check);
        act();
      };
      const check = (): void => {
        if (this.output.includes(marker)) finish(resolve);
        else if (this.child.exitCode !== null)
          finish(() => reject(new Error(`ended before “${marker}”:\n${this.tail()}`)));
      };
      const late = (): void =>
        finish(() => reject(new Error(`no “${marker}” in ${timeoutSeconds} s:\n${this.tail()}`)));
      const timer = setTimeout(late, timeoutSeconds * 1000);
      this.waiters.add(check);
      check();
    });
  }

  type(text: string): void {
    this.child.stdin!.write(text);
  }

  cpuSeconds(): number {
    return treeCpuSeconds(this.child.pid!);
  }

  /** Ends the command and all it started. */
  async stop(): Promise<void> {
    if (this.child.exitCode !== null) return;
    const gone = new Promise((resolve) => this.child.once('exit', resolve));
    process.kill(-this.child.pid!, 'SIGKILL');
    await gone;
  }

  private tail(): string {
    return this.output.split('\n').slice(-15).join('\n');
  }
}
