import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { AnnexError } from '../../../shared/contract/errors.js';
import { FakeDiskJobStarter } from '../../../testing/fake-disk-jobs.js';
import { FakeVmStarter } from '../../../testing/fake-vm-starter.js';
import { Host } from '../host.js';
import { COUNT_EVERY_MS } from './auto-snapshots.js';
import { Snapshots } from './snapshots.js';

const HOUR = 3_600_000;
let root: string;
let starter: FakeVmStarter;
let host: Host;
let id: string;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  root = await mkdtemp(path.join(tmpdir(), 'annex-auto-'));
  starter = new FakeVmStarter();
  host = await Host.open({
    libraryPath: root,
    starter,
    diskJobStarter: new FakeDiskJobStarter(),
    version: '0',
  });
  const draft = { name: 'Test', memoryMiB: 64, autoSnapshots: { every: 'hour' as const, keep: 2 } };
  id = (await host.command('machine.create', { draft })).config.id;
});

afterEach(async () => {
  vi.useRealTimers();
  await host.close();
  await rm(root, { recursive: true });
});

const tree = () => host.command('snapshot.tree', { id });

const automatic = async () => (await tree()).snapshots.filter(({ kind }) => kind === 'automatic');

/** Lets a period pass on the host's timers; what they start goes on in real time. */
function pass(ms: number): void {
  for (let passed = 0; passed < ms; passed += COUNT_EVERY_MS) vi.advanceTimersByTime(COUNT_EVERY_MS);
}

it('counts only the time the machine runs', async () => {
  pass(2 * HOUR);
  await host.command('machine.start', { id });
  pass(HOUR / 2);
  await host.command('machine.pause', { id });
  pass(2 * HOUR);
  expect((await tree()).snapshots).toEqual([]);
  await host.command('machine.resume', { id });
  pass(HOUR / 2);
  await expect.poll(async () => (await tree()).snapshots.length, { timeout: 25_000 }).toBe(1);
  expect((await tree()).snapshots).toMatchObject([{ kind: 'automatic', power: 'running' }]);
});

it('keeps as many as it is told to, and never drops those a person took', async () => {
  await host.command('machine.start', { id });
  await host.command('snapshot.take', { id, name: 'mine' });
  const seen = new Set<string>();
  for (let number = 1; number <= 4; number++) {
    pass(HOUR);
    const fresh = async () => {
      // It may come a count later, when the one before is over.
      pass(COUNT_EVERY_MS);
      return (await tree()).snapshots.filter((s) => s.kind === 'automatic' && !seen.has(s.id)).length;
    };
    await expect.poll(fresh, { timeout: 25_000, interval: 100 }).toBe(1);
    await expect.poll(async () => (await tree()).snapshots.length, { timeout: 25_000 }).toBe(1 + Math.min(number, 2));
    for (const snapshot of (await tree()).snapshots) seen.add(snapshot.id);
  }
  expect((await tree()).snapshots.map(({ name }) => name)).toEqual(['mine', 'Automatic', 'Automatic']);
}, 120_000);

it('waits for what a person does with the machine, and takes one snapshot then', async () => {
  await host.command('machine.start', { id });
  starter.vm.answers = false;
  const asked = () => starter.vm.received.filter((m) => m.type === 'call' && m.call.name === 'take-snapshot');
  const mine = host.command('snapshot.take', { id, name: 'mine' });
  await expect.poll(asked).toHaveLength(1);
  pass(HOUR + COUNT_EVERY_MS);
  await host.command('machine.get', { id });
  expect(await automatic()).toEqual([]);
  starter.vm.goOn();
  await mine;
  const taken = async () => {
    pass(COUNT_EVERY_MS);
    return (await automatic()).length;
  };
  await expect.poll(taken, { timeout: 25_000, interval: 100 }).toBe(1);
  expect(asked()).toHaveLength(2);
});

it('counts a new period from a snapshot whose old ones could not be deleted yet', async () => {
  await host.command('machine.start', { id });
  const busy = new AnnexError('vm-busy', 'Something else is being done.');
  const take = vi.spyOn(Snapshots.prototype, 'take');
  const remove = vi.spyOn(Snapshots.prototype, 'delete').mockRejectedValue(busy);
  for (let number = 1; number <= 3; number++) {
    pass(HOUR - COUNT_EVERY_MS);
    const taken = async () => {
      // It may come a count later, when the one before is over.
      pass(COUNT_EVERY_MS);
      return (await automatic()).length;
    };
    await expect.poll(taken, { timeout: 25_000, interval: 100 }).toBe(number);
  }
  await expect.poll(() => remove.mock.calls.length, { timeout: 25_000 }).toBe(1);
  await automatic();
  pass(HOUR / 2);
  expect(take).toHaveBeenCalledTimes(3);
  remove.mockRestore();
  const kept = async () => {
    pass(COUNT_EVERY_MS);
    return (await automatic()).length;
  };
  pass(HOUR / 2);
  await expect.poll(kept, { timeout: 25_000, interval: 100 }).toBe(2);
});
