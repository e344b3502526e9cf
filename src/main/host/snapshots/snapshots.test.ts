import { mkdtemp, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { SnapshotTreeView } from '../../../shared/contract/snapshot-view.js';
import { FakeDiskJobStarter } from '../../../testing/fake-disk-jobs.js';
import { FakeVmStarter } from '../../../testing/fake-vm-starter.js';
import type { KvmProbe } from '../../../shared/engine/kvm-probe.js';
import { EngineChooser } from '../engine/engine-chooser.js';
import { Host } from '../host.js';
import { MachineFolder } from '../library/machine-folder.js';
import { readImageStart } from './image-start.js';
import { nodeFiles } from '../../node/host-files.js';

const SIZE = 4 << 20;
let root: string;
let starter: FakeVmStarter;
let jobs: FakeDiskJobStarter;
let host: Host;
let id: string;

beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'annex-snapshots-'));
  starter = new FakeVmStarter();
  jobs = new FakeDiskJobStarter();
  await reopen();
  id = await create('Test');
});

afterEach(async () => {
  await host.close();
  await rm(root, { recursive: true });
});

async function reopen(engines?: EngineChooser): Promise<void> {
  const chosen = engines ? { engines } : {};
  host = await Host.open({ libraryPath: root, starter, diskJobStarter: jobs, version: '0', ...chosen });
}

async function create(name: string): Promise<string> {
  const slot = { bus: 'ide', channel: 0, unit: 0 } as const;
  const drives = [{ id: 'disk0', kind: 'disk' as const, slot, path: 'new' }];
  const draft = { name, memoryMiB: 64, drives, newDisks: { disk0: { sizeBytes: SIZE } } };
  return (await host.command('machine.create', { draft })).config.id;
}

/** Another machine, with a disk that is there. */
async function createOver(file: string): Promise<string> {
  const { id: mediaId } = await host.command('media.add', { path: file });
  const slot = { bus: 'ide', channel: 0, unit: 0 } as const;
  const drives = [{ id: 'disk0', kind: 'disk' as const, slot, path: 'chosen', format: 'raw' as const }];
  const draft = { name: 'Other', memoryMiB: 64, drives, media: { disk0: mediaId } };
  return (await host.command('machine.create', { draft })).config.id;
}

const tree = (): Promise<SnapshotTreeView> => host.command('snapshot.tree', { id });
const machine = () => host.command('machine.get', { id });
const take = (name: string) => host.command('snapshot.take', { id, name });
const inFolder = (...names: string[]): string => path.join(root, 'Test.annex', ...names);
const headName = async (): Promise<string> => (await machine()).config.drives[0]!.path!;
const layerFiles = () => readdir(inFolder('snapshots/layers')).catch(() => []);
const backingOf = async (file: string) => (await readImageStart(nodeFiles, file, 'qcow2'))?.backingName;

