import { AnnexError } from '../../../shared/contract/errors.js';
import type { HostEvent } from '../../../shared/contract/events.js';
import type { Library, LibraryMachine, MachineChange } from '../library/library.js';
import type { MachineFolder } from '../library/machine-folder.js';
import { MachineLock } from '../library/machine-lock.js';
import type { Machines } from '../machines.js';
import type { Operations } from '../operations.js';
import { clonedLayers, clonesOf } from './linked-clones.js';
import { collectOrphans, hasTemporaries, STATE_FOLDER } from './orphans.js';
import type { SnapshotTree } from './snapshot-tree.js';
import { settled } from './tree-changes.js';
import { viewTree } from './tree-view.js';

/**
 * Where work on a machine's files is done: one thing at a time, with the machine's lock in hand (its process's while it is
 * on, else ours), after what a crash has left half done is put right, and with everybody told afterwards.
 */
export class MachineSites {
  constructor(
    readonly library: Library,
    readonly machines: Machines,
    readonly operations: Operations,
    private readonly emit: (event: HostEvent) => void,
  ) {}

  /** Work on a machine, on or off. @throws AnnexError `vm-busy`, `vm-locked`, `snapshots-damaged` */
  change<T>(id: string, work: () => Promise<T>): Promise<T> {
    return this.operations.exclusive(id, () => this.locked(id, work));
  }

  /** The same within an operation that is under way. */
  async locked<T>(id: string, work: () => Promise<T>): Promise<T> {
    try {
      if (this.machines.liveRun(id)) return await this.checked(id, work);
      const lock = await MachineLock.acquire(this.library.get(id).folder.path, process.pid, 'work');
      try {
        await this.putRight(id);
        return await this.checked(id, work);
      } finally {
        await this.collect(id).catch(() => {});
        await lock.release();
      }
    } finally {
      await this.announce(id);
    }
  }

  /** Puts right what a crash has left of machines that nobody uses. A machine where that fails says so when it is used. */
  async recoverAll(): Promise<void> {
    for (const { config, folder } of this.library.all) {
      if (!(await mayBeCutOff(folder))) continue;
      const lock = await MachineLock.acquire(folder.path, process.pid, 'work').catch(() => undefined);
      if (!lock) continue;
      await this.putRight(config.id)
        .then(() => this.collect(config.id))
        .catch(() => {})
        .finally(() => lock.release());
    }
  }

  /** Layers that disks of linked clones build on. */
  async clonedLayers(id: string): Promise<ReadonlySet<string>> {
    return clonedLayers(await clonesOf(this.library, id));
  }

  /** Changes the tree and, where given, the disks in the settings. @param what of the machine at that moment */
  async commit(id: string, what: (machine: LibraryMachine) => MachineChange): Promise<LibraryMachine> {
    const machine = await this.library.change(id, what);
    await this.announce(id);
    return machine;
  }

  /** Tells clients of the tree and the machine as they are. */
  async announce(id: string): Promise<void> {
    const machine = this.library.all.find(({ config }) => config.id === id);
    if (!machine) return;
    const clones = await clonesOf(this.library, id);
    this.emit({ type: 'snapshots-changed', tree: await viewTree(machine, clones) });
    this.machines.changed(id);
  }

  private async checked<T>(id: string, work: () => Promise<T>): Promise<T> {
    const { treeProblem } = this.library.get(id);
    if (treeProblem) throw AnnexError.fromWire(treeProblem);
    return work();
  }

  /** The machine is off, and the lock held. */
  private async putRight(id: string): Promise<void> {
    // Another host may have been cut off since this one read the folder.
    await this.library.get(id).folder.journal.recover();
    const { config, tree, folder, treeProblem } = await this.library.refresh(id);
    await this.library.settleDiskFiles(id);
    if (treeProblem || !isUnsettled(tree)) return;
    const cloned = await this.clonedLayers(id);
    const states = new Set(await folder.files.list(folder.file(STATE_FOLDER)));
    const right = settled(tree, config, cloned, (name) => states.has(name));
    await this.library.change(id, () => ({ tree: right }));
  }

  private async collect(id: string): Promise<void> {
    const { folder, config, tree, treeProblem } = this.library.get(id);
    if (!treeProblem && !this.machines.liveRun(id)) await collectOrphans(folder, config, tree, false);
  }
}

/** Whether work on a machine's files may have been cut off; its settings alone are read with the library. */
async function mayBeCutOff(folder: MachineFolder): Promise<boolean> {
  if ((await folder.files.usage(folder.file('snapshots'))) !== undefined) return true;
  return (await folder.diskIntents.arePending()) || (await hasTemporaries(folder));
}

function isUnsettled({ snapshots, suspended, disposable }: SnapshotTree): boolean {
  return disposable !== null || suspended?.complete === false || snapshots.some(({ complete }) => !complete);
}
