import { existsSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Host } from '../../src/main/host/host.js';
import type { CommandName, CommandRequest } from '../../src/shared/contract/commands.js';
import type { AnnexError } from '../../src/shared/contract/errors.js';
import { DyingFiles, type Fate } from '../../src/testing/dying-files.js';
import { Random } from '../../src/testing/random.js';
import type { VmPlan } from '../../src/shared/vm-process/protocol.js';
import { mergeChildDown, rebaseDisk } from '../../src/main/vmhost/disk-jobs/layer-jobs.js';
import { FakeVmStarter, type MergeDownCall } from '../../src/testing/fake-vm-starter.js';
import { InProcessDiskJobStarter } from '../../src/testing/in-process-disk-jobs.js';
import { Attempts, CrashSite, type Contents } from './crash-site.js';

/** Something a person does; merges, which are the work of other processes, are put off. */
interface Deed {
  readonly name: string;
  do(host: Host, id: string, attempts: Attempts): Promise<unknown>;
}

const onSnapshot =
  (which: number, command: 'snapshot.revert' | 'snapshot.delete'): Deed['do'] =>
  async (host, id, attempts) => {
    const { snapshots } = await host.command('snapshot.tree', { id });
    return attempts.make(host, command, { id, snapshotId: snapshots.at(which)!.id });
  };

const editDisks: Deed['do'] = async (host, id, attempts) => {
  const { drives } = (await host.command('machine.get', { id })).config;
  const slot = { bus: 'ide', channel: 1, unit: 1 } as const;
  const patch = {
    drives: [
      ...drives,
      { id: 'disk9', kind: 'disk' as const, slot, path: 'new', format: 'raw' as const, readonly: false },
    ],
    newDisks: { disk9: { sizeBytes: 1 << 20 } },
  };
  return attempts.make(host, 'machine.edit', { id, patch });
};

/** Every layer goes down into the disk below them all, the present one in the end. */
const deleteAllLive: Deed['do'] = async (host, id, attempts) => {
  const { snapshots } = await host.command('snapshot.tree', { id });
  await attempts.make(host, 'machine.start', { id });
  for (const { id: snapshotId } of snapshots) await attempts.make(host, 'snapshot.delete', { id, snapshotId });
  return attempts.make(host, 'machine.powerOff', { id });
};

/** What a VM process does to the files of a drive when it merges a layer down. */
async function mergeFiles({ config, backing }: VmPlan, { driveId, layer, child }: MergeDownCall): Promise<boolean> {
  const head = config.drives.find(({ id }) => id === driveId)!.path!;
  const chain = [head, ...backing[driveId]!].filter((file) => existsSync(file));
  const at = chain.indexOf(child);
  const control = { checkpoint: () => {}, progress: () => {} };
  const image = (place: number) => ({ path: chain[place]!, format: 'qcow2' as const, bases: chain.slice(place + 1) });
  await mergeChildDown({ job: 'merge-down', child: image(at), layer }, control);
  if (at === 0) return true;
  const format = layer.endsWith('.qcow2') ? ('qcow2' as const) : ('raw' as const);
  const name = path.relative(path.dirname(chain[at - 1]!), layer);
  await rebaseDisk({ job: 'rebase', image: image(at - 1), backing: { name, format } });
  return false;
}

/** A deed that is one command. */
function single<N extends CommandName>(name: string, command: N, request: (id: string) => CommandRequest<N>): Deed {
  return { name, do: (host, id, attempts) => attempts.make(host, command, request(id)) };
}

