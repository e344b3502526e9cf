import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect } from 'vitest';
import { RemoteHost } from '../../src/main/cli/remote-host.js';
import { findEndpoint } from '../../src/main/server/endpoint.js';
import type { CommandName, CommandRequest } from '../../src/shared/contract/commands.js';

const ANNEX = path.resolve('out/main/annex.js');
/** Longest a command may take before it counts as stuck, in ms. */
const COMMAND_LIMIT_MS = 60_000;
/** How long what was left behind may take to notice that it is alone, in ms. */
const ALONE_MS = 20_000;
const HOST_START_MS = 30_000;

/** Command lines: the programs give themselves a title when they are up. */
const MACHINE = /vmhost\.js|annex-vm/;
const DISK_JOB = /disk-job\.js|annex-disk/;

/** Who is killed: one process, whose children and parents are left behind, or all at once. */
export const VICTIMS = ['client', 'host', 'machine', 'job', 'everything'] as const;
export type Victim = (typeof VICTIMS)[number];

/** Starts a program of the product in a process group of its own. */
export function annex(library: string, args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [ANNEX, ...args, '--library', library], { detached: true, stdio: 'ignore' });
}

/** A command that somebody pulls the plug on, with the processes that carry it out. */
export class DoomedCommand {
  /** Process groups, each by its leader. */
  private readonly groups = new Set<number>();

  private constructor(
    private readonly library: string,
    /** Ends whoever gave the command, as SIGKILL would. */
    private readonly killClient: () => void,
    private readonly done: Promise<unknown>,
  ) {}

  /** A command line. */
  static line(library: string, args: readonly string[]): DoomedCommand {
    const child = annex(library, args);
    const command = new DoomedCommand(library, () => kill(child.pid!), once(child, 'exit'));
    command.groups.add(child.pid!);
    return command;
  }

  /** A command of the contract, given to a host in the background as the window does. */
  static async given<N extends CommandName>(
    library: string,
    name: N,
    request: CommandRequest<N>,
  ): Promise<DoomedCommand> {
    if (!(await findEndpoint(library))) annex(library, ['serve', '--background']);
    await expect.poll(() => findEndpoint(library), { timeout: HOST_START_MS, interval: 20 }).toBeDefined();
    const host = await RemoteHost.connect((await findEndpoint(library))!);
    // The socket of a client that dies is closed by its system.
    const done = host.request(name, request).catch(() => {});
    return new DoomedCommand(library, () => void host.close(), done);
  }

  /** Lets it run for a while and strikes; in the end all that is left of it is killed. */
  async cutOff(afterMs: number, victim: Victim): Promise<void> {
    const timer = setTimeout(() => void this.strike(victim), afterMs);
    const limit = setTimeout(() => void this.strike('everything'), COMMAND_LIMIT_MS);
    await this.done;
    clearTimeout(timer);
    clearTimeout(limit);
    await expect.poll(() => this.isGone(), { timeout: ALONE_MS }).toBe(true);
  }

  /** Strikes all that is left, which may still be starting a host; whether nothing was. */
  private async isGone(): Promise<boolean> {
    await this.strike('everything');
    return (await this.hosts()).length === 0 && [...this.groups].every(groupIsGone);
  }

  private async strike(victim: Victim): Promise<void> {
    // The client first: it may be about to start a host.
    if (victim === 'client' || victim === 'everything') this.killClient();
    const hosts = await this.hosts();
    for (const host of hosts) this.groups.add(host);
    if (victim === 'host') for (const host of hosts) kill(host);
    if (victim === 'machine') for (const pid of await this.members(MACHINE)) kill(pid);
    if (victim === 'job') for (const pid of await this.members(DISK_JOB)) kill(pid);
    if (victim === 'everything') for (const group of this.groups) kill(-group);
  }

  /** Hosts of the library, each the leader of its group; also one that cannot be reached yet, or no more. */
  private async hosts(): Promise<number[]> {
    const programs = await running();
    return programs.filter(({ args }) => args.includes('serve') && args.includes(this.library)).map(({ pid }) => pid);
  }

  /** Processes of this command that run a program. */
  private async members(program: RegExp): Promise<number[]> {
    const found = (await running()).filter(({ args }) => program.test(args.join(' ')));
    const groups = await Promise.all(found.map(({ pid }) => groupOf(pid)));
    return found.flatMap(({ pid }, i) => (this.groups.has(groups[i]!) ? [pid] : []));
  }
}

interface Running {
  readonly pid: number;
  readonly args: readonly string[];
}

/** Every process of this system, as /proc/PID/cmdline tells (proc(5)). */
async function running(): Promise<Running[]> {
  const pids = (await readdir('/proc')).map(Number).filter((pid) => pid > 0);
  return Promise.all(
    pids.map(async (pid) => {
      const line = await readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '');
      return { pid, args: line.split('\0') };
    }),
  );
}

/** Field 5 of /proc/PID/stat (proc(5)). */
async function groupOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2]);
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It is gone already.
  }
}

function groupIsGone(group: number): boolean {
  try {
    process.kill(-group, 0);
    return false;
  } catch {
    return true;
  }
}
