import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AnnexError } from '../../shared/contract/errors.js';
import type { HostEvent } from '../../shared/contract/events.js';
import { FakeVmStarter } from '../../testing/fake-vm-starter.js';
import { Host } from './host.js';

let root: string;
let starter: FakeVmStarter;
let host: Host;
let events: HostEvent[];

beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'annex-host-'));
  starter = new FakeVmStarter();
  await reopen();
});

afterEach(async () => {
  vi.useRealTimers();
  await host.close();
  await rm(root, { recursive: true });
});

async function reopen(): Promise<void> {
  host = await Host.open({ libraryPath: root, starter, diskJobStarter: starter, version: '0' });
  events = [];
  host.onEvent((event) => events.push(event));
}

async function create(name = 'Test'): Promise<string> {
  return (await host.command('machine.create', { draft: { name, memoryMiB: 64 } })).config.id;
}

async function started(name?: string): Promise<string> {
  const id = await create(name);
  await host.command('machine.start', { id });
  return id;
}

const stateOf = async (id: string) => (await host.command('machine.get', { id })).state;

describe('commands', () => {
  it.each([
    ['no.such', {}],
    ['machine.start', {}],
    ['machine.start', null],
    ['machine.create', { draft: { name: '', memoryMiB: 64 } }],
    ['machine.create', { draft: { name: 'x', memoryMiB: 1e9 } }],
    ['machine.input', { id: 'x', events: [{ type: 'key', code: 'NoSuchKey', down: true }] }],
    ['toString', {}],
  ])('refuses %s with %j', async (name, payload) => {
    await expect(host.request(name, payload)).rejects.toMatchObject({ code: 'bad-request' });
  });

  it('says that a machine is unknown', async () => {
    await expect(host.command('machine.start', { id: 'x' })).rejects.toMatchObject({ code: 'vm-not-found' });
  });

  it('refuses what is not legal in a state', async () => {
    const id = await create();
    for (const name of [
      'machine.pause',
      'machine.resume',
      'machine.reset',
      'machine.powerOff',
      'machine.stats',
    ] as const)
      await expect(host.command(name, { id })).rejects.toMatchObject({ code: 'vm-wrong-state' });
    await host.command('machine.start', { id });
    for (const name of ['machine.start', 'machine.resume', 'machine.delete'] as const)
      await expect(host.command(name, { id })).rejects.toMatchObject({ code: 'vm-wrong-state' });
  });

  it('lets a client name no path that it was not given an id for', async () => {
    const drive = { id: 'cd', kind: 'cdrom', slot: { bus: 'ide', channel: 1, unit: 0 }, path: '/etc/passwd' } as const;
    const draft = { name: 'Sly', memoryMiB: 64, drives: [drive] };
    await expect(host.command('machine.create', { draft })).rejects.toMatchObject({ code: 'bad-request' });
    const kernel = { path: '/etc/passwd' };
    await expect(
      host.command('machine.create', { draft: { name: 'Sly', memoryMiB: 64, kernel } }),
    ).rejects.toMatchObject({
      code: 'bad-request',
    });
  });

  it('puts media in by id', async () => {
    const file = path.join(root, 'disc.bin');
    await writeFile(file, Buffer.alloc(4096));
    const media = await host.command('media.add', { path: file });
    const drive = { id: 'cd', kind: 'cdrom', slot: { bus: 'ide', channel: 1, unit: 0 }, path: null } as const;
    const draft = { name: 'Disc', memoryMiB: 64, drives: [drive], media: { cd: media.id } };
    const machine = await host.command('machine.create', { draft });
    expect(machine.drives).toMatchObject([{ mediumPath: file, sizeBytes: 4096 }]);
    const empty = await host.command('machine.setMedium', { id: machine.config.id, driveId: 'cd', mediaId: null });
    expect(empty.drives).toMatchObject([{ mediumPath: null }]);
  });

  it('keeps the System.map of a machine, chosen by id while it runs, and refuses what is none', async () => {
    const id = await started();
    const add = async (name: string, text: string) => {
      await writeFile(path.join(root, name), text);
      return (await host.command('media.add', { path: path.join(root, name) })).id;
    };
    const set = (systemMap: string) => ({ id, patch: { systemMap: 'medium', media: { systemMap } } });
    const notes = await add('notes.txt', 'no symbols');
    await expect(host.command('machine.edit', set(notes))).rejects.toMatchObject({ code: 'symbols-invalid' });
    await expect(host.command('machine.edit', { id, patch: { systemMap: '/etc/passwd' } })).rejects.toMatchObject({
      code: 'bad-request',
    });
    await host.command('machine.edit', set(await add('System.map', 'c0100000 T _stext\n')));
    await host.close();
    await reopen();
    expect((await host.command('machine.get', { id })).config.systemMap).toBe(path.join(root, 'System.map'));
    expect((await host.command('machine.edit', { id, patch: { systemMap: null } })).config.systemMap).toBeNull();
  });

  it('keeps settings across a restart', async () => {
    await host.command('settings.set', { patch: { theme: 'dark' } });
    await host.command('settings.set', { patch: { language: 'en' } });
    await host.close();
    await reopen();
    expect((await host.command('settings.get', {})).settings).toEqual({ theme: 'dark', language: 'en' });
  });
});

