import { randomBytes } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { Socket } from 'node:net';
import path from 'node:path';
import type { MachineConfig } from '../../shared/config/machine-config.js';
import { AnnexError } from '../../shared/contract/errors.js';
import type { HostEvent } from '../../shared/contract/events.js';
import {
  translatorFiguresSchema,
  type EngineReport,
  type MachineMetrics,
  type MachineView,
  type PowerState,
  type TranslatorView,
} from '../../shared/contract/machine-view.js';
import type { ChannelKind, VmPlan } from '../../shared/vm-process/protocol.js';
import type { SocketChannel } from '../node/socket-channel.js';
import { firmwareFiles } from './firmware-files.js';
import type { Library, LibraryMachine } from './library/library.js';
import { chainOf, headOf, writableDisks } from './snapshots/layers.js';
import { refuseFrozen } from './snapshots/frozen-files.js';
import { filesOf } from './snapshots/linked-clones.js';
import type { LastRun } from './library/machine-folder.js';
import { MachineLock } from './library/machine-lock.js';
import { viewMachine } from './machine-view.js';
import { checkFiles, checkMemory } from './preflight.js';
import { machineRights } from './supervisor/process-rights.js';
import { softwareInstead, type EngineChooser } from './engine/engine-chooser.js';
import type { ProcessStarter } from './supervisor/process-starter.js';
import { MachineSymbols } from './symbols/machine-symbols.js';
import { RunningMachine, type RunEnd } from './supervisor/running-machine.js';
import type { VmNews } from './supervisor/vm-link.js';

/** How often the picture of a running machine in the library is renewed, in ms. */
const THUMBNAIL_EVERY_MS = 10_000;
const THUMBNAIL_WIDTH = 480;

/** How a machine starts other than by being powered on with its disks. */
export interface StartOptions {
  /** Saved state to go on from. */
  readonly restoreFrom?: VmPlan['restoreFrom'];
  /** Layers to use in place of the machine's own, by drive: what is written is not kept. */
  readonly heads?: Readonly<Record<string, string>>;
}

/** A machine that is on. */
interface LiveMachine {
  readonly run: RunningMachine;
  readonly lockedDrives: Set<string>;
  readonly disposable: boolean;
  lock: MachineLock | undefined;
  watchers: number;
}

/** What machines are run with. */
export interface MachinesParts {
  readonly starter: ProcessStarter;
  readonly engines: EngineChooser;
  /** Where their sockets go. */
  readonly runtimeFolder: string;
}

/** The machines of the library together with those of them that are on: power, media, channels, pictures. */
export class Machines {
  private readonly live = new Map<string, LiveMachine>();
  /** Machines about to start: two starts at once must not both go ahead. */
  private readonly planning = new Set<string>();
  private readonly thumbnailVersions = new Map<string, number>();
  private readonly symbols = new MachineSymbols();
  private readonly thumbnailTimer: NodeJS.Timeout;
  /** Told when a machine has ended and is off for everybody. */
  afterEnd: ((id: string, end: RunEnd) => void) | undefined;

  /** @param runtimeFolder private to this user, for the sockets of bulk channels */
  constructor(
    private readonly library: Library,
    private readonly parts: MachinesParts,
    private readonly emit: (event: HostEvent) => void,
  ) {
    this.thumbnailTimer = setInterval(() => this.renewThumbnails(), THUMBNAIL_EVERY_MS);
    this.thumbnailTimer.unref();
  }

  stateOf(id: string): PowerState | undefined {
    return this.live.get(id)?.run.state;
  }

  /** Ids of machines that are on. */
  get running(): readonly string[] {
    return [...this.live.keys()];
  }

  /** @throws AnnexError `vm-not-found` */
  async view(id: string): Promise<MachineView> {
    const machine = this.library.get(id);
    return viewMachine(machine, this.live.get(id), await this.thumbnailVersion(machine));
  }

  /** The machine, for commands legal only while it is on. @throws AnnexError `vm-wrong-state` */
  powered(id: string): RunningMachine {
    const { config } = this.library.get(id);
    const live = this.live.get(id);
    if (!live)
      throw new AnnexError('vm-wrong-state', `"${config.name}" is not running. Start it first.`, { name: config.name });
    return live.run;
  }

