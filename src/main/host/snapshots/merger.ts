import path from 'node:path';
import { AnnexError, type ErrorCode } from '../../../shared/contract/errors.js';
import type { DiskJobRequest, ImageRef } from '../../../shared/disk-jobs/protocol.js';
import type { VmCall, VmReply } from '../../../shared/vm-process/protocol.js';
import type { DiskJobs } from '../disk-jobs/disk-jobs.js';
import type { JobControl, Jobs } from '../jobs.js';
import type { LibraryMachine } from '../library/library.js';
import type { MachineFolder } from '../library/machine-folder.js';
import { keeperOf } from './frozen-files.js';
import { readImageStart } from './image-start.js';
import {
  chainOf,
  headOf,
  mergedDown,
  mergedState,
  mergedUp,
  pendingMerges,
  pendingStateMerges,
  writableDisks,
  type Merge,
  type StateMerge,
} from './layers.js';
import { filesOf } from './linked-clones.js';
import type { MachineSites } from './machine-sites.js';
import { STATE_FOLDER } from './orphans.js';
import { backingName } from './overlay-files.js';
import type { Layer } from './snapshot-tree.js';

type LiveMergeCall = Extract<VmCall, { name: 'merge-layer' | 'merge-down' }>;

/**
 * Makes one file of two layers, or of two saved states, where a snapshot between them is gone. At every moment of it each layer that something
 * needs reads as before, so it can be cut off anywhere and begun again; what is to be merged follows from the tree alone.
 */
export class Merger {
  constructor(
    private readonly sites: MachineSites,
    private readonly disks: DiskJobs,
    private readonly jobs: Jobs,
  ) {}

  /** Merges all that can be. Gives way to anything else done with the machine; what is left waits for the next time. */
  async tidy(id: string): Promise<void> {
    if ((await this.next(id)) === undefined && this.nextState(id) === undefined) return;
    const { name } = this.sites.library.get(id).config;
    await this.jobs
      .run({ kind: 'snapshot-merge', title: name, machineId: id }, (control) =>
        this.sites.operations.background(id, (interrupt) =>
          this.sites.locked(id, () => this.mergeAll(id, { ...control, signal: AbortSignal.any([control.signal, interrupt]) })),
        ),
      )
      .catch((error: unknown) => {
        if (!isCancelled(error)) throw error;
      });
  } // prettier-ignore

  private async mergeAll(id: string, control: JobControl): Promise<void> {
    const putOff = new Set<string>();
    for (let merge = await this.next(id, putOff); merge; merge = await this.next(id, putOff)) {
      if (control.signal.aborted) throw new AnnexError('cancelled', 'Cancelled.');
      if (!(await this.merge(id, merge, control))) putOff.add(merge.layer.id);
    }
    for (let merge = this.nextState(id); merge; merge = this.nextState(id)) {
      if (control.signal.aborted) throw new AnnexError('cancelled', 'Cancelled.');
      await this.mergeState(id, merge, control);
    }
  }

  /** The next merge that is possible now. @param putOff layers whose merge has been found to wait until the machine is off */
  private async next(id: string, putOff: ReadonlySet<string> = new Set()): Promise<Merge | undefined> {
    const { library, machines } = this.sites;
    const machine = library.get(id);
    const merges = pendingMerges(machine.tree, machine.config, await this.sites.clonedLayers(id));
    if (!machines.liveRun(id)) return merges[0];
    for (const merge of merges.filter(({ layer }) => !putOff.has(layer.id)))
      if (!openIn(machine, merge.child) || (await this.canGoLive(machine, merge))) return merge;
    return undefined;
  }

  /** None while the machine is on: its process may still be reading from its states. */
  private nextState(id: string): StateMerge | undefined {
    return this.sites.machines.liveRun(id) ? undefined : pendingStateMerges(this.sites.library.get(id).tree)[0];
  }

  private async mergeState(id: string, merge: StateMerge, control: JobControl): Promise<void> {
    const { folder } = this.sites.library.get(id);
    const file = (name: string): string => folder.file(`${STATE_FOLDER}/${name}`);
    await this.disks.run({ job: 'merge-state', state: file(merge.state), base: file(merge.base.name) }, control);
    await this.sites.commit(id, ({ tree }) => ({ tree: mergedState(tree, merge) }));
    await folder.files.remove(file(merge.base.name));
  }

