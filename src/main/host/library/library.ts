import { randomBytes, randomUUID } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { MachineConfig } from '../../../shared/config/machine-config.js';
import { checkMachineConfig } from '../../../shared/config/migrations.js';
import { AnnexError, type WireError } from '../../../shared/contract/errors.js';
import type { BrokenMachine } from '../../../shared/contract/machine-view.js';
import { nodeFiles, type HostFiles } from '../../node/host-files.js';
import { identifyProcess, isAlive } from '../../node/process-identity.js';
import { fileError, MACHINE_SUFFIX, MachineFolder, NEVER_RUN, type LastRun } from './machine-folder.js';
import { EMPTY_TREE, type SnapshotTree } from '../snapshots/snapshot-tree.js';
import { assertUnlocked, MachineLock } from './machine-lock.js';
import { freedesktopTrash, type Trash } from './trash.js';

/** Fields of a configuration to replace; one present without a value goes. */
export type ConfigPatch = { [K in keyof MachineConfig]?: MachineConfig[K] | undefined };

/** A machine of the library, as it is on disk. */
export interface LibraryMachine {
  readonly config: MachineConfig;
  readonly folder: MachineFolder;
  readonly lastRun: LastRun;
  readonly tree: SnapshotTree;
  /** Why the snapshots cannot be used; `tree` is empty then, and nothing may be made of that. */
  readonly treeProblem: WireError | null;
}

/** What a change makes of a machine; what it leaves out stays. */
export interface MachineChange {
  readonly config?: MachineConfig;
  readonly tree?: SnapshotTree;
}

export interface LibraryOptions {
  readonly trash?: Trash;
  readonly files?: HostFiles;
}

/** Disks to create with a machine: virtual size in bytes by drive id. */
export type NewDisks = Readonly<Record<string, { readonly sizeBytes: number }>>;

/** Settings that take effect, and harm nothing, while a machine runs. */
const CHANGEABLE_ANYTIME: ReadonlySet<string> = new Set(['name', 'notes', 'folder', 'autoSnapshots', 'systemMap']);

/** Folders being filled; renamed when complete, swept when their maker is gone. */
const DRAFT = /^\.creating-(\d+)-/;

/** The machines in one folder of the host. Every change is on disk before it is here, so a crash loses at most itself. */
export class Library {
  private machines = new Map<string, LibraryMachine>();
  private brokenOnes: BrokenMachine[] = [];
  private changes = 0;
  /** By path. Kept, since each has the order of its writes. */
  private readonly folders = new Map<string, MachineFolder>();
  private readonly lastChange = new Map<string, Promise<unknown>>();

  private constructor(
    readonly root: string,
    private readonly trash: Trash,
    readonly files: HostFiles,
  ) {}

  /** @throws AnnexError if the folder cannot be made or read */
  static async open(
    root: string,
    { trash = freedesktopTrash, files = nodeFiles }: LibraryOptions = {},
  ): Promise<Library> {
    const library = new Library(path.resolve(root), trash, files);
    try {
      await files.makeFolder(library.root);
      await library.sweepDrafts();
      await library.scan();
    } catch (cause) {
      throw fileError(cause, root);
    }
    return library;
  }

  get all(): readonly LibraryMachine[] {
    return [...this.machines.values()];
  }

  get broken(): readonly BrokenMachine[] {
    return this.brokenOnes;
  }

  /** @throws AnnexError `vm-not-found` */
  get(id: string): LibraryMachine {
    const machine = this.machines.get(id);
    if (!machine) throw new AnnexError('vm-not-found', `There is no machine ${id} in this library.`, { id });
    return machine;
  }

  /** Reads the folder anew: machines may have been copied in, repaired or removed by hand. */
  async scan(): Promise<void> {
    const asOf = this.changes;
    const { machines, broken } = await this.read();
    // What changed while the folder was read is on disk now: read it again rather than forget it.
    if (asOf !== this.changes) return this.scan();
    this.machines = machines;
    this.brokenOnes = broken;
  }