  /**
   * Powers a machine on, or goes on from a saved state; then it is paused.
   * @throws AnnexError why it cannot start; it is off then
   */
  async start(id: string, options: StartOptions = {}): Promise<void> {
    try {
      await this.startUnder(id, options);
    } catch (error) {
      const automatic = this.library.get(id).config.engine === 'auto';
      const refused = error instanceof AnnexError && error.code === 'engine-unavailable';
      if (!options.restoreFrom || !automatic || !refused) throw error;
      // Saved where the guest got what this host's KVM cannot give it: any state goes on in software.
      await this.startUnder(id, options, softwareInstead(error));
    }
  }

  private async startUnder(
    id: string,
    { restoreFrom = null, heads = {} }: StartOptions,
    engine?: EngineReport,
  ): Promise<void> {
    const machine = this.library.get(id);
    if (this.live.has(id) || this.planning.has(id)) throw alreadyOnError(machine.config.name);
    this.planning.add(id);
    const plan = await this.plan(machine, heads, restoreFrom, engine).finally(() => this.planning.delete(id));
    const live: LiveMachine = {
      run: new RunningMachine(plan, this.parts.starter, {
        onChange: () => this.changed(id),
        onNews: (news) => this.hear(id, news),
        onStalled: (stalled) => this.emit({ type: 'stalled', machineId: id, stalled }),
        onProcess: async (pid) => void (live.lock = await MachineLock.acquire(machine.folder.path, pid)),
        onEnd: (end) => this.ended(id, live, end),
      }),
      disposable: Object.keys(heads).length > 0,
      lockedDrives: new Set(),
      lock: undefined,
      watchers: 0,
    };
    this.live.set(id, live);
    this.changed(id);
    const folders = [machine.folder.path, this.parts.runtimeFolder];
    await live.run.start(await machineRights(folders, plan.config.drives, plan.engine.engine, broughtBases(machine)));
    const { startedAt } = live.run;
    await this.rememberRun(id, { version: 1, power: 'on', problem: null, startedAt, lastUsedAt: Date.now() });
    this.changed(id);
  }

  /** The machine if it is on. */
  liveRun(id: string): RunningMachine | undefined {
    return this.live.get(id)?.run;
  }

  async powerOff(id: string): Promise<void> {
    await this.powered(id).powerOff();
  }

  /** Puts a medium in, or takes it out (null), running or not. */
  async setMedium(id: string, driveId: string, file: string | null, force: boolean): Promise<void> {
    const drive = this.library.get(id).config.drives.find((d) => d.id === driveId);
    if (!drive || drive.kind === 'disk')
      throw new AnnexError('bad-request', `Drive "${driveId}" has no exchangeable medium.`, { driveId });
    const live = this.live.get(id);
    if (live) await live.run.call({ name: 'set-medium', driveId, path: file, force });
    await this.library.setDrivePath(id, driveId, file);
    this.changed(id);
  }

  /** Figures since power-on, hot code by its name where the machine has a System.map. */
  async stats(id: string): Promise<{ stats: Record<string, unknown> }> {
    const { stats } = await this.powered(id).call({ name: 'stats' });
    const figures = translatorFiguresSchema.safeParse(stats['translator']);
    return { stats: figures.success ? { ...stats, translator: await this.named(id, figures.data) } : stats };
  }

  openChannel(id: string, kind: ChannelKind): Promise<SocketChannel> {
    return this.powered(id).openChannel(kind);
  }

  /** Hands a MessagePort to the VM process, so that its channel does not pass through this process. */
  attachPort(id: string, kind: ChannelKind, port: unknown): void {
    if (!this.parts.starter.transfersPorts)
      throw new AnnexError('not-supported', 'This host cannot hand ports to machines.');
    this.powered(id).tell({ type: 'channel', kind }, [port]);
  }

  /** Hands a client's connection to the VM process, so that its channel does not pass through this process. */
  attachSocket(id: string, kind: ChannelKind, key: string, socket: Socket): void {
    if (this.parts.starter.transfersPorts)
      throw new AnnexError('not-supported', 'This host cannot hand connections to machines.');
    this.powered(id).tell({ type: 'web-socket', kind, key }, [socket]);
  }

