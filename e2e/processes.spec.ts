import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FRAME_HEADER_BYTES } from '../src/shared/contract/frames.js';
import type { HostEvent } from '../src/shared/contract/events.js';
import { ForkStarter } from '../src/main/host/supervisor/fork-starter.js';
import type { ProcessRights, VmChild } from '../src/main/host/supervisor/process-starter.js';
import { Host } from '../src/main/host/host.js';

const VM_PROCESS = path.resolve('out/main/vmhost.js');
const DISK_JOB = path.resolve('out/main/disk-job.js');
const PATIENCE = { timeout: 60_000, interval: 100 };

/** Remembers the processes it starts, so that tests can mistreat them. */
class WatchedStarter extends ForkStarter {
  readonly pids: number[] = [];

  override async start(title: string, rights: ProcessRights): Promise<VmChild> {
    const child = await super.start(title, rights);
    this.pids.push(child.pid);
    return child;
  }

  get pid(): number {
    return this.pids.at(-1)!;
  }
}

let library: string;
let host: Host;
let starter: WatchedStarter;
let events: HostEvent[];

beforeEach(async () => {
  library = await mkdtemp(path.join(tmpdir(), 'annex-processes-'));
  starter = new WatchedStarter(VM_PROCESS);
  host = await Host.open({ libraryPath: library, starter, diskJobStarter: new ForkStarter(DISK_JOB), version: '0' });
  events = [];
  host.onEvent((event) => events.push(event));
});

afterEach(async () => {
  await host.close();
  await rm(library, { recursive: true });
});

async function startMachine(): Promise<string> {
  const disk = { id: 'disk0', kind: 'disk', slot: { bus: 'ide', channel: 0, unit: 0 }, path: 'x' } as const;
  const draft = { name: 'Victim', memoryMiB: 32, drives: [disk], newDisks: { disk0: { sizeBytes: 1 << 20 } } };
  const { config } = await host.command('machine.create', { draft });
  await host.command('machine.start', { id: config.id });
  return config.id;
}

const machine = (id: string) => host.command('machine.get', { id });

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test('a killed VM process is told honestly, takes nothing with it, and the machine starts again', async () => {
  const id = await startMachine();
  const stats = host.command('machine.stats', { id });
  await stats;
  process.kill(starter.pid, 'SIGKILL');
  await vi.waitFor(async () => expect((await machine(id)).state).toBe('crashed'), PATIENCE);
  expect((await machine(id)).problem).toMatchObject({ code: 'vm-process-died', details: { how: 'signal SIGKILL' } });
  expect((await host.command('library.list', {})).broken).toEqual([]);
  expect((await host.command('machine.start', { id })).state).toBe('running');
  expect((await host.command('machine.powerOff', { id })).state).toBe('stopped');
  expect((await readdir(path.join(library, 'Victim.annex'))).filter((name) => name.endsWith('.lock'))).toEqual([]);
});

test('a second Annex sees that the machine is in use, and may have it once its process was killed', async () => {
  const id = await startMachine();
  const other = await Host.open({
    libraryPath: library,
    starter: new ForkStarter(VM_PROCESS),
    diskJobStarter: new ForkStarter(DISK_JOB),
    version: '0',
  });
  await expect(other.command('machine.start', { id })).rejects.toMatchObject({ code: 'vm-locked' });
  await expect(other.command('machine.delete', { id })).rejects.toMatchObject({ code: 'vm-locked' });
  process.kill(starter.pid, 'SIGKILL');
  await vi.waitFor(async () => expect((await machine(id)).state).toBe('crashed'), PATIENCE);
  expect((await other.command('machine.start', { id })).state).toBe('running');
  await other.close();
});

test.skipIf(process.platform === 'win32')(
  'a process that hangs is reported as stalled, and power-off ends it',
  async () => {
    const id = await startMachine();
    process.kill(starter.pid, 'SIGSTOP');
    await vi.waitFor(() => expect(events).toContainEqual({ type: 'stalled', machineId: id, stalled: true }), PATIENCE);
    process.kill(starter.pid, 'SIGCONT');
    await vi.waitFor(() => expect(events).toContainEqual({ type: 'stalled', machineId: id, stalled: false }), PATIENCE);
    process.kill(starter.pid, 'SIGSTOP');
    expect((await host.command('machine.powerOff', { id })).state).toBe('stopped');
    expect(exists(starter.pid)).toBe(false);
  },
);

test('a VM process whose host was killed closes its disks and goes', async () => {
  const served = fork('bin/annex.js', ['serve', '--library', library, '--json'], { silent: true });
  await once(served.stdout!, 'data');
  const { pid } = await startThrough(served);
  served.kill('SIGKILL');
  await vi.waitFor(() => expect(exists(pid)).toBe(false), PATIENCE);
  expect(await readFile(path.join(library, 'Victim.annex/machine.log'), 'utf8')).toContain('Annex is gone');
  const { machines } = await host.command('library.list', {});
  expect(machines).toMatchObject([{ state: 'crashed', problem: { code: 'vm-process-died' } }]);
});

/** Starts a machine by the command line, which finds the served host; gives the process that the lock names. */
async function startThrough(served: ChildProcess): Promise<{ pid: number }> {
  for (const args of [['create', 'Victim', '--memory', '32'], ['start', 'Victim']]) {
    const command = fork('bin/annex.js', [...args, '--library', library], { silent: true });
    expect((await once(command, 'exit'))[0]).toBe(0);
  }
  const lock = JSON.parse(await readFile(path.join(library, 'Victim.annex/machine.lock'), 'utf8')) as { pid: number };
  expect(lock.pid).not.toBe(served.pid);
  return lock;
} // prettier-ignore

test('a display channel brings the screen at once', async () => {
  const id = await startMachine();
  const channel = await host.openChannel(id, 'display');
  const first = await new Promise<Uint8Array>((resolve) => channel.onMessage(resolve));
  expect(first.length).toBeGreaterThanOrEqual(FRAME_HEADER_BYTES);
  channel.close();
});