const DEEDS: readonly Deed[] = [
  single('take', 'snapshot.take', (id) => ({ id, name: 'new' })),
  { name: 'revert to the first', do: onSnapshot(0, 'snapshot.revert') },
  { name: 'revert to the last', do: onSnapshot(-1, 'snapshot.revert') },
  { name: 'delete the first', do: onSnapshot(0, 'snapshot.delete') },
  { name: 'delete the last', do: onSnapshot(-1, 'snapshot.delete') },
  single('clone linked', 'machine.clone', (id) => ({ id, name: 'Copy', kind: 'linked' })),
  single('clone', 'machine.clone', (id) => ({ id, name: 'Copy', kind: 'full' })),
  single('save settings', 'machine.edit', (id) => ({ id, patch: { memoryMiB: 32 } })),
  { name: 'add a disk in the settings', do: editDisks },
  single('grow', 'disk.grow', (id) => ({ id, driveId: 'disk0', sizeBytes: 4 << 20 })),
  single('add a disk', 'disk.add', (id) => ({ id, sizeBytes: 1 << 20, format: 'qcow2' })),
  single('remove a disk', 'disk.remove', (id) => ({ id, driveId: 'disk1', deleteFile: true })),
  single('convert', 'disk.convert', (id) => ({ id, driveId: 'disk1', format: 'raw' })),
  single('compact a layer', 'disk.compact', (id) => ({ id, driveId: 'disk0' })),
  single('compact a disk', 'disk.compact', (id) => ({ id, driveId: 'disk1' })),
  single('create', 'machine.create', () => ({ draft: { name: 'Other', memoryMiB: 16 } })),
  { name: 'delete all of a running machine', do: deleteAllLive },
  {
    name: 'run, snapshot, suspend, go on',
    async do(host, id, attempts) {
      await attempts.make(host, 'machine.start', { id });
      await attempts.make(host, 'snapshot.take', { id, name: 'live' });
      await attempts.make(host, 'machine.suspend', { id });
      await attempts.make(host, 'machine.resume', { id });
      return attempts.make(host, 'machine.powerOff', { id });
    },
  },
  {
    name: 'run and keep nothing',
    async do(host, id, attempts) {
      await attempts.make(host, 'machine.start', { id, disposable: true });
      return attempts.make(host, 'machine.powerOff', { id });
    },
  },
];

const FATES: readonly Fate[] = [
  { kind: 'killed', halfway: false },
  { kind: 'killed', halfway: true },
];

/** What a person is told, which says what to do. */
const CODE_OF = { ENOSPC: 'no-space', EACCES: 'no-permission' } as const;
const ADVICE_OF = { ENOSPC: expect.stringMatching(/[Ff]ree/), EACCES: expect.stringMatching(/permission/) };

const HOUR = 3_600_000;
const SEED = Number(process.env['CRASH_SEED'] ?? Date.now() % 2 ** 31);

let tried = 0;
let template: CrashSite;
let site: CrashSite;
let before: Contents;
let present: string;
let second: string;

beforeAll(async () => {
  // Merges are put off: a host that dies in one leaves what `DISK_RUNS` and the killed processes look at.
  template = await CrashSite.create(new FakeVmStarter(mergeFiles), new InProcessDiskJobStarter({ refuse: /^merge-/ }));
  const host = await template.open();
  const { id } = (await host.command('library.list', {})).machines[0]!.config;
  for (const name of ['one', 'two', 'three']) {
    await template.scribble();
    await host.command('snapshot.take', { id, name });
  }
  await template.scribble();
  await host.command('disk.add', { id, sizeBytes: 1 << 20, format: 'qcow2' });
  await host.close();
  before = await template.contents();
  present = (await template.present())!;
  second = (await template.present('disk1'))!;
});

afterAll(async () => {
  await template.remove();
  console.info(`${tried} points tried`);
});

/** Runs `work` on a fresh copy of the library. */
async function onCopy<T>(work: () => Promise<T>): Promise<T> {
  tried++;
  site = await template.copy();
  return work().finally(() => site.remove());
}

async function machineId(host: Host): Promise<string> {
  const { machines, broken } = await host.command('library.list', {});
  expect(broken).toEqual([]);
  return machines.find(({ config }) => config.name === 'Test')!.config.id;
}

/** @returns what the host said */
async function doAndDie(deed: Deed, files: DyingFiles): Promise<readonly AnnexError[]> {
  const host = await site.open(files);
  const id = await machineId(host);
  const attempts = new Attempts();
  files.arm();
  await deed.do(host, id, attempts);
  files.kill();
  await host.close().catch(() => {});
  await site.breakLocks();
  return attempts.errors;
}