describe('a stopped machine', () => {
  it('goes on on an empty layer over what it was', async () => {
    const snapshot = await take('first');
    const head = await headName();
    expect(await readImageStart(nodeFiles, inFolder(head), 'qcow2')).toEqual({
      virtualBytes: SIZE,
      backingName: '../../disk0.raw',
    });
    expect(await tree()).toMatchObject({
      currentId: snapshot.id,
      snapshots: [{ name: 'first', parentId: null, power: 'off', kind: 'manual', progress: 'complete' }],
    });
    expect((await machine()).snapshots).toEqual({ count: 1, currentId: snapshot.id });
  });

  it('tells its process what its disk is made of', async () => {
    await take('first');
    const layer = await headName();
    await take('second');
    await host.command('machine.start', { id });
    expect(starter.vm.plan!.config.drives[0]!.path).toBe(inFolder(await headName()));
    expect(starter.vm.plan!.backing).toEqual({ disk0: [inFolder(layer), inFolder('disk0.raw')] });
  });

  it('goes back, gives up what it was, and keeps its name and notes', async () => {
    const first = await take('first');
    const left = await headName();
    await host.command('machine.edit', { id, patch: { memoryMiB: 128, notes: 'kept' } });
    const { config } = await host.command('snapshot.revert', { id, snapshotId: first.id });
    expect(config).toMatchObject({ memoryMiB: 64, notes: 'kept' });
    expect(await backingOf(inFolder(config.drives[0]!.path!))).toBe('../../disk0.raw');
    expect(await layerFiles()).not.toContain(path.basename(left));
    expect(await layerFiles()).toHaveLength(1);
  });

  it('branches', async () => {
    const first = await take('first');
    const second = await take('second');
    await host.command('snapshot.revert', { id, snapshotId: first.id });
    const third = await take('third');
    const { snapshots, currentId } = await tree();
    expect(snapshots.map(({ name, parentId }) => [name, parentId])).toEqual([
      ['first', null],
      ['second', first.id],
      ['third', first.id],
    ]);
    expect(currentId).toBe(third.id);
    expect(second.id).not.toBe(third.id);
  });

  it('merges down into the disk the person brought when its only snapshot goes', async () => {
    const first = await take('first');
    const overlay = await headName();
    const after = await host.command('snapshot.delete', { id, snapshotId: first.id });
    expect(jobs.requests).toMatchObject([{ job: 'merge-down', layer: inFolder('disk0.raw') }]);
    expect(after).toMatchObject({ snapshots: [], currentId: null, pendingMerges: 0 });
    expect((await machine()).config.drives[0]).toMatchObject({ path: 'disk0.raw', format: 'raw' });
    expect(await layerFiles()).not.toContain(path.basename(overlay));
  });

  it('keeps the children of a deleted snapshot', async () => {
    const first = await take('first');
    const second = await take('second');
    const third = await take('third');
    const after = await host.command('snapshot.delete', { id, snapshotId: second.id });
    expect(after.snapshots.map(({ id: own, parentId }) => [own, parentId])).toEqual([
      [first.id, null],
      [third.id, first.id],
    ]);
    expect(after.pendingMerges).toBe(0);
  });

  it('keeps a merge that was cancelled for the next time', async () => {
    const first = await take('first');
    jobs.failure = { type: 'failed', error: { code: 'cancelled', message: 'Cancelled.' } };
    const after = await host.command('snapshot.delete', { id, snapshotId: first.id });
    expect(after).toMatchObject({ snapshots: [], pendingMerges: 1 });
    jobs.failure = undefined;
    await reopen();
    expect(await host.command('snapshot.tidy', { id })).toMatchObject({ pendingMerges: 0 });
    expect(await headName()).toBe('disk0.raw');
  });

  it('deletes a whole branch', async () => {
    const first = await take('first');
    await take('second');
    await take('third');
    await host.command('snapshot.revert', { id, snapshotId: first.id });
    const [, second] = (await tree()).snapshots;
    const after = await host.command('snapshot.delete', { id, snapshotId: second!.id, descendants: true });
    expect(after.snapshots.map(({ name }) => name)).toEqual(['first']);
    expect(await layerFiles()).toEqual([path.basename(await headName())]);
  });

  it('refuses a disk no layer can be put on', async () => {
    await host.command('disk.convert', { id, driveId: 'disk0', format: 'qcow2' });
    const file = inFolder('machine.json');
    await writeFile(file, (await readFile(file, 'utf8')).replace('"qcow2"', '"iso"'));
    await reopen();
    await expect(take('first')).rejects.toMatchObject({ code: 'snapshot-unsupported-disk' });
  });

  it('says which file of a snapshot is missing, and stays as it is', async () => {
    const first = await take('first');
    await rm(inFolder('disk0.raw'));
    const head = await headName();
    await expect(host.command('snapshot.revert', { id, snapshotId: first.id })).rejects.toMatchObject({
      code: 'layer-missing',
    });
    expect(await headName()).toBe(head);
  });

  it('finishes what another host was cut off at before it does anything', async () => {
    await take('first');
    const tree = await readFile(inFolder('snapshots/tree.json'), 'utf8');
    const settings = await readFile(inFolder('machine.json'), 'utf8');
    const writes = {
      'snapshots/tree.json': tree.replace('"first"', '"theirs"'),
      'machine.json': settings.replace('"notes": ""', '"notes": "theirs"'),
    };
    await writeFile(inFolder('snapshots/journal.json'), JSON.stringify({ version: 1, writes }));
    await take('second');
    expect((await host.command('snapshot.tree', { id })).snapshots.map(({ name }) => name)).toEqual([
      'theirs',
      'second',
    ]);
    expect((await machine()).config.notes).toBe('theirs');
    expect(await readdir(inFolder('snapshots'))).not.toContain('journal.json');
  });

  it('without snapshots is rid of documents that a dead process was writing', async () => {
    // No process has this number: it is above Linux's largest (proc(5), pid_max).
    const leftover = 'disk-intents.json.4194305-0123abcd.tmp';
    await writeFile(inFolder(leftover), '{');
    await host.close();
    await reopen();
    expect(await readdir(inFolder())).not.toContain(leftover);
  });

  it('is rid of locks that a dead process was about to take', async () => {
    await take('first');
    const [layer] = await layerFiles();
    const leftovers = [`${layer}.lock.4194305.2`, `${layer}.lock.${process.pid}.7`];
    for (const name of leftovers) await writeFile(inFolder('snapshots/layers', name), '{}');
    await host.close();
    await reopen();
    expect(await layerFiles()).toEqual([layer, leftovers[1]]);
  });

  it('leaves a damaged list of snapshots alone', async () => {
    await take('first');
    await writeFile(inFolder('snapshots/tree.json'), '{');
    await reopen();
    expect(await tree()).toMatchObject({ problem: { code: 'snapshots-damaged' } });
    await expect(take('second')).rejects.toMatchObject({ code: 'snapshots-damaged' });
    expect(await layerFiles()).toHaveLength(1);
  });
});