describe('power', () => {
  it('starts, pauses, resumes and powers off', async () => {
    const id = await started();
    expect(await stateOf(id)).toBe('running');
    expect((await host.command('machine.pause', { id })).state).toBe('paused');
    expect((await host.command('machine.resume', { id })).state).toBe('running');
    expect((await host.command('machine.powerOff', { id })).state).toBe('stopped');
    await host.command('machine.start', { id });
    expect(starter.started).toHaveLength(2);
  });

  it('starts a machine once when asked twice at the same time', async () => {
    const id = await create();
    const tries = await Promise.allSettled([
      host.command('machine.start', { id }),
      host.command('machine.start', { id }),
    ]);
    expect(tries.map((result) => result.status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(starter.started).toHaveLength(1);
  });

  it('says why a machine does not start, and leaves it off', async () => {
    const error = new AnnexError('kernel-invalid', 'no kernel').toWire();
    starter.startFailure = { type: 'ended', outcome: 'failed', error, lastLook: null };
    const id = await create();
    await expect(host.command('machine.start', { id })).rejects.toMatchObject({ code: 'kernel-invalid' });
    expect(await stateOf(id)).toBe('stopped');
    starter.startFailure = undefined;
    expect((await host.command('machine.start', { id })).state).toBe('running');
  });

  it('does not start with a disk that is gone', async () => {
    const disk = { id: 'disk0', kind: 'disk', slot: { bus: 'ide', channel: 0, unit: 0 }, path: 'x' } as const;
    const draft = { name: 'Disk', memoryMiB: 64, drives: [disk], newDisks: { disk0: { sizeBytes: 4096 } } };
    const { config, path: folder } = await host.command('machine.create', { draft });
    await rm(path.join(folder, 'disk0.raw'));
    await expect(host.command('machine.start', { id: config.id })).rejects.toMatchObject({ code: 'media-not-found' });
    expect(starter.started).toHaveLength(0);
  });

  it('shows a machine that another Annex runs, and does not start it', async () => {
    const id = await started('Mine');
    const other = await Host.open({ libraryPath: root, starter, diskJobStarter: starter, version: '0' });
    await expect(other.command('machine.start', { id }))
      .rejects.toMatchObject({ code: 'vm-wrong-state' })
      .catch(async () => {
        await expect(other.command('machine.start', { id })).rejects.toMatchObject({ code: 'vm-locked' });
      });
    expect((await other.command('machine.get', { id })).problem).toMatchObject({ code: 'vm-locked' });
    await other.close();
  });
});

describe('faults', () => {
  it('tells honestly that a process was killed, and starts the machine again', async () => {
    const id = await started();
    starter.vm.exit({ code: null, signal: 'SIGKILL', stderr: '' });
    await vi.waitFor(async () => expect(await stateOf(id)).toBe('crashed'));
    const { problem } = await host.command('machine.get', { id });
    expect(problem).toMatchObject({ code: 'vm-process-died', details: { how: 'signal SIGKILL' } });
    expect((await host.command('machine.start', { id })).state).toBe('running');
    expect((await host.command('machine.get', { id })).problem).toBeNull();
  });

  it('remembers a crash when it is opened again', async () => {
    const id = await started();
    const error = new AnnexError('guest-shutdown', 'triple fault').toWire();
    starter.vm.say({ type: 'ended', outcome: 'triple-fault', error, lastLook: null });
    starter.vm.exit({ code: 0, signal: null, stderr: '' });
    await vi.waitFor(async () => expect(await stateOf(id)).toBe('crashed'));
    await host.close();
    await reopen();
    expect((await host.command('machine.get', { id })).problem).toMatchObject({ code: 'guest-shutdown' });
  });

  it('answers calls under way when the process dies', async () => {
    const id = await started();
    starter.vm.answers = false;
    const stats = host.command('machine.stats', { id });
    starter.vm.exit({ code: 1, signal: null, stderr: 'boom' });
    await expect(stats).rejects.toMatchObject({ code: 'vm-process-died' });
  });

  it('ends a process that talks nonsense', async () => {
    const id = await started();
    starter.vm.say({ type: 'metrics', metrics: 'lots' });
    expect(starter.vm.killed).toBe(true);
    await vi.waitFor(async () => expect(await stateOf(id)).toBe('crashed'));
  });

  it('tries a process that dies before it is ready a bounded number of times', async () => {
    const id = await create();
    const start = vi.spyOn(starter, 'start').mockImplementation(() => {
      const vm = { pid: 1, send() {}, kill() {}, onMessage() {}, onExit: (l: (e: object) => void) => l({ code: 9, signal: null, stderr: 'no' }) };
      return Promise.resolve(vm as never);
    }); // prettier-ignore
    await expect(host.command('machine.start', { id })).rejects.toMatchObject({ code: 'vm-process-died' });
    expect(start).toHaveBeenCalledTimes(2);
    expect(await stateOf(id)).toBe('stopped');
  });

  it('tells clients of a stall and of its end', async () => {
    const id = await started();
    starter.vm.say({ type: 'heartbeat', machineAlive: false });
    starter.vm.say({ type: 'heartbeat', machineAlive: true });
    expect(events.filter((event) => event.type === 'stalled')).toEqual([
      { type: 'stalled', machineId: id, stalled: true },
      { type: 'stalled', machineId: id, stalled: false },
    ]);
  });

  it('pauses with the reason when the disk is full, and resumes', async () => {
    const id = await started();
    starter.vm.say({ type: 'power', state: 'paused', problem: new AnnexError('no-space', 'full').toWire() });
    expect(await host.command('machine.get', { id })).toMatchObject({ state: 'paused', problem: { code: 'no-space' } });
    expect(await host.command('machine.resume', { id })).toMatchObject({ state: 'running', problem: null });
  });

  it('lets a guest take a medium out, but never choose one', async () => {
    const file = path.join(root, 'disc.bin');
    await writeFile(file, Buffer.alloc(4096));
    const { id: mediaId } = await host.command('media.add', { path: file });
    const drive = { id: 'cd', kind: 'cdrom', slot: { bus: 'ide', channel: 1, unit: 0 }, path: null } as const;
    const draft = { name: 'Disc', memoryMiB: 64, drives: [drive], media: { cd: mediaId } };
    const { config } = await host.command('machine.create', { draft });
    await host.command('machine.start', { id: config.id });
    starter.vm.say({ type: 'drive', driveId: 'cd', mediumPath: '/etc/shadow', locked: true });
    expect((await host.command('machine.get', { id: config.id })).drives).toMatchObject([
      { mediumPath: file, locked: true },
    ]);
    starter.vm.say({ type: 'drive', driveId: 'cd', mediumPath: null, locked: false });
    await vi.waitFor(async () =>
      expect((await host.command('machine.get', { id: config.id })).drives).toMatchObject([{ mediumPath: null }]),
    );
  });

  it('never touches a machine whose settings are newer', async () => {
    const id = await create('Future');
    const { path: folder } = await host.command('machine.get', { id });
    const text = JSON.stringify({ version: 99 });
    await writeFile(path.join(folder, 'machine.json'), text);
    const { machines, broken } = await host.command('library.list', {});
    expect(machines).toEqual([]);
    expect(broken).toMatchObject([{ error: { code: 'vm-config-newer' } }]);
    await expect(host.command('machine.start', { id })).rejects.toMatchObject({ code: 'vm-not-found' });
    expect(await readFile(path.join(folder, 'machine.json'), 'utf8')).toBe(text);
  });
});