  private async read(): Promise<{ machines: Map<string, LibraryMachine>; broken: BrokenMachine[] }> {
    const entries = await readdir(this.root, { withFileTypes: true });
    const names = entries.filter((e) => e.isDirectory() && e.name.endsWith(MACHINE_SUFFIX)).map((e) => e.name);
    const machines = new Map<string, LibraryMachine>();
    const broken: BrokenMachine[] = [];
    for (const name of names.sort()) {
      const folder = this.folderAt(path.join(this.root, name));
      try {
        const machine = await readMachine(folder);
        const { id } = machine.config;
        if (machines.has(id)) throw sameIdError(machines.get(id)!);
        machines.set(id, machine);
      } catch (error) {
        broken.push({ id: `broken:${name}`, path: folder.path, error: fileError(error, name).toWire() });
      }
    }
    return { machines, broken };
  }

  /** Reads one machine anew: another process may have used it. Its lock is held or it is not in use. */
  async refresh(id: string): Promise<LibraryMachine> {
    return this.inTurn(id, async () => this.remember(await readMachine(this.get(id).folder)));
  }

  /** @throws AnnexError `vm-exists`, `vm-config-invalid`, `no-space`… */
  create(draft: Omit<MachineConfig, 'version' | 'id' | 'createdAt'>, newDisks: NewDisks): Promise<LibraryMachine> {
    return this.make(draft, async (folder, config) => {
      const complete = await nameDisks(folder, config, newDisks);
      await createDisks(folder, complete, newDisks);
      return { config: complete };
    });
  }

  /**
   * Makes a machine out of sight and shows it when it is complete.
   * @param fill puts files into its folder and gives the configuration, and snapshots, that go with them
   * @throws AnnexError `vm-exists`, `vm-config-invalid`, `no-space`…; nothing is left then
   */
  async make(
    draft: Omit<MachineConfig, 'version' | 'id' | 'createdAt'>,
    fill: (folder: MachineFolder, config: MachineConfig) => Promise<MachineChange>,
  ): Promise<LibraryMachine> {
    const config = checkMachineConfig({ ...draft, version: 1, id: randomUUID(), createdAt: new Date().toISOString() });
    this.assertNameFree(config.name);
    const name = `.creating-${process.pid}-${randomBytes(4).toString('hex')}`;
    const making = new MachineFolder(path.join(this.root, name), this.files);
    try {
      await this.files.makeFolder(making.path);
      const { config: complete = config, tree = EMPTY_TREE } = await fill(making, config);
      await (tree === EMPTY_TREE ? making.writeConfig(complete) : making.writeConfigAndTree(complete, tree));
      const folder = await this.publish(making, config.name);
      return this.remember({ config: complete, folder, lastRun: NEVER_RUN, tree, treeProblem: null });
    } catch (error) {
      // What cannot be removed now is swept when the library is opened next.
      await this.files.remove(making.path).catch(() => {});
      throw fileError(error, config.name);
    }
  }

  /**
   * Changes settings and snapshots of a machine as one step.
   * @param what what becomes of the machine as it is at that moment
   * @throws AnnexError; nothing has changed then
   */
  change(id: string, what: (machine: LibraryMachine) => MachineChange): Promise<LibraryMachine> {
    return this.inTurn(id, async () => {
      const machine = this.get(id);
      const { config, tree } = what(machine);
      const { folder } = machine;
      if (machine.treeProblem && tree) throw AnnexError.fromWire(machine.treeProblem);
      try {
        if (config && tree) await folder.writeConfigAndTree(config, tree);
        else if (tree) await folder.writeTree(tree);
        else if (config) await folder.writeConfig(config);
      } catch (error) {
        throw fileError(error, machine.config.name);
      }
      return this.remember({ ...this.get(id), ...(config && { config }), ...(tree && { tree }) });
    });
  }

