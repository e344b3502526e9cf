import { mkdtemp, rm } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { COMMANDS, type CommandName, type CommandReply, type CommandRequest } from '../../shared/contract/commands.js';
import { AnnexError } from '../../shared/contract/errors.js';
import type { HostEvent } from '../../shared/contract/events.js';
import type { PowerState } from '../../shared/contract/machine-view.js';
import type { ChannelKind } from '../../shared/vm-process/protocol.js';
import type { HostFiles } from '../node/host-files.js';
import type { SocketChannel } from '../node/socket-channel.js';
import type { ChannelBroker, Handlers } from './commands/handlers.js';
import { diskCommands } from './commands/disk-commands.js';
import { hostCommands, settingsSchema, type MediaChooser } from './commands/host-commands.js';
import { foldersSchema, libraryCommands } from './commands/library-commands.js';
import { machineCommands } from './commands/machine-commands.js';
import { snapshotCommands } from './commands/snapshot-commands.js';
import { transferCommands } from './commands/transfer-commands.js';
import { EngineChooser, softwareOnly } from './engine/engine-chooser.js';
import { DiskJobs } from './disk-jobs/disk-jobs.js';
import { DiskSizes } from './disks/disk-sizes.js';
import { DiskManager } from './disks/disk-manager.js';
import { HostFactsReader } from './host-facts.js';
import { hostError } from './host-error.js';
import { Jobs } from './jobs.js';
import { JsonStore } from './json-store.js';
import { Library } from './library/library.js';
import { Machines } from './machines.js';
import { MediaCatalogue } from './media/media-catalogue.js';
import { Operations } from './operations.js';
import { AutoSnapshots, runningTimeSchema } from './snapshots/auto-snapshots.js';
import { Clones } from './snapshots/clones.js';
import { Comparer } from './snapshots/comparison.js';
import { MachineSites } from './snapshots/machine-sites.js';
import { Merger } from './snapshots/merger.js';
import { PowerCycle } from './snapshots/power-cycle.js';
import { Snapshots } from './snapshots/snapshots.js';
import type { ProcessStarter } from './supervisor/process-starter.js';
import { Exporter } from './transfer/exporter.js';
import { Importer } from './transfer/importer.js';
import { Uploads } from './uploads.js';

export interface HostOptions {
  readonly libraryPath: string;
  readonly starter: ProcessStarter;
  /** Starts the program that works on disk images. */
  readonly diskJobStarter: ProcessStarter;
  /** Decides which engine runs a machine; without one it is software. */
  readonly engines?: EngineChooser;
  /** Version of the product. */
  readonly version: string;
  /** The file system, for tests that let it fail. */
  readonly files?: HostFiles;
  /** Native file dialog, where there is a desktop. */
  readonly chooser?: MediaChooser;
}

/** Folder inside the library for what the host keeps besides machines: settings, media, downloads, uploads. */
export const HOST_FOLDER = '.host';

/**
 * The host: library, running machines, media, settings, behind the contract's commands and events. Every transport
 * (Electron, WebSocket, CLI) sits on {@link request}, {@link onEvent} and {@link openChannel}.
 */
export class Host {
  readonly uploads: Uploads;
  private readonly listeners = new Set<(event: HostEvent) => void>();
  private readonly handlers: Handlers<CommandName>;
  private readonly machines: Machines;
  private readonly power: PowerCycle;
  private readonly jobs: Jobs;
  private readonly sites: MachineSites;
  private readonly autoSnapshots: AutoSnapshots;

  private constructor(
    private readonly runtimeFolder: string,
    options: HostOptions,
    library: Library,
    media: MediaCatalogue,
    settings: JsonStore<Record<string, unknown>>,
    folders: JsonStore<string[]>,
    runningTime: JsonStore<Record<string, number>>,
  ) {
    const emit = (event: HostEvent): void => this.listeners.forEach((listener) => listener(event));
    const dataFolder = path.join(library.root, HOST_FOLDER);
    const jobs = new Jobs((job) => emit({ type: 'job', job }));
    const engines = options.engines ?? new EngineChooser(softwareOnly);
    const machines = new Machines(library, { starter: options.starter, engines, runtimeFolder }, emit);
    const facts = new HostFactsReader(options.version, library.root, engines);
    this.jobs = jobs;
    this.machines = machines;
    this.uploads = new Uploads(path.join(dataFolder, 'uploads'), media, jobs);
    const operations = new Operations();
    const sites = new MachineSites(library, machines, operations, emit);
    const diskJobs = new DiskJobs(options.diskJobStarter);
    const sizes = new DiskSizes(library.files, diskJobs);
    const merger = new Merger(sites, diskJobs, jobs);
    const snapshots = new Snapshots(sites, merger, jobs, sizes);
    const power = new PowerCycle(sites, merger, jobs, sizes, emit);
    const comparer = new Comparer(sites, snapshots, diskJobs, jobs, sizes);
    const clones = new Clones(sites, snapshots, diskJobs, jobs, sizes);
    this.sites = sites;
    this.autoSnapshots = new AutoSnapshots(sites, snapshots, runningTime, emit);
    this.power = power;
    this.handlers = {
      ...libraryCommands({ library, machines, media, folders, operations, snapshots, emit }),
      ...machineCommands(machines, media, power),
      ...snapshotCommands({ machines, snapshots, merger, comparer, clones, power }),
      ...transferCommands({
        machines,
        media,
        importer: new Importer(library, diskJobs, jobs),
        exporter: new Exporter(sites, diskJobs, jobs),
      }),
      ...diskCommands(machines, new DiskManager(sites, snapshots, diskJobs, jobs, media, sizes)),
      ...hostCommands({ facts, media, jobs, library, machines, settings, chooser: options.chooser, dataFolder, emit }),
    };
  }