  watch(id: string, watching: boolean): void {
    const live = this.live.get(id);
    if (!live) return;
    live.watchers = Math.max(0, live.watchers + (watching ? 1 : -1));
    live.run.tell({ type: 'watch', watching: live.watchers > 0 });
  }

  /** Small picture of the screen: now if it is on, else as it was last. */
  async thumbnail(id: string): Promise<{ png: string | null; version: number | null }> {
    const machine = this.library.get(id);
    if (this.live.has(id)) await this.takeThumbnail(id).catch(() => {});
    const png = await machine.folder.readThumbnail();
    return { png: png ? Buffer.from(png).toString('base64') : null, version: await this.thumbnailVersion(machine) };
  }

  /** Last lines of the machine's log. */
  async log(id: string, lines: number): Promise<string[]> {
    const text = await readTail(this.library.get(id).folder.logPath, lines * 400);
    return text.split('\n').filter(Boolean).slice(-lines);
  }

  /** Powers everything off; what does not listen is ended by force. */
  async close(): Promise<void> {
    clearInterval(this.thumbnailTimer);
    await Promise.all([...this.live.values()].map(({ run }) => run.powerOff()));
  }

  /** Tells clients that something about a machine is different. */
  changed(id: string): void {
    this.view(id).then(
      (machine) => this.emit({ type: 'machine-changed', machine }),
      // It was deleted meanwhile; `machine-removed` tells.
      () => {},
    );
  }

  private async plan(
    machine: LibraryMachine,
    heads: Readonly<Record<string, string>>,
    restoreFrom: VmPlan['restoreFrom'],
    engine?: EngineReport,
  ): Promise<VmPlan> {
    const { folder } = machine;
    const config = onLayers(machine, heads);
    const absolute = folder.withAbsolutePaths(config);
    checkMemory(config.memoryMiB, this.memoryInUse());
    await checkFiles(absolute);
    await refuseFrozen(
      this.library,
      writableDisks(absolute).map(({ path: file }) => file),
      config.id,
    );
    const name = randomBytes(6).toString('hex');
    return {
      config: absolute,
      backing: this.backingOf({ ...machine, config }),
      logPath: folder.logPath,
      bulk: { path: bulkPath(this.parts.runtimeFolder, name), secret: randomBytes(16).toString('hex') },
      firmware: firmwareFiles(absolute.firmware),
      engine: engine ?? (await this.parts.engines.choose(config.engine)),
      withheldFeatures: [...(await this.parts.engines.withheldFrom(config))],
      endOnReset: false,
      lastScreenWidth: THUMBNAIL_WIDTH,
      restoreFrom,
    };
  }

  /** What each disk may build on, as the tree has it. */
  private backingOf({ config, tree }: LibraryMachine): VmPlan['backing'] {
    const chains = writableDisks(config).flatMap((drive) => {
      const head = headOf(tree, drive);
      return head ? [[drive.id, filesOf(this.library, config.id, head.id).slice(1)] as const] : [];
    });
    return Object.fromEntries(chains.map(([driveId, files]) => [driveId, files.map(({ path: file }) => file)]));
  }

  private memoryInUse(): number {
    return [...this.live.keys()].reduce((sum, id) => sum + this.library.get(id).config.memoryMiB, 0);
  }

  private hear(id: string, news: VmNews): void {
    switch (news.type) {
      case 'metrics':
        return void this.tellMetrics(id, news.metrics);
      case 'activity':
        return this.emit({ type: 'activity', machineId: id, drives: news.drives, serial: news.serial });
      case 'screen-size':
        return this.emit({ type: 'screen-size', machineId: id, width: news.width, height: news.height });
      case 'halted':
        return this.emit({ type: 'notice', machineId: id, error: haltedError(this.library.get(id)).toWire() });
      case 'drive':
        return void this.driveChanged(id, news);
    }
  }

  private async tellMetrics(id: string, metrics: MachineMetrics): Promise<void> {
    const named = metrics.translator && { translator: await this.named(id, metrics.translator) };
    if (this.live.has(id)) this.emit({ type: 'metrics', metrics: { ...metrics, ...named, machineId: id } });
  }