  /** Replaces settings. @param off whether the machine is off: only then may everything change */
  async edit(id: string, patch: ConfigPatch, newDisks: NewDisks, off: boolean): Promise<LibraryMachine> {
    const machine = this.get(id);
    const config = edited(machine.config, patch);
    if (config.name !== machine.config.name) this.assertNameFree(config.name, id);
    if (Object.keys(patch).some((key) => !CHANGEABLE_ANYTIME.has(key))) {
      if (!off) throw wrongStateError(machine.config.name);
      await assertUnlocked(machine.folder.path);
    }
    try {
      const change = (complete: ConfigPatch) =>
        this.change(id, (present) => ({ config: edited(present.config, complete) }));
      if (Object.keys(newDisks).length === 0) return await change(patch);
      const named = await nameDisks(machine.folder, config, newDisks);
      return await this.changeDiskFiles(id, newDiskFiles(named, newDisks), async () => {
        await createDisks(machine.folder, named, newDisks);
        return change({ ...patch, drives: named.drives });
      });
    } catch (error) {
      throw fileError(error, config.name);
    }
  }

  /**
   * Work on files of disks in a machine's folder, which is off: those of `names` that its settings do not name afterwards
   * are removed, by the next host if this one dies. @throws AnnexError
   */
  async changeDiskFiles<T>(id: string, names: readonly string[], work: () => Promise<T>): Promise<T> {
    const { folder, config } = this.get(id);
    try {
      await folder.diskIntents.begin(names);
    } catch (error) {
      throw fileError(error, config.name);
    }
    return work().finally(() => this.settleDiskFiles(id).catch(() => {}));
  }

  /** Removes files of disks that were made, or were to be removed, when the work was cut off. The machine is off. */
  async settleDiskFiles(id: string): Promise<void> {
    const { folder } = this.get(id);
    if (!(await folder.diskIntents.arePending())) return;
    const { config, tree, treeProblem } = await this.refresh(id);
    if (treeProblem) return;
    const paths = [...config.drives, ...tree.layers].flatMap(({ path: file }) => (file === null ? [] : [file]));
    await folder.diskIntents.settle(new Set(paths.map((file) => folder.resolve(file))));
  }

  /** Removes a machine that nobody uses, to the trash where there is one. */
  async remove(id: string): Promise<void> {
    const { folder, config } = this.get(id);
    await assertUnlocked(folder.path);
    try {
      if (!(await this.trash(folder.path))) await rm(folder.path, { recursive: true });
    } catch (error) {
      throw fileError(error, config.name);
    }
    this.changes++;
    this.machines.delete(id);
  }

  async setLastRun(id: string, lastRun: LastRun): Promise<void> {
    const machine = this.get(id);
    await machine.folder.writeLastRun(lastRun);
    this.remember({ ...this.get(id), lastRun });
  }

  /** A medium changed hands: the one setting a running machine changes by itself. */
  async setDrivePath(id: string, driveId: string, medium: string | null): Promise<void> {
    await this.change(id, ({ config }) => {
      const drives = config.drives.map((d) => (d.id === driveId && d.kind !== 'disk' ? { ...d, path: medium } : d));
      return { config: { ...config, drives } };
    });
  }

  private folderAt(folderPath: string): MachineFolder {
    const folder = this.folders.get(folderPath) ?? new MachineFolder(folderPath, this.files);
    this.folders.set(folderPath, folder);
    return folder;
  }

  private inTurn<T>(id: string, work: () => Promise<T>): Promise<T> {
    const turn = (this.lastChange.get(id) ?? Promise.resolve()).then(work);
    this.lastChange.set(
      id,
      turn.catch(() => {}),
    );
    return turn;
  }

  private remember(machine: LibraryMachine): LibraryMachine {
    this.changes++;
    this.machines.set(machine.config.id, machine);
    return machine;
  }

  private assertNameFree(name: string, exceptId?: string): void {
    const taken = this.all.some(({ config }) => config.id !== exceptId && sameName(config.name, name));
    if (taken)
      throw new AnnexError('vm-exists', `There is already a machine called "${name}". Choose another name.`, { name });
  }

