import { readdirSync, readFileSync } from 'node:fs';

/** What the frame path consists of, and the guest. */
export type Part =
  | 'guest'
  | 'VM process, I/O thread'
  | 'VM process, other threads'
  | 'server'
  | 'server, other threads'
  | 'Chromium page'
  | 'Chromium page, other threads'
  | 'Chromium network'
  | 'Chromium compositor'
  | 'Chromium browser';

/** Time on a processor and time spent ready but waiting for one, in ms. */
export interface Times {
  readonly ran: number;
  readonly waited: number;
}

export type CpuSplit = ReadonlyMap<Part, Times>;

/**
 * Processor time of this process (the server) and its descendants so far, by part of the frame path. Linux only:
 * proc(5), `/proc/PID/task/TID/schedstat` is time run and time waited in ns.
 */
export function cpuSplit(): CpuSplit {
  const split = new Map<Part, Times>();
  for (const pid of descendants(process.pid)) {
    for (const { tid, name, times } of threads(pid)) {
      const part = partOf(pid, commandLine(pid), tid === pid, name);
      const before = split.get(part) ?? { ran: 0, waited: 0 };
      split.set(part, { ran: before.ran + times.ran, waited: before.waited + times.waited });
    }
  }
  return split;
}

export function timesBetween(before: CpuSplit, after: CpuSplit): CpuSplit {
  return new Map(
    [...after].map(([part, { ran, waited }]) => {
      const earlier = before.get(part) ?? { ran: 0, waited: 0 };
      return [part, { ran: ran - earlier.ran, waited: waited - earlier.waited }];
    }),
  );
}

function partOf(pid: number, command: string, main: boolean, thread: string): Part {
  if (pid === process.pid) return main ? 'server' : 'server, other threads';
  if (command.includes('--type=renderer')) return main ? 'Chromium page' : 'Chromium page, other threads';
  if (command.includes('--type=gpu-process')) return 'Chromium compositor';
  if (command.includes('--type=utility')) return 'Chromium network';
  if (command.includes('chromium')) return 'Chromium browser';
  if (thread === 'machine') return 'guest';
  return main ? 'VM process, I/O thread' : 'VM process, other threads';
}

function descendants(root: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    const stat = /^\d+$/.test(name) ? read(`/proc/${name}/stat`) : '';
    if (stat) parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
  }
  const belongs = (pid: number): boolean => pid === root || (parents.has(pid) && belongs(parents.get(pid)!));
  return [...parents.keys()].filter(belongs);
}

function* threads(pid: number): Generator<{ tid: number; name: string; times: Times }> {
  for (const tid of list(`/proc/${pid}/task`)) {
    const folder = `/proc/${pid}/task/${tid}`;
    const [ran = 0, waited = 0] = read(`${folder}/schedstat`).split(' ').map(Number);
    yield { tid: Number(tid), name: read(`${folder}/comm`).trim(), times: { ran: ran / 1e6, waited: waited / 1e6 } };
  }
}

const commandLine = (pid: number): string => read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ');

/** Empty for a process that has gone meanwhile. */
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