  /** @returns whether it is done; else it waits until the machine is off */
  private async merge(id: string, merge: Merge, control: JobControl): Promise<boolean> {
    const machine = this.sites.library.get(id);
    const driveId = this.sites.machines.liveRun(id) && openIn(machine, merge.child);
    const down = await this.goesDown(machine, merge);
    if (driveId !== undefined && down) {
      if (!(await this.downLive(id, driveId, merge, control))) return false;
    } else if (driveId !== undefined) await this.upLive(id, driveId, merge, control);
    else if (down) await this.down(id, merge, control);
    else await this.up(id, merge, control);
    const { folder } = machine;
    const useless = this.sites.library.get(id).tree.layers.some((layer) => layer.id === merge.layer.id)
      ? merge.child
      : merge.layer;
    if (useless.ours) await folder.files.remove(folder.resolve(useless.path));
    return true;
  }

  /**
   * A base the person brought is never given up, nor written if another machine needs it as it is; else the smaller of the
   * two is moved. What has begun goes on as it began.
   */
  private async goesDown({ config, folder, tree }: LibraryMachine, { layer, child }: Merge): Promise<boolean> {
    if (!layer.ours) return !(await keeperOf(this.sites.library, folder.resolve(layer.path), config.id));
    const above = tree.layers.filter(({ parent }) => parent === child.id);
    for (const each of above) if (await buildsOn(folder, each, layer)) return true;
    const bytes = async ({ path: file }: Layer): Promise<number> =>
      (await folder.files.usage(folder.resolve(file)))?.usedBytes ?? 0;
    // A layer many build on is better filled than replaced.
    if (above.length > 1) return false;
    return (await bytes(child)) < (await bytes(layer));
  }

  /** A disposable run's layers are given up when it ends: what goes on below them can wait. */
  private async canGoLive(machine: LibraryMachine, merge: Merge): Promise<boolean> {
    if (machine.tree.disposable) return false;
    return (await this.goesDown(machine, merge)) || buildsOn(machine.folder, merge.child, merge.layer);
  }

  private async up(id: string, merge: Merge, control: JobControl): Promise<void> {
    const { folder } = this.sites.library.get(id);
    const layer = folder.resolve(merge.layer.path);
    if (await buildsOn(folder, merge.child, merge.layer)) await this.disks.run({ job: 'merge-up', child: this.image(id, merge.child), layer }, control);
    await this.sites.commit(id, ({ tree }) => ({ tree: mergedUp(tree, merge) }));
  } // prettier-ignore

  /** The same by the process that has the layers open; the guest goes on. */
  private async upLive(id: string, driveId: string, merge: Merge, control: JobControl): Promise<void> {
    const layer = this.sites.library.get(id).folder.resolve(merge.layer.path);
    await this.callLive(id, { name: 'merge-layer', driveId, layer }, control);
    await this.sites.commit(id, ({ tree }) => ({ tree: mergedUp(tree, merge) }));
  }

  /**
   * {@link down} by the process that has the layers open. A head is kept in both places until the documents say which of
   * them counts, and if they cannot be written: the process goes on so then.
   * @returns whether it could; else it waits until the machine is off
   */
  private async downLive(id: string, driveId: string, merge: Merge, control: JobControl): Promise<boolean> {
    const machine = this.sites.library.get(id);
    const { folder, tree } = machine;
    const [layer, child] = [folder.resolve(merge.layer.path), folder.resolve(merge.child.path)];
    let mirrored: boolean;
    try {
      ({ mirrored } = await this.callLive(id, { name: 'merge-down', driveId, layer, child }, control));
    } catch (error) {
      if (!isImpossibleLive(error)) throw error;
      return false;
    }
    // The process has told the one it has open.
    const closed = tree.layers.filter((above) => above.parent === merge.child.id && !openIn(machine, above));
    for (const above of closed) await this.rebase(id, above, merge.layer, control);
    await this.sites.commit(id, (present) => mergedDown(present.tree, present.config, merge));
    if (mirrored) await this.sites.machines.powered(id).call({ name: 'finish-merge', driveId });
    return true;
  }

