import { randomBytes, randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { MachineConfig } from '../../../shared/config/machine-config.js';
import { checkMachineConfig } from '../../../shared/config/migrations.js';
import { AnnexError } from '../../../shared/contract/errors.js';
import type { BrokenMachine } from '../../../shared/contract/machine-view.js';
import { syncFolder } from '../../node/atomic-file.js';
import { identifyProcess, isAlive } from '../../node/process-identity.js';
import { fileError, MACHINE_SUFFIX, MachineFolder, NEVER_RUN, type LastRun } from './machine-folder.js';
import { assertUnlocked } from './machine-lock.js';
import { freedesktopTrash, type Trash } from './trash.js';

/** Fields of a configuration to replace; one present without a value goes. */
export type ConfigPatch = { [K in keyof MachineConfig]?: MachineConfig[K] | undefined };

/** A machine of the library, as it is on disk. */
export interface LibraryMachine {
  readonly config: MachineConfig;
  readonly folder: MachineFolder;
  readonly lastRun: LastRun;
}

/** Disks to create with a machine: virtual size in bytes by drive id. */
export type NewDisks = Readonly<Record<string, { readonly sizeBytes: number }>>;

/** Settings that take effect, and harm nothing, while a machine runs. */
const CHANGEABLE_ANYTIME: ReadonlySet<string> = new Set(['name', 'notes', 'folder']);

/** Folders being filled; renamed when complete, swept when their maker is gone. */
const DRAFT = /^\.creating-(\d+)-/;

/** The machines in one folder of the host. Every change is on disk before it is here, so a crash loses at most itself. */
export class Library {
  private machines = new Map<string, LibraryMachine>();
  private brokenOnes: BrokenMachine[] = [];
  private changes = 0;

  private constructor(
    readonly root: string,
    private readonly trash: Trash,
  ) {}

  /** @throws AnnexError if the folder cannot be made or read */
  static async open(root: string, trash: Trash = freedesktopTrash): Promise<Library> {
    const library = new Library(path.resolve(root), trash);
    try {
      await mkdir(library.root, { recursive: true });
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
      const folder = new MachineFolder(path.join(this.root, name));
      try {
        const config = await folder.readConfig();
        if (machines.has(config.id)) throw sameIdError(machines.get(config.id)!);
        machines.set(config.id, { config, folder, lastRun: await folder.readLastRun() });
      } catch (error) {
        broken.push({ id: `broken:${name}`, path: folder.path, error: fileError(error, name).toWire() });
      }
    }
    return { machines, broken };
  }

  /** @throws AnnexError `vm-exists`, `vm-config-invalid`, `no-space`… */
  async create(
    draft: Omit<MachineConfig, 'version' | 'id' | 'createdAt'>,
    newDisks: NewDisks,
  ): Promise<LibraryMachine> {
    const config = checkMachineConfig({ ...draft, version: 1, id: randomUUID(), createdAt: new Date().toISOString() });
    this.assertNameFree(config.name);
    const making = new MachineFolder(
      path.join(this.root, `.creating-${process.pid}-${randomBytes(4).toString('hex')}`),
    );
    try {
      await mkdir(making.path);
      const complete = await addDisks(making, config, newDisks);
      await making.writeConfig(complete);
      const folder = await this.publish(making, config.name);
      return this.remember({ config: complete, folder, lastRun: NEVER_RUN });
    } catch (error) {
      await rm(making.path, { recursive: true, force: true });
      throw fileError(error, config.name);
    }
  }

  /** Replaces settings. @param off whether the machine is off: only then may everything change */
  async edit(id: string, patch: ConfigPatch, newDisks: NewDisks, off: boolean): Promise<LibraryMachine> {
    const machine = this.get(id);
    const { version, createdAt } = machine.config;
    const config = checkMachineConfig({ ...machine.config, ...patch, version, id, createdAt });
    if (config.name !== machine.config.name) this.assertNameFree(config.name, id);
    if (Object.keys(patch).some((key) => !CHANGEABLE_ANYTIME.has(key))) {
      if (!off) throw wrongStateError(machine.config.name);
      await assertUnlocked(machine.folder.path);
    }
    try {
      const complete = await addDisks(machine.folder, config, newDisks);
      await machine.folder.writeConfig(complete);
      return this.remember({ ...machine, config: complete });
    } catch (error) {
      throw fileError(error, config.name);
    }
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
    const machine = this.get(id);
    const drives = machine.config.drives.map((d) =>
      d.id === driveId && d.kind !== 'disk' ? { ...d, path: medium } : d,
    );
    const config = { ...machine.config, drives };
    await machine.folder.writeConfig(config);
    this.remember({ ...machine, config });
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
    await rename(making.path, target);
    await syncFolder(this.root);
    return new MachineFolder(target);
  }

  private async sweepDrafts(): Promise<void> {
    for (const entry of await readdir(this.root)) {
      const pid = Number(DRAFT.exec(entry)?.[1]);
      if (pid && (pid === process.pid || !isAlive(identifyProcess(pid))))
        await rm(path.join(this.root, entry), { recursive: true, force: true });
    }
  }
}

async function addDisks(folder: MachineFolder, config: MachineConfig, newDisks: NewDisks): Promise<MachineConfig> {
  const drives = [];
  for (const drive of config.drives) {
    const wanted = newDisks[drive.id];
    if (!wanted || drive.kind !== 'disk') drives.push(drive);
    else drives.push({ ...drive, format: 'raw' as const, path: await folder.createDisk(drive.id, wanted.sizeBytes) });
  }
  return { ...config, drives };
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