/** The next host is killed while it puts things right. */
async function dieRecovering(at: number): Promise<void> {
  const files = new DyingFiles(at);
  files.arm();
  await site.open(files).then(
    (host) => host.close(),
    () => {},
  );
  await site.breakLocks();
}

/** Whatever happened: a valid tree, every snapshot as it was or gone because it was deleted, nothing left lying about. */
async function checkNextStart(deed: Deed): Promise<void> {
  const host = await site.open();
  const id = await machineId(host);
  const tree = await host.command('snapshot.tree', { id });
  expect(tree.problem).toBeNull();
  const after = await site.contents();
  const lost = [...before]
    .filter(([snapshot, content]) => after.get(snapshot) !== content)
    .map(([snapshot]) => snapshot);
  expect(lost.length).toBeLessThanOrEqual(
    deed.name.startsWith('delete all') ? 3 : deed.name.startsWith('delete') ? 1 : 0,
  );
  for (const snapshot of lost) expect(after.has(snapshot)).toBe(false);
  const reverted = deed.name.startsWith('revert');
  const now = await site.present();
  expect(reverted ? [present, ...before.values()] : [present]).toContain(now);
  const withoutSecond = reverted || deed.name.startsWith('remove');
  expect(withoutSecond ? [second, undefined] : [second]).toContain(await site.present('disk1'));
  // A disk that was added after the snapshot is taken out, and its file kept.
  const kept = reverted ? ['disk1.qcow2'] : [];
  expect((await site.orphans()).filter((name) => !kept.includes(name))).toEqual([]);
  const view = await host.command('machine.get', { id });
  expect(['stopped', 'crashed', 'suspended']).toContain(view.state);
  const [committed] = after.keys();
  if (committed !== undefined) await host.command('snapshot.revert', { id, snapshotId: committed });
  if (committed !== undefined) expect(await site.present()).toBe(after.get(committed));
  await host.close();
}

/** Steps a deed takes when nothing goes wrong. */
function countSteps(deed: Deed): Promise<number> {
  return onCopy(async () => {
    const files = new DyingFiles(Infinity);
    const host = await site.open(files);
    const id = await machineId(host);
    files.arm();
    await deed.do(host, id, new Attempts());
    await host.close();
    return files.steps;
  });
}

/** How many of a deed's steps are tried, in a new order each time; `all` for every one. */
const POINTS = process.env['CRASH_POINTS'] === 'all' ? Infinity : Number(process.env['CRASH_POINTS'] ?? 3);

/** Steps to die at, the same for the same seed. */
function pick(steps: number, count: number): number[] {
  const all = Array.from({ length: steps }, (_, i) => i + 1);
  const random = new Random(SEED);
  return all
    .map((at) => ({ at, order: random.word() }))
    .sort((a, b) => a.order - b.order)
    .slice(0, count)
    .map(({ at }) => at);
}

describe.each(DEEDS)('$name', (deed) => {
  it(
    `loses nothing when the host is killed (seed ${SEED})`,
    async () => {
      for (const at of pick(await countSteps(deed), POINTS))
        for (const fate of FATES)
          await onCopy(async () => {
            await doAndDie(deed, new DyingFiles(at, fate));
            await dieRecovering((at % 7) + 1);
            await checkNextStart(deed);
          });
    },
    HOUR,
  );

  it(
    `loses nothing when the disk is full or forbidden (seed ${SEED})`,
    async () => {
      for (const at of pick(await countSteps(deed), POINTS))
        for (const code of ['ENOSPC', 'EACCES'] as const)
          await onCopy(async () => {
            const [first] = await doAndDie(deed, new DyingFiles(at, { kind: 'refused', code, onwards: true }));
            if (first) expect(first, first.message).toMatchObject({ code: CODE_OF[code], message: ADVICE_OF[code] });
            await checkNextStart(deed);
          });
    },
    HOUR,
  );
});
