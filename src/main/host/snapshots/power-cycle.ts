import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { AnnexError } from '../../../shared/contract/errors.js';
import type { HostEvent } from '../../../shared/contract/events.js';
import type { DiskSizes } from '../disks/disk-sizes.js';
import { hostError } from '../host-error.js';
import type { Jobs } from '../jobs.js';
import { fileError } from '../library/machine-folder.js';
import type { StartOptions } from '../machines.js';
import { withoutUselessStates } from './layers.js';
import type { MachineSites } from './machine-sites.js';
import type { Merger } from './merger.js';
import { STATE_FOLDER } from './orphans.js';
import { makeOverlays } from './overlay-files.js';
import { isRefusal, THUMBNAIL_WIDTH } from './saved-state.js';
import { stateSource } from './snapshots.js';
import { freezeDisks } from './tree-changes.js';

/** Machines going on and off with more to it than power: from a saved state, into one, or with nothing kept. */
export class PowerCycle {
  constructor(
    private readonly sites: MachineSites,
    private readonly merger: Merger,
    private readonly jobs: Jobs,
    private readonly sizes: DiskSizes,
    private readonly emit: (event: HostEvent) => void,
  ) {
    sites.machines.afterEnd = (id) => void this.tidyUp(id);
  }

  /** Goes on where the machine was suspended, else powers it on. @throws AnnexError */
  start(id: string, disposable: boolean): Promise<void> {
    return this.sites.operations.exclusive(id, async () => {
      const { machines } = this.sites;
      const options = await this.sites.locked(id, () => this.prepare(id, disposable));
      await machines.start(id, options);
      if (!options.restoreFrom) return;
      await this.useUp(id);
      await machines.powered(id).call({ name: 'resume' });
    });
  }

  /** Saves the machine and ends its process. @throws AnnexError; the machine runs on then */
  async suspend(id: string): Promise<void> {
    const { name } = this.sites.library.get(id).config;
    await this.jobs.run({ kind: 'suspend', title: name, machineId: id }, ({ progress }) =>
      this.sites.change(id, async () => {
        const run = this.sites.machines.powered(id);
        const { folder, tree } = this.sites.library.get(id);
        if (tree.disposable)
          throw new AnnexError('vm-wrong-state', `Nothing of this run of "${name}" is kept, so it cannot be suspended.`, { name }); // prettier-ignore
        const state = `${randomUUID()}.state`;
        const file = folder.file(`${STATE_FOLDER}/${state}`);
        await folder.files.makeFolder(folder.file(STATE_FOLDER));
        await this.markSuspended(id, { state, at: Date.now(), complete: false }, null);
        const back = run.showSuspending();
        const stopListening = run.onNews((news) => {
          if (news.type === 'snapshot-progress' && news.path === file) progress(news.doneBytes, news.totalBytes);
        });
        try {
          const { base } = await run.call({
            name: 'suspend',
            path: file,
            incremental: false,
            thumbnailWidth: THUMBNAIL_WIDTH,
          });
          await this.markSuspended(id, { state, at: Date.now(), complete: true }, base && path.basename(base));
          await run.whenEnded();
        } catch (error) {
          back();
          // It may have died with the state complete: then what it left decides, as after any crash.
          if (isRefusal(error)) await this.forgetState(id);
          throw error;
        } finally {
          stopListening();
        }
      }),
    );
  }

  /** What cannot be suspended goes on; why is told in a notice. @returns ids of the machines that are suspended now */
  suspendAll(): Promise<string[]> {
    return this.withEach(this.sites.machines.running, (id) => this.suspend(id));
  }

  /** Starts machines that were suspended together. What cannot start is told in a notice. @returns ids of those that run */
  startAll(ids: readonly string[]): Promise<string[]> {
    return this.withEach(ids, (id) => this.start(id, false));
  }

  /** @returns ids of the machines it worked for; for the others a notice says why not */
  private async withEach(ids: readonly string[], work: (id: string) => Promise<void>): Promise<string[]> {
    const done = await Promise.all(
      ids.map((id) =>
        work(id).then(
          () => id,
          (error: unknown) => this.emit({ type: 'notice', machineId: id, error: hostError(error).toWire() }),
        ),
      ),
    );
    return done.filter((id) => id !== undefined);
  }

  async discardState(id: string): Promise<void> {
    await this.sites.change(id, () => this.forgetState(id));
  }

  private async prepare(id: string, disposable: boolean): Promise<StartOptions> {
    const machine = this.sites.library.get(id);
    const { tree, config, folder } = machine;
    if (tree.suspended && disposable)
      throw new AnnexError('vm-wrong-state', `"${config.name}" is suspended. Resume it, or discard its saved state first.`, { name: config.name }); // prettier-ignore
    if (tree.suspended) return { restoreFrom: stateSource(machine, tree.suspended.state) };
    if (!disposable) return {};
    const change = freezeDisks(tree, config, randomUUID);
    const heads = Object.fromEntries(change.overlays.map(({ driveId, layer }) => [driveId, layer.id]));
    try {
      await makeOverlays(folder, change.overlays, this.sizes);
    } catch (error) {
      throw fileError(error, config.name);
    }
    await this.sites.commit(id, () => ({ tree: { ...change.tree, disposable: heads } }));
    return { heads };
  }

  /** A state must never be gone on from twice: the disks change as soon as the guest runs. */
  private async useUp(id: string): Promise<void> {
    try {
      await this.forgetState(id);
    } catch (error) {
      await this.sites.machines.powerOff(id);
      throw error;
    }
  }

  private async forgetState(id: string): Promise<void> {
    await this.sites.commit(id, ({ tree }) => ({ tree: withoutUselessStates({ ...tree, suspended: null }) }));
  }

  private async markSuspended(
    id: string,
    suspended: { state: string; at: number; complete: boolean },
    base: string | null,
  ): Promise<void> {
    await this.sites.commit(id, ({ tree }) => {
      const states = tree.states.filter(({ name }) => name !== suspended.state);
      return { tree: { ...tree, suspended, states: [...states, { name: suspended.state, base }] } };
    });
  }

  /** What a machine leaves when it ends from now on is left for the next host. */
  close(): void {
    this.sites.machines.afterEnd = undefined;
  }

  /** After a machine has ended: what it leaves is thrown away, what waited for it to end is merged. */
  private async tidyUp(id: string): Promise<void> {
    try {
      const { folder } = this.sites.library.get(id);
      // Working on it, with nothing to do, puts it right and removes what it no longer needs.
      if (await folder.files.usage(folder.file('snapshots')))
        await this.sites.operations.background(id, () => this.sites.locked(id, () => Promise.resolve()));
      await this.merger.tidy(id);
    } catch {
      // Something else is done with the machine now; it puts things right itself.
    }
  }
}
