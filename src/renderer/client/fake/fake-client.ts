import { machineConfigSchema } from '../../../shared/config/machine-config.js';
import type { AnnexClient, BulkChannel } from '../../../shared/contract/client.js';
import type { CommandName, CommandReply, CommandRequest, MachineDraft } from '../../../shared/contract/commands.js';
import { AnnexError } from '../../../shared/contract/errors.js';
import type { HostEvent } from '../../../shared/contract/events.js';
import type { MachineView, PowerState } from '../../../shared/contract/machine-view.js';
import { fakeDisks, withDisk, withGrownDisk, withoutDisk } from './fake-disks.js';
import { FAKE_FACTS, FAKE_MEDIA, fakeDirectory } from './fake-host.js';
import { FAKE_ENGINE, fakeLibrary, fakeMachine } from './fake-machines.js';
import { fakeSample } from './fake-metrics.js';
import { FAKE_SCREEN, fakeFrame, fakeResize, fakeThumbnail } from './fake-screen.js';
import { FakeSnapshots } from './fake-snapshots.js';

type Handlers = { [N in CommandName]?: (request: CommandRequest<N>) => Promise<CommandReply<N>> | CommandReply<N> };

export interface FakeOptions {
  /** Starts with an empty library, as on the first run. */
  readonly empty?: boolean;
  readonly settings?: Record<string, unknown>;
  readonly now?: number;
}

/** A host in memory, for working on the interface and for tests: no VM runs behind it. */
export class FakeClient implements AnnexClient {
  readonly machines = new Map<string, MachineView>();
  readonly snapshots = new FakeSnapshots((tree) => {
    this.emit({ type: 'snapshots-changed', tree });
    this.update(tree.machineId, { snapshots: { count: tree.snapshots.length, currentId: tree.currentId } });
  });
  private readonly listeners = new Set<(event: HostEvent) => void>();
  private settings: Record<string, unknown>;
  private folders: string[] = [];
  private readonly handlers: Handlers;

  constructor(options: FakeOptions = {}) {
    this.settings = options.settings ?? {};
    if (!options.empty) {
      this.folders = ['Teaching', 'Templates'];
      this.fill(options.now ?? Date.now());
    }
    this.handlers = this.createHandlers();
  }

  async request<N extends CommandName>(name: N, request: CommandRequest<N>): Promise<CommandReply<N>> {
    const handler = this.handlers[name];
    if (!handler) throw new AnnexError('bad-request', `The fake host does not know ${name}.`);
    return handler(request);
  }

  openChannel(_machineId: string, kind: 'display' | 'serial1' | 'serial2'): Promise<BulkChannel> {
    return Promise.resolve(kind === 'display' ? displayChannel() : serialChannel());
  }