  /** @throws AnnexError if the library cannot be opened */
  static async open(options: HostOptions): Promise<Host> {
    const library = await Library.open(options.libraryPath, options.files ? { files: options.files } : {});
    const file = (name: string): string => path.join(library.root, HOST_FOLDER, name);
    const media = await MediaCatalogue.open(file('media.json'));
    const settings = await JsonStore.open<Record<string, unknown>>(file('settings.json'), settingsSchema, {});
    const folders = await JsonStore.open<string[]>(file('folders.json'), foldersSchema, []);
    const runningTime = await JsonStore.open<Record<string, number>>(file('running-time.json'), runningTimeSchema, {});
    // Short, because a local socket's path may have only about 100 characters; private, because mkdtemp makes it 0700.
    const runtimeFolder = await mkdtemp(path.join(tmpdir(), 'annex-'));
    const host = new Host(runtimeFolder, options, library, media, settings, folders, runningTime);
    await host.sites.recoverAll();
    return host;
  }

  /** A command as a typed call. @throws AnnexError */
  async command<N extends CommandName>(name: N, request: CommandRequest<N>): Promise<CommandReply<N>> {
    return (await this.request(name, request)) as CommandReply<N>;
  }

  /**
   * Carries out a command from a client, whatever it sends.
   * @param channels how this client gets bulk channels; without it `channel.open` is refused
   * @throws AnnexError only
   */
  async request(name: string, payload: unknown, channels: ChannelBroker = NO_CHANNELS): Promise<unknown> {
    try {
      if (!isCommand(name)) throw new AnnexError('bad-request', `There is no command "${name.slice(0, 100)}".`);
      return await this.carryOut(name, payload, channels);
    } catch (error) {
      throw hostError(error);
    }
  }

  onEvent(listener: (event: HostEvent) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** A bulk channel of a running machine, through this process. @throws AnnexError */
  async openChannel(machineId: string, kind: ChannelKind): Promise<SocketChannel> {
    this.checkState('channel.open', machineId);
    return this.machines.openChannel(machineId, kind);
  }

  /** Gives the VM process a MessagePort as a bulk channel. Only with a starter that transfers ports. @throws AnnexError */
  attachPort(machineId: string, kind: ChannelKind, port: unknown): void {
    this.checkState('channel.open', machineId);
    this.machines.attachPort(machineId, kind, port);
  }

  /**
   * Gives the VM process a client's connection as a bulk channel. Not with a starter that transfers ports.
   * @param key `Sec-WebSocket-Key` of its unanswered request to become a WebSocket @throws AnnexError
   */
  attachSocket(machineId: string, kind: ChannelKind, key: string, socket: Socket): void {
    this.checkState('channel.open', machineId);
    this.machines.attachSocket(machineId, kind, key, socket);
  }

  /** Ids of machines that are on. */
  get running(): readonly string[] {
    return this.machines.running;
  }

  /** Saves what runs, as far as it can be saved, and ends it. */
  suspendAll(): Promise<string[]> {
    return this.power.suspendAll();
  }

  /** Starts machines again that `suspendAll` named. @returns ids of those that run; notices say why others do not */
  startAll(ids: readonly string[]): Promise<string[]> {
    return this.power.startAll(ids);
  }

  /** Powers off what runs and stops. */
  async close(): Promise<void> {
    this.jobs.cancelAll();
    this.power.close();
    await this.autoSnapshots.close();
    await this.machines.close();
    await this.sites.operations.settle();
    await rm(this.runtimeFolder, { recursive: true, force: true });
  }

  private async carryOut(name: CommandName, payload: unknown, channels: ChannelBroker): Promise<unknown> {
    const { request, reply } = COMMANDS[name];
    const parsed = request.safeParse(payload);
    if (!parsed.success) {
      const { path: at, message } = parsed.error.issues[0]!;
      throw new AnnexError('bad-request', `${name}: ${[at.join('.'), message].filter(Boolean).join(': ')}`);
    }
    if ('id' in parsed.data) await this.checkLegal(name, parsed.data.id);
    const handler = this.handlers[name] as (request: unknown, context: object) => Promise<unknown>;
    return reply.parse(await handler(parsed.data, { channels }));
  }

  /** @throws AnnexError `vm-wrong-state` if the command is not legal now */
  private async checkLegal(name: CommandName, machineId: string): Promise<void> {
    if (!statesOf(name)) return;
    this.checkState(name, machineId, this.machines.stateOf(machineId) ?? (await this.machines.view(machineId)).state);
  }

  private checkState(name: CommandName, machineId: string, state?: PowerState): void {
    const legal = statesOf(name);
    const now = state ?? this.machines.stateOf(machineId) ?? 'stopped';
    if (!legal || legal.includes(now)) return;
    throw new AnnexError(
      'vm-wrong-state',
      `${name} needs a machine that is ${legal.join(' or ')}; this one is ${now}.`,
      {
        command: name,
        state: now,
      },
    );
  }
}

function isCommand(name: string): name is CommandName {
  return Object.hasOwn(COMMANDS, name);
}

function statesOf(name: CommandName): readonly PowerState[] | undefined {
  const command = COMMANDS[name];
  return 'states' in command ? command.states : undefined;
}

const NO_CHANNELS: ChannelBroker = {
  open: () => Promise.reject(new AnnexError('not-supported', 'This connection carries no channels.')),
  close: () => {},
};
