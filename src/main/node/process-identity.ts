import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Names one process for as long as the machine is up: a pid alone may have been given to somebody else since. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it started, in the platform's own notation; null where that cannot be found out. */
  readonly startTime: string | null;
}

/** Field 22 of /proc/PID/stat (proc(5)): clock ticks since boot. The command name before it may hold spaces and parentheses. */
function linuxStartTime(pid: number): string | null {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const afterName = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return afterName[0] === 'Z' ? null : (afterName[19] ?? null);
}

function startTime(pid: number): string | null {
  try {
    if (process.platform === 'linux') return linuxStartTime(pid);
    if (process.platform === 'win32') return null;
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || null;
  } catch {
    return null;
  }
}

export function identifyProcess(pid: number): ProcessIdentity {
  return { pid, startTime: startTime(pid) };
}

function pidExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Whether that very process, not another with its pid, is running. A zombie is not. */
export function isAlive(identity: ProcessIdentity): boolean {
  if (!Number.isInteger(identity.pid) || identity.pid <= 0 || !pidExists(identity.pid)) return false;
  const now = startTime(identity.pid);
  // On Linux only a zombie, or what ended meanwhile, has no start time.
  if (identity.startTime === null) return process.platform !== 'linux' || now !== null;
  return now === identity.startTime;
}