  onEvent(listener: (event: HostEvent) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  onConnection(): () => void {
    return () => undefined;
  }

  emit(event: HostEvent): void {
    for (const listener of this.listeners) listener(event);
  }

  /** Sends metrics and device activity of running machines, once. */
  tick(at = Date.now()): void {
    for (const machine of this.machines.values()) {
      if (machine.state !== 'running') continue;
      this.emit({ type: 'metrics', metrics: fakeSample(machine, at) });
      this.emit({ type: 'activity', machineId: machine.config.id, drives: { disk1: 'write' }, serial: false });
      this.emit({ type: 'screen-size', machineId: machine.config.id, ...FAKE_SCREEN });
    }
  }

  update(id: string, patch: Partial<MachineView>): MachineView {
    const machine = { ...this.machine(id), ...patch };
    this.machines.set(id, machine);
    this.emit({ type: 'machine-changed', machine });
    return machine;
  }

  private fill(now: number): void {
    const machines = fakeLibrary(now);
    const [first] = machines;
    if (!first) return;
    this.snapshots.seed(first, now);
    const { snapshots, currentId } = this.snapshots.tree(first.config.id);
    for (const machine of machines) this.machines.set(machine.config.id, machine);
    this.machines.set(first.config.id, { ...first, snapshots: { count: snapshots.length, currentId } });
  }

  private machine(id: string): MachineView {
    const machine = this.machines.get(id);
    if (!machine) throw new AnnexError('vm-not-found', 'This machine is no longer in the library.');
    return machine;
  }

  private power(state: PowerState) {
    return ({ id }: { id: string }) => {
      const now = Date.now();
      if (state === 'stopped') return this.update(id, { state, lastUsedAt: now });
      return this.update(id, {
        state,
        problem: null,
        engine: FAKE_ENGINE,
        startedAt: this.machine(id).startedAt ?? now,
      });
    };
  }

  private create(draft: MachineDraft): MachineView {
    const machine = fakeMachine(draft);
    this.machines.set(machine.config.id, machine);
    this.emit({ type: 'machine-changed', machine });
    return machine;
  }

  private createHandlers(): Handlers {
    return {
      'host.facts': () => FAKE_FACTS,
      'library.list': () => ({ machines: [...this.machines.values()], broken: [], folders: this.folders }),
      'library.setFolders': ({ folders }) => ((this.folders = folders), {}),
      'machine.get': ({ id }) => this.machine(id),
      'machine.create': ({ draft }) => this.create(draft),
      'machine.edit': ({ id, patch }) => {
        const machine = this.machine(id);
        return this.update(id, { config: machineConfigSchema.parse({ ...machine.config, ...patch }) });
      },
      'machine.delete': ({ id }) => {
        this.machines.delete(id);
        this.emit({ type: 'machine-removed', id });
        return {};
      },
      'machine.start': ({ id, disposable = false }) =>
        this.update(id, { state: 'running', problem: null, startedAt: Date.now(), disposable }),
      'machine.pause': this.power('paused'),
      'machine.resume': this.power('running'),
      'machine.reset': this.power('running'),
      'machine.shutdown': this.power('stopped'),
      'machine.powerOff': this.power('stopped'),
      'machine.setMedium': ({ id, driveId, mediaId }) => {
        const medium = FAKE_MEDIA.find((m) => m.id === mediaId);
        const drives = this.machine(id).drives.map((drive) =>
          drive.id === driveId
            ? {
                ...drive,
                mediumName: medium?.name ?? null,
                mediumPath: medium?.path ?? null,
                sizeBytes: medium?.sizeBytes ?? null,
              }
            : drive,
        );
        return this.update(id, { drives });
      },
      'machine.input': () => ({}),
      'machine.type': ({ text }) => ({ typed: text.length, skipped: '' }),
      'machine.screenshot': async () => ({ png: await fakeThumbnail(), ...FAKE_SCREEN }),
      'machine.screenText': () => ({ text: 'guest@annex:~$' }),
      'machine.thumbnail': async () => ({ png: await fakeThumbnail(), version: 1 }),
      'machine.stats': () => ({ stats: {} }),
      'machine.log': () => ({
        lines: ['14:32:07 info started, engine interpreter', '14:32:08 info bios: booting from CD'],
      }),
      'machine.watch': () => ({}),
      'machine.suspend': this.power('suspended'),
      'machine.discardState': this.power('stopped'),
      'machine.clone': ({ id, name, folder }) => {
        const { config } = this.machine(id);
        return this.create({ ...config, name, folder: folder ?? config.folder });
      },
      'snapshot.tree': ({ id }) => this.snapshots.tree(id),
      'snapshot.take': ({ id, name, notes }) => this.snapshots.take(this.machine(id), name, notes ?? ''),
      'snapshot.revert': ({ id, snapshotId }) => {
        const { power } = this.snapshots.revert(id, snapshotId);
        return this.update(id, { state: power === 'running' ? 'running' : 'stopped', problem: null });
      },
      'snapshot.delete': ({ id, snapshotId, descendants }) =>
        this.snapshots.delete(id, snapshotId, descendants ?? false),
      'snapshot.edit': ({ id, snapshotId, name, notes }) =>
        this.snapshots.edit(id, snapshotId, { ...(name && { name }), ...(notes !== undefined && { notes }) }),
      'snapshot.thumbnail': async () => ({ png: await fakeThumbnail() }),
      'snapshot.compare': ({ id }) => this.snapshots.compare(this.machine(id)),
      'snapshot.tidy': ({ id }) => this.snapshots.tree(id),
      'machine.import': ({ name }) => {
        const [{ config }] = [...this.machines.values()] as [MachineView];
        return {
          machine: this.create({ ...config, name: name ?? 'Imported machine' }),
          warnings: ['It had 2 processors and gets one.'],
        };
      },
      'machine.export': ({ path }) => ({ path, sizeBytes: 1.2e9 }),
      'disk.list': ({ id }) => ({ disks: fakeDisks(this.machine(id), this.snapshots.tree(id).snapshots.length) }),
      'disk.add': ({ id, sizeBytes }) => this.update(id, withDisk(this.machine(id), 'new-disk.qcow2', sizeBytes)),
      'disk.attach': ({ id, mediaId }) => {
        const medium = FAKE_MEDIA.find((m) => m.id === mediaId);
        if (!medium) throw new AnnexError('media-not-found', 'This medium is not in the list.');
        return this.update(id, withDisk(this.machine(id), medium.path, medium.sizeBytes));
      },
      'disk.remove': ({ id, driveId }) => this.update(id, withoutDisk(this.machine(id), driveId)),
      'disk.grow': ({ id, driveId, sizeBytes }) => this.update(id, withGrownDisk(this.machine(id), driveId, sizeBytes)),
      'disk.compact': () => ({ beforeBytes: 7.9e9, afterBytes: 6.1e9 }),
      'disk.convert': ({ id }) => this.machine(id),
      'disk.check': () => ({ problems: [], leaks: 0, repaired: false }),
      'media.browse': ({ path }) => fakeDirectory(path),
      'media.add': ({ path }) => {
        const medium = FAKE_MEDIA.find((m) => m.path === path);
        if (!medium) throw new AnnexError('media-not-found', `There is no file ${path}.`, { path });
        return medium;
      },
      'media.list': () => ({ media: [...FAKE_MEDIA] }),
      'media.forget': () => ({}),
      'demo.create': () => this.create({ name: 'debian-demo', memoryMiB: 512, guestOs: 'debian' }),
      'job.cancel': () => ({}),
      'settings.get': () => ({ settings: this.settings }),
      'settings.set': ({ patch }) => {
        this.settings = { ...this.settings, ...patch };
        return {};
      },
    };
  }
}

function displayChannel(): BulkChannel {
  let timer: ReturnType<typeof setInterval> | undefined;
  let sequence = 0;
  return {
    onMessage(listener) {
      listener(fakeResize());
      listener(fakeFrame(sequence++));
      timer = setInterval(() => listener(fakeFrame(sequence++)), 500);
    },
    onClose: () => undefined,
    send: () => undefined,
    close: () => clearInterval(timer),
  };
}

/** Echoes what is typed, as a terminal would. */
function serialChannel(): BulkChannel {
  let listen: (data: Uint8Array) => void = () => undefined;
  return {
    onMessage(listener) {
      listen = listener;
      listener(new TextEncoder().encode('Debian GNU/Linux 12 annex ttyS0\r\n\r\nannex login: '));
    },
    onClose: () => undefined,
    send: (data) => listen(data),
    close: () => undefined,
  };
}