describe('a running machine', () => {
  beforeEach(() => host.command('machine.start', { id }));

  it('is saved with its memory and goes back to running', async () => {
    const snapshot = await take('live');
    expect(snapshot).toMatchObject({ power: 'running', progress: 'complete', hasThumbnail: true });
    const { state, config } = await host.command('snapshot.revert', { id, snapshotId: snapshot.id });
    expect(state).toBe('running');
    expect(starter.vm.plan!.restoreFrom).toEqual({
      path: inFolder(`snapshots/states/${snapshot.id}.state`),
      bases: [],
    });
    expect(starter.vm.plan!.config.drives[0]!.path).toBe(inFolder(config.drives[0]!.path!));
  });

  it('saves only what has changed since a state that is still kept', async () => {
    const first = await take('first');
    const second = await take('second');
    await host.command('snapshot.delete', { id, snapshotId: second.id });
    await take('third');
    await host.command('snapshot.revert', { id, snapshotId: first.id });
    await take('fourth');
    const calls = starter.started.flatMap(({ received }) => received).filter((message) => message.type === 'call');
    const takes = calls.map(({ call }) => call).filter((call) => call.name === 'take-snapshot');
    expect(takes.map(({ incremental }) => incremental)).toEqual([false, true, false, true]);
  });

  it('has a state take in the one it builds on, which no snapshot needs any more, once it is off', async () => {
    const [first, second, third] = [await take('first'), await take('second'), await take('third')];
    const state = (snapshot: { id: string }) => inFolder('snapshots/states', `${snapshot.id}.state`);
    const merges = () => jobs.requests.filter(({ job }) => job === 'merge-state');
    await host.command('snapshot.delete', { id, snapshotId: second.id });
    expect(merges()).toEqual([]);
    expect((await tree()).pendingMerges).toBeGreaterThan(0);
    jobs.failure = { type: 'failed', error: { code: 'no-space', message: 'full' } };
    await host.command('machine.powerOff', { id });
    jobs.failure = undefined;
    const files = [first, third].map((snapshot) => path.basename(state(snapshot))).sort();
    // What it does by itself when it ends may come before or after.
    await expect
      .poll(async () => {
        await host.command('snapshot.tidy', { id });
        return (await readdir(inFolder('snapshots/states'))).sort();
      })
      .toEqual(files);
    expect(merges().at(-1)).toEqual({ job: 'merge-state', state: state(third), base: state(second) });
    expect((await tree()).pendingMerges).toBe(0);
    await host.command('snapshot.revert', { id, snapshotId: third.id });
    expect(starter.vm.plan!.restoreFrom).toEqual({ path: state(third), bases: [state(first)] });
  });

  it('takes its layers off again if it refuses', async () => {
    starter.vm.refusal = { code: 'no-space', message: 'full' };
    await expect(take('live')).rejects.toMatchObject({ code: 'no-space' });
    expect(await tree()).toMatchObject({ snapshots: [], pendingMerges: 0 });
    expect(await headName()).toBe('disk0.raw');
  });

  it('keeps its layers if its process dies meanwhile: it may have written to them', async () => {
    starter.vm.answers = false;
    const taking = take('live');
    await expect.poll(headName).toMatch(/^snapshots\/layers\//);
    starter.vm.kill();
    await expect(taking).rejects.toMatchObject({ code: 'vm-process-died' });
    expect(await tree()).toMatchObject({ snapshots: [] });
    expect((await layerFiles()).map((name) => `snapshots/layers/${name}`)).toContain(await headName());
  });

  it('keeps its layers if only its memory could not be saved', async () => {
    starter.vm.saveFailure = { ok: false, error: { code: 'no-space', message: 'full' } };
    await expect(take('live')).rejects.toMatchObject({ code: 'no-space' });
    expect(await headName()).toMatch(/^snapshots\/layers\//);
    expect(await tree()).toMatchObject({ snapshots: [], pendingMerges: 1 });
  });

  it('merges what waits for it when it is off', async () => {
    starter.vm.saveFailure = { ok: false, error: { code: 'no-space', message: 'full' } };
    await expect(take('live')).rejects.toThrow();
    await host.command('machine.powerOff', { id });
    await expect.poll(headName).toBe('disk0.raw');
  });

  describe('whose only snapshot is deleted', () => {
    let first: string;
    let overlay: string;
    beforeEach(async () => {
      first = (await take('first')).id;
      overlay = await headName();
    });
    const remove = () => host.command('snapshot.delete', { id, snapshotId: first });
    const calls = () =>
      starter.vm.received.flatMap((message) =>
        message.type === 'call' && /merge/.test(message.call.name) ? [message.call] : [],
      );
    const down = () => ({
      name: 'merge-down',
      driveId: 'disk0',
      layer: inFolder('disk0.raw'),
      child: inFolder(overlay),
    });

    it('has its process write what came after into the disk the person brought', async () => {
      expect(await remove()).toMatchObject({ snapshots: [], pendingMerges: 0 });
      expect(calls()).toEqual([down(), { name: 'finish-merge', driveId: 'disk0' }]);
      expect(jobs.requests).toEqual([]);
      expect((await machine()).config.drives[0]).toMatchObject({ path: 'disk0.raw', format: 'raw' });
      expect(await layerFiles()).toEqual([]);
    });

    it('waits until it is off if the process cannot write there, and goes on', async () => {
      starter.vm.refusal = { code: 'image-unsupported', message: 'read only' };
      expect(await remove()).toMatchObject({ snapshots: [], pendingMerges: 1 });
      expect(await headName()).toBe(overlay);
      starter.vm.refusal = undefined;
      await host.command('machine.powerOff', { id });
      await expect.poll(headName).toBe('disk0.raw');
      expect(jobs.requests).toMatchObject([{ job: 'merge-down', layer: inFolder('disk0.raw') }]);
    });

    it('keeps both as the disk as long as the documents cannot be written', async () => {
      const change = vi.spyOn(MachineFolder.prototype, 'writeConfigAndTree');
      change.mockRejectedValueOnce(Object.assign(new Error('full'), { code: 'ENOSPC' }));
      await expect(remove()).rejects.toMatchObject({ code: 'no-space' });
      expect(calls()).toEqual([down()]);
      expect(await headName()).toBe(overlay);
      expect(await layerFiles()).toHaveLength(1);
      expect(await host.command('snapshot.tidy', { id })).toMatchObject({ pendingMerges: 0 });
      expect(calls()).toEqual([down(), down(), { name: 'finish-merge', driveId: 'disk0' }]);
      expect(await headName()).toBe('disk0.raw');
    });
  });

  it('lets its process write a layer below the present one down, and tells branches that are not open', async () => {
    const first = await take('first');
    const middle = await headName();
    const second = await take('second');
    const left = await headName();
    await take('third');
    await host.command('machine.powerOff', { id });
    await host.command('snapshot.revert', { id, snapshotId: second.id });
    starter.vm.say({ type: 'power', state: 'running', problem: null });
    await host.command('snapshot.delete', { id, snapshotId: first.id });
    const down = { name: 'merge-down', driveId: 'disk0', layer: inFolder('disk0.raw'), child: inFolder(middle) };
    expect(starter.vm.received).toContainEqual(expect.objectContaining({ call: down }));
    expect(jobs.requests).toMatchObject([{ job: 'rebase', image: { path: inFolder(left) } }]);
    expect(await layerFiles()).not.toContain(path.basename(middle));
  });

  it('is suspended and goes on, once', async () => {
    expect((await host.command('machine.suspend', { id })).state).toBe('suspended');
    await host.close();
    await reopen();
    expect((await machine()).state).toBe('suspended');
    expect((await host.command('machine.resume', { id })).state).toBe('running');
    expect(starter.vm.plan!.restoreFrom?.path).toContain(inFolder('snapshots/states'));
    await host.command('machine.powerOff', { id });
    expect((await machine()).state).toBe('stopped');
    await host.command('machine.start', { id });
    expect(starter.vm.plan!.restoreFrom).toBeNull();
  });

  describe('with the automatic engine', () => {
    const mips = { real: 3000, protected: 3000, kernel: 3000, user: 3000 };
    const native = { usable: true, native: true, mips, milliseconds: 1, lacks: ['pcid'], unsteady: [] } as const;
    const withKvm = (probe: KvmProbe) => reopen(new EngineChooser(() => Promise.resolve(probe)));
    const engine = () => starter.vm.plan!.engine;

    it('goes on under the engine this host has by then', async () => {
      expect(engine()).toMatchObject({ engine: 'translator', reasonCode: 'kvm-missing' });
      await host.command('machine.suspend', { id });
      await host.close();
      await withKvm({ ...native, lacks: [...native.lacks], unsteady: [] });
      await host.command('machine.resume', { id });
      expect(engine()).toMatchObject({ engine: 'kvm', reasonCode: 'fastest-measured' });
      expect(starter.vm.plan!.withheldFeatures).toEqual(['pcid']);
      await host.command('machine.suspend', { id });
      await host.close();
      await reopen();
      await host.command('machine.resume', { id });
      expect(engine()).toMatchObject({ engine: 'translator', reasonCode: 'kvm-missing' });
    });

    it('goes on in software if KVM does not take the state, and says so', async () => {
      await host.command('machine.suspend', { id });
      await host.close();
      await withKvm({ ...native, lacks: [...native.lacks], unsteady: [] });
      const begun = starter.started.length;
      const start = starter.start.bind(starter);
      const error = { code: 'engine-unavailable' as const, message: 'KVM lacks pcid.' };
      starter.start = () => {
        const refuses = starter.started.length === begun;
        starter.startFailure = refuses ? { type: 'ended', outcome: 'failed', error, lastLook: null } : undefined;
        return start();
      };
      expect((await host.command('machine.resume', { id })).state).toBe('running');
      expect(starter.started.slice(begun).map(({ plan }) => plan!.engine.engine)).toEqual(['kvm', 'translator']);
      expect(engine().reasonCode).toBe('state-not-for-kvm');
      expect(engine().reason).toContain('KVM lacks pcid');
    });
  });

  it('runs on if it cannot be suspended', async () => {
    starter.vm.refusal = { code: 'no-space', message: 'full' };
    await expect(host.command('machine.suspend', { id })).rejects.toMatchObject({ code: 'no-space' });
    expect((await machine()).state).toBe('running');
    starter.vm.refusal = undefined;
    await host.command('machine.powerOff', { id });
    expect((await machine()).state).toBe('stopped');
  });

  it('throws its saved state away when told to', async () => {
    await host.command('machine.suspend', { id });
    expect((await host.command('machine.discardState', { id })).state).toBe('stopped');
    expect(await readdir(inFolder('snapshots/states'))).toEqual([]);
  });
});

describe('a disposable run', () => {
  it('leaves nothing behind', async () => {
    const view = await host.command('machine.start', { id, disposable: true });
    expect(view.disposable).toBe(true);
    expect(starter.vm.plan!.config.drives[0]!.path).toMatch(/layers/);
    expect(starter.vm.plan!.backing).toEqual({ disk0: [inFolder('disk0.raw')] });
    await expect(take('no')).rejects.toMatchObject({ code: 'vm-wrong-state' });
    await host.command('machine.powerOff', { id });
    await expect.poll(layerFiles).toEqual([]);
    expect(await headName()).toBe('disk0.raw');
  });
});

describe('clones', () => {
  it('links a machine of its own to a snapshot, which stays as long as the clone', async () => {
    const clone = await host.command('machine.clone', { id, name: 'Copy', kind: 'linked' });
    const [base] = (await tree()).snapshots;
    expect(clone.config.id).not.toBe(id);
    expect(base).toMatchObject({ linkedClones: [{ machineId: clone.config.id, name: 'Copy' }] });
    const file = path.join(root, 'Copy.annex', clone.config.drives[0]!.path!);
    expect(path.resolve(path.dirname(file), (await backingOf(file))!)).toBe(inFolder('disk0.raw'));
    await expect(host.command('snapshot.delete', { id, snapshotId: base!.id })).rejects.toMatchObject({
      code: 'snapshot-has-clones',
      details: { clone: 'Copy' },
    });
    await expect(host.command('machine.delete', { id })).rejects.toMatchObject({ code: 'vm-has-clones' });
    await host.command('machine.start', { id: clone.config.id });
    expect(starter.vm.plan!.backing).toEqual({ disk0: [inFolder('disk0.raw')] });
  });

  it('are not started on a disk that has changed while they were out of the library', async () => {
    const clone = await host.command('machine.clone', { id, name: 'Copy', kind: 'linked' });
    const away = path.join(root, '.away');
    await rename(path.join(root, 'Copy.annex'), away);
    await host.command('library.list', {});
    const [base] = (await tree()).snapshots;
    await take('second');
    await host.command('snapshot.delete', { id, snapshotId: base!.id });
    await rename(away, path.join(root, 'Copy.annex'));
    await host.command('library.list', {});
    await expect(host.command('machine.start', { id: clone.config.id })).rejects.toMatchObject({
      code: 'clone-base-missing',
      details: { name: 'Copy', base: 'Test' },
    });
    await host.command('machine.delete', { id: clone.config.id });
  });

  it('copies a machine whole', async () => {
    await take('first');
    await host.command('machine.clone', { id, name: 'Copy', kind: 'full' });
    expect(jobs.requests).toMatchObject([
      { job: 'convert', format: 'qcow2', source: { bases: [inFolder('disk0.raw')] } },
    ]);
    expect((await stat(path.join(root, 'Copy.annex'))).isDirectory()).toBe(true);
  });

  it('makes no machine if a disk cannot be copied', async () => {
    jobs.failure = { type: 'failed', error: { code: 'no-space', message: 'full' } };
    await expect(host.command('machine.clone', { id, name: 'Copy', kind: 'full' })).rejects.toMatchObject({
      code: 'no-space',
    });
    expect((await readdir(root)).filter((name) => name !== '.host')).toEqual(['Test.annex']);
  });
});

describe('disks', () => {
  it('grow over a snapshot taken first', async () => {
    await host.command('disk.grow', { id, driveId: 'disk0', sizeBytes: 2 * SIZE });
    expect((await tree()).snapshots).toMatchObject([{ kind: 'before-risk' }]);
    expect(jobs.requests).toMatchObject([
      { job: 'resize', size: 2 * SIZE, image: { path: inFolder(await headName()) } },
    ]);
  });

  it('never shrink', async () => {
    await expect(host.command('disk.grow', { id, driveId: 'disk0', sizeBytes: 512 })).rejects.toMatchObject({
      code: 'disk-too-small',
    });
  });

  it('come and go', async () => {
    await host.command('disk.add', { id, sizeBytes: SIZE, format: 'qcow2' });
    const { disks } = await host.command('disk.list', { id });
    expect(disks).toMatchObject([
      { driveId: 'disk0', format: 'raw', virtualBytes: SIZE },
      { driveId: 'disk1', format: 'qcow2', virtualBytes: SIZE },
    ]);
    await host.command('disk.remove', { id, driveId: 'disk1', deleteFile: true });
    expect(await readdir(inFolder())).not.toContain('disk1.qcow2');
  });

  it('are kept while a snapshot needs them', async () => {
    await take('first');
    await expect(host.command('disk.remove', { id, driveId: 'disk0', deleteFile: true })).rejects.toMatchObject({
      code: 'disk-has-snapshots',
    });
  });

  it("of another machine's snapshots are not written, under whatever name", async () => {
    await take('first');
    const link = path.join(root, 'link.raw');
    await symlink(inFolder('disk0.raw'), link);
    const other = await createOver(link);
    jobs.requests.length = 0;
    for (const attempt of [
      () => host.command('machine.start', { id: other }),
      () => host.command('disk.compact', { id: other, driveId: 'disk0' }),
      () => host.command('disk.check', { id: other, driveId: 'disk0', repair: true }),
      () => host.command('disk.grow', { id: other, driveId: 'disk0', sizeBytes: 2 * SIZE }),
    ])
      await expect(attempt()).rejects.toMatchObject({ code: 'disk-needed', details: { machine: 'Test' } });
    expect(jobs.requests).toEqual([]);
    await host.command('disk.check', { id: other, driveId: 'disk0', repair: false });
    await host.command('machine.start', { id });
  });

  it('stay while a drive of another machine names one of them', async () => {
    const link = path.join(root, 'link.raw');
    await symlink(inFolder('disk0.raw'), link);
    const other = await createOver(link);
    const lent = {
      code: 'vm-files-used',
      details: { machine: 'Other', file: 'disk0.raw' },
    };
    await expect(host.command('machine.delete', { id })).rejects.toMatchObject(lent);
    await host.command('machine.delete', { id: other });
    await host.command('machine.delete', { id });
  });

  it('of a suspended guest are not written by another', async () => {
    const other = await createOver(inFolder('disk0.raw'));
    await host.command('machine.start', { id });
    await host.command('machine.suspend', { id });
    const start = host.command('machine.start', { id: other });
    await expect(start).rejects.toMatchObject({ code: 'disk-needed', details: { machine: 'Test', file: 'disk0.raw' } });
  });

  it('that two machines have snapshots of are written by neither', async () => {
    const other = await createOver(inFolder('disk0.raw'));
    await host.command('snapshot.take', { id: other, name: 'theirs' });
    const { id: snapshotId } = await take('first');
    jobs.requests.length = 0;
    await host.command('snapshot.delete', { id, snapshotId, descendants: false });
    expect(jobs.requests.map(({ job }) => job)).toEqual(['merge-up']);
    expect(await readdir(inFolder())).toContain('disk0.raw');
  });

  it('that are only read are kept as they are while a snapshot names them', async () => {
    const { drives } = (await machine()).config;
    const slot = { bus: 'ide', channel: 0, unit: 1 } as const;
    const blank = { id: 'data', kind: 'disk' as const, slot, path: 'new', format: 'raw' as const, readonly: true };
    const newDisks = { data: { sizeBytes: SIZE } };
    await host.command('machine.edit', { id, patch: { drives: [...drives, blank], newDisks } });
    const data = (await machine()).config.drives.at(-1)!;
    const { id: snapshotId } = await take('first');
    jobs.requests.length = 0;
    const present = (await machine()).config.drives;
    const writable = present.map((drive) =>
      drive.id === 'data' ? ({ ...data, readonly: false } as typeof drive) : drive,
    );
    for (const attempt of [
      () => host.command('disk.convert', { id, driveId: 'data', format: 'qcow2' }),
      () => host.command('disk.grow', { id, driveId: 'data', sizeBytes: 2 * SIZE }),
      () => host.command('disk.remove', { id, driveId: 'data', deleteFile: true }),
      () => host.command('machine.edit', { id, patch: { drives: writable } }),
    ])
      await expect(attempt()).rejects.toMatchObject({ code: 'disk-has-snapshots' });
    expect(jobs.requests).toEqual([]);
    await host.command('snapshot.delete', { id, snapshotId, descendants: false });
    await host.command('disk.convert', { id, driveId: 'data', format: 'qcow2' });
    expect((await machine()).config.drives.at(-1)).toMatchObject({ id: 'data', format: 'qcow2', readonly: true });
  });
});

it('says what differs between two points', async () => {
  const first = await take('first');
  await host.command('machine.edit', { id, patch: { memoryMiB: 128 } });
  expect(await host.command('snapshot.compare', { id, from: first.id, to: null })).toEqual({
    drives: [{ driveId: 'disk0', change: 'changed', differentBytes: 65536, sizeBytes: SIZE }],
    memory: null,
    settings: [{ field: 'memoryMiB', from: '64', to: '128' }],
  });
});

it('says how much memory differs between two points that have some', async () => {
  await host.command('machine.start', { id });
  const first = await take('first');
  const second = await take('second');
  const { memory } = await host.command('snapshot.compare', { id, from: first.id, to: second.id });
  expect(memory).toEqual({ differentBytes: 4096, totalBytes: 64 << 20 });
  // What is written at this moment stands in no file.
  const withPresent = host.command('snapshot.compare', { id, from: first.id, to: null });
  await expect(withPresent).rejects.toMatchObject({ code: 'vm-wrong-state' });
  const asked = jobs.requests.at(-1)!;
  expect(asked).toMatchObject({ job: 'compare-memory', a: { path: expect.stringContaining(first.id), bases: [] } });
  await host.command('machine.suspend', { id });
  expect((await host.command('snapshot.compare', { id, from: first.id, to: null })).memory).not.toBeNull();
});