  private named(id: string, figures: TranslatorView): Promise<TranslatorView> {
    const { config, folder } = this.library.get(id);
    return this.symbols.name(id, folder.withAbsolutePaths(config).systemMap, figures);
  }

  private async driveChanged(id: string, news: Extract<VmNews, { type: 'drive' }>): Promise<void> {
    const locked = this.live.get(id)?.lockedDrives;
    if (news.locked) locked?.add(news.driveId);
    else locked?.delete(news.driveId);
    const drive = this.library.get(id).config.drives.find((d) => d.id === news.driveId);
    // A guest can take a medium out, never choose one.
    if (drive && drive.kind !== 'disk' && news.mediumPath === null && drive.path !== null)
      await this.library.setDrivePath(id, news.driveId, null);
    this.changed(id);
  }

  private async ended(id: string, live: LiveMachine, end: RunEnd): Promise<void> {
    await live.lock?.release();
    if (end.lastLook) await this.saveThumbnail(id, end.lastLook.screen.png).catch(() => {});
    const everRan = live.run.engine !== null;
    if (everRan) {
      const crashed = end.error !== null;
      await this.rememberRun(id, {
        version: 1,
        power: crashed ? 'crashed' : 'off',
        problem: end.error,
        startedAt: live.run.startedAt,
        lastUsedAt: Date.now(),
      });
    }
    this.live.delete(id);
    this.symbols.forget(id);
    this.changed(id);
    this.afterEnd?.(id, end);
  }

  /** What cannot be written, on a full disk, is lost: it matters less than the machine. */
  private rememberRun(id: string, lastRun: LastRun): Promise<void> {
    return this.library.setLastRun(id, lastRun).catch(() => {});
  }

  private renewThumbnails(): void {
    for (const [id, { run }] of this.live)
      if (run.state === 'running')
        this.takeThumbnail(id).then(
          () => this.changed(id),
          () => {},
        );
  }

  private async takeThumbnail(id: string): Promise<void> {
    const { png } = await this.powered(id).call({ name: 'screenshot', maxWidth: THUMBNAIL_WIDTH });
    await this.saveThumbnail(id, png);
  }

  private async saveThumbnail(id: string, png: string): Promise<void> {
    await this.library.get(id).folder.writeThumbnail(Buffer.from(png, 'base64'));
    this.thumbnailVersions.set(id, Date.now());
  }

  private async thumbnailVersion(machine: LibraryMachine): Promise<number | null> {
    return this.thumbnailVersions.get(machine.config.id) ?? (await machine.folder.thumbnailTime());
  }
}

/** The settings with some disks on other layers. */
function onLayers({ config, tree }: LibraryMachine, heads: Readonly<Record<string, string>>): MachineConfig {
  const drives = config.drives.map((drive) => {
    const layer = tree.layers.find(({ id }) => id === heads[drive.id]);
    return layer && drive.kind === 'disk' ? { ...drive, path: layer.path, format: layer.format } : drive;
  });
  return { ...config, drives };
}

/** The images below a machine's layers that are not ours: what a merge may end in. */
function broughtBases({ config, tree, folder }: LibraryMachine): string[] {
  return writableDisks(config).flatMap((drive) => {
    const head = headOf(tree, drive);
    const base = head && chainOf(tree, head.id).at(-1);
    return base && !base.ours ? [folder.resolve(base.path)] : [];
  });
}

/** A local socket in the runtime folder, or a named pipe on Windows. */
export function bulkPath(runtimeFolder: string, name: string): string {
  return process.platform === 'win32' ? `\\\\.\\pipe\\annex-${name}` : path.join(runtimeFolder, `${name}.sock`);
}

function alreadyOnError(name: string): AnnexError {
  return new AnnexError('vm-wrong-state', `"${name}" is already on.`, { name });
}

function haltedError({ config: { name } }: LibraryMachine): AnnexError {
  return new AnnexError('guest-halted', `The guest in "${name}" has switched its processor off. Power it off or reset it.`, { name }); // prettier-ignore
}

async function readTail(file: string, maxBytes: number): Promise<string> {
  const handle = await open(file, 'r').catch(() => undefined);
  if (!handle) return '';
  try {
    const { size } = await handle.stat();
    const length = Math.min(size, maxBytes);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await handle.close();
  }
}