  /** Gives a complete folder its name; takes the next free one if something else sits there. */
  private async publish(making: MachineFolder, name: string): Promise<MachineFolder> {
    const present = new Set((await readdir(this.root)).map((entry) => entry.toLowerCase()));
    const candidate = (n: number): string => `${name}${n === 1 ? '' : ` ${n}`}${MACHINE_SUFFIX}`;
    let number = 1;
    while (present.has(candidate(number).toLowerCase())) number++;
    const target = path.join(this.root, candidate(number));
    await this.files.rename(making.path, target);
    await this.files.syncFolder(this.root);
    return this.folderAt(target);
  }

  private async sweepDrafts(): Promise<void> {
    for (const entry of await readdir(this.root)) {
      const pid = Number(DRAFT.exec(entry)?.[1]);
      if (pid && (pid === process.pid || !isAlive(identifyProcess(pid))))
        await this.files.remove(path.join(this.root, entry));
    }
  }
}

/** A machine from its folder, after finishing what a crash has cut off. @throws AnnexError if its settings are unusable */
async function readMachine(folder: MachineFolder): Promise<LibraryMachine> {
  if (await folder.journal.isPending()) await recover(folder);
  const config = await folder.readConfig();
  const lastRun = await folder.readLastRun();
  try {
    return { config, folder, lastRun, tree: await folder.readTree(), treeProblem: null };
  } catch (error) {
    return { config, folder, lastRun, tree: EMPTY_TREE, treeProblem: fileError(error, 'tree.json').toWire() };
  }
}

/** Somebody who holds the lock is still at work; else nobody is. */
async function recover(folder: MachineFolder): Promise<void> {
  const lock = await MachineLock.acquire(folder.path, process.pid, 'work').catch((error: unknown) => {
    if (error instanceof AnnexError && error.code === 'vm-locked') return undefined;
    throw error;
  });
  if (!lock) return;
  await folder.journal.recover().finally(() => lock.release());
}

/** @throws AnnexError `vm-config-invalid` */
function edited(config: MachineConfig, patch: ConfigPatch): MachineConfig {
  const { version, id, createdAt } = config;
  return checkMachineConfig({ ...config, ...patch, version, id, createdAt });
}

/** The configuration with a free file name for each new disk. */
async function nameDisks(folder: MachineFolder, config: MachineConfig, newDisks: NewDisks): Promise<MachineConfig> {
  const drives = [];
  for (const drive of config.drives) {
    if (!newDisks[drive.id] || drive.kind !== 'disk') drives.push(drive);
    else drives.push({ ...drive, format: 'raw' as const, path: await folder.freeDiskName(drive.id, 'raw') });
  }
  return { ...config, drives };
}

function newDiskFiles({ drives }: MachineConfig, newDisks: NewDisks): string[] {
  return drives.flatMap((drive) => (newDisks[drive.id] && drive.kind === 'disk' ? [drive.path] : []));
}

/** Raw disks that take no room until they are written to, and never over an existing file. @throws AnnexError */
async function createDisks(folder: MachineFolder, { drives }: MachineConfig, newDisks: NewDisks): Promise<void> {
  for (const { id, kind, path: name } of drives) {
    const wanted = newDisks[id];
    if (!wanted || kind !== 'disk') continue;
    await folder.files.createSparse(folder.file(name), wanted.sizeBytes).catch((error: unknown) => {
      throw fileError(error, name);
    });
  }
}

const sameName = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

function sameIdError(other: LibraryMachine): AnnexError {
  const { name } = other.config;
  return new AnnexError(
    'vm-config-invalid',
    `This folder is a copy of the machine "${name}". Remove one of the two, or change the id in machine.json.`,
    { field: 'id', name },
  );
}

function wrongStateError(name: string): AnnexError {
  return new AnnexError('vm-wrong-state', `"${name}" is on. Shut it down to change this setting.`, { name });
}