  private async callLive<C extends LiveMergeCall>(
    id: string,
    call: C,
    { signal, progress }: JobControl,
  ): Promise<VmReply<C['name']>> {
    const run = this.sites.machines.powered(id);
    const cancel = (): void => void run.call({ name: 'cancel-merge', driveId: call.driveId }).catch(() => {});
    const stopListening = run.onNews((news) => {
      if (news.type === 'merge-progress' && news.layer === call.layer) progress(news.doneBytes, news.totalBytes);
    });
    signal.addEventListener('abort', cancel, { once: true });
    try {
      return await run.call(call);
    } finally {
      signal.removeEventListener('abort', cancel);
      stopListening();
    }
  }

  /**
   * Every layer above is told of its new base before the tree says so: until then both read the same. A base whose format
   * cannot be written, or cannot take the disk's size, stays as it is, and its content goes up.
   */
  private async down(id: string, merge: Merge, control: JobControl): Promise<void> {
    const { library } = this.sites;
    const { folder, tree } = library.get(id);
    const layer = folder.resolve(merge.layer.path);
    try {
      await this.disks.run({ job: 'merge-down', child: this.image(id, merge.child), layer }, control);
    } catch (error) {
      if (!isUnsupported(error)) throw error;
      return this.up(id, merge, control);
    }
    for (const above of tree.layers.filter(({ parent }) => parent === merge.child.id))
      await this.rebase(id, above, merge.layer, control);
    await this.sites.commit(id, (machine) => mergedDown(machine.tree, machine.config, merge));
  }

  /** Tells a layer that no process has open that it builds on another of the same content. */
  private async rebase(id: string, above: Layer, base: Layer, control: JobControl): Promise<void> {
    const { folder } = this.sites.library.get(id);
    const file = folder.resolve(base.path);
    const request: DiskJobRequest = {
      job: 'rebase',
      image: this.image(id, above, file),
      backing: { name: backingName(folder.resolve(above.path), file, base), format: base.format },
    };
    await this.disks.run(request, control);
  }

  /** @param also a file it may build on besides those the tree knows */
  private image(id: string, layer: Layer, also?: string): ImageRef {
    const [own, ...bases] = filesOf(this.sites.library, id, layer.id);
    const paths = bases.map(({ path: file }) => file);
    return { path: own!.path, format: layer.format, bases: also === undefined ? paths : [...paths, also] };
  }
}

/**
 * Whether the file of a layer names another as what it builds on. It may not do what the tree says after a merge that was
 * cut off between the two.
 */
async function buildsOn(folder: MachineFolder, above: Layer, below: Layer): Promise<boolean> {
  const file = folder.resolve(above.path);
  const start = await readImageStart(folder.files, file, above.format);
  return typeof start?.backingName === 'string' && path.resolve(path.dirname(file), start.backingName) === folder.resolve(below.path);
} // prettier-ignore

/** The drive through which the process of a running machine has a layer open. */
function openIn({ config, tree }: LibraryMachine, layer: Layer): string | undefined {
  const heads = writableDisks(config).flatMap((drive) => {
    const head = tree.disposable?.[drive.id] ?? headOf(tree, drive)?.id;
    return head === undefined ? [] : [[drive.id, head] as const];
  });
  return heads.find(([, head]) => chainOf(tree, head).some(({ id }) => id === layer.id))?.[0];
}

/** A base that cannot be written, or not by the machine's process, or not while it is that large. */
function isImpossibleLive(error: unknown): boolean {
  const codes: readonly ErrorCode[] = ['image-unsupported', 'image-read-only', 'no-permission', 'image-locked'];
  return error instanceof AnnexError && codes.includes(error.code);
}

function isUnsupported(error: unknown): boolean {
  return error instanceof AnnexError && error.code === 'image-unsupported';
}

function isCancelled(error: unknown): boolean {
  return error instanceof AnnexError && error.code === 'cancelled';
}
