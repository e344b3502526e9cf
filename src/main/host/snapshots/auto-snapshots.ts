import { z } from 'zod';
import type { MachineConfig } from '../../../shared/config/machine-config.js';
import type { HostEvent } from '../../../shared/contract/events.js';
import { hostError } from '../host-error.js';
import type { JsonStore } from '../json-store.js';
import type { MachineSites } from './machine-sites.js';
import type { Snapshot, SnapshotTree } from './snapshot-tree.js';
import type { Snapshots } from './snapshots.js';

const HOUR_MS = 3_600_000;

type Policy = NonNullable<MachineConfig['autoSnapshots']>;

/** Time a machine runs between two automatic snapshots, in ms. */
const PERIOD_MS: Readonly<Record<Policy['every'], number>> = {
  'half-hour': HOUR_MS / 2,
  'hour': HOUR_MS,
  'day': 24 * HOUR_MS,
};

/** How often running time is counted, in ms. */
export const COUNT_EVERY_MS = 30_000;

/** Running time since the last automatic snapshot in ms, by machine. */
export const runningTimeSchema = z.record(z.string(), z.number().nonnegative());

/** Takes snapshots of machines by their schedule. Only the time a machine runs counts. */
export class AutoSnapshots {
  private readonly timer: NodeJS.Timeout;
  private readonly times: Map<string, number>;
  private readonly underWay = new Map<string, Promise<void>>();

  constructor(
    private readonly sites: MachineSites,
    private readonly snapshots: Snapshots,
    private readonly store: JsonStore<Record<string, number>>,
    private readonly emit: (event: HostEvent) => void,
  ) {
    this.times = new Map(Object.entries(store.value));
    this.timer = setInterval(() => this.count(COUNT_EVERY_MS), COUNT_EVERY_MS);
    this.timer.unref();
  }

  /** Counts no more, and keeps what has been counted. */
  async close(): Promise<void> {
    clearInterval(this.timer);
    await Promise.all(this.underWay.values());
    await this.save();
  }

  /** Adds to the time machines have been running, and begins what is due. */
  private count(elapsedMs: number): void {
    const { machines, library } = this.sites;
    for (const id of machines.running) {
      const { autoSnapshots } = library.get(id).config;
      if (!autoSnapshots || machines.stateOf(id) !== 'running') continue;
      const time = (this.times.get(id) ?? 0) + elapsedMs;
      this.times.set(id, time);
      if (time >= PERIOD_MS[autoSnapshots.every] && !this.underWay.has(id)) this.begin(id);
    }
  }

  private begin(id: string): void {
    const work = this.take(id).then(async (done) => {
      this.underWay.delete(id);
      if (!done) return;
      this.times.set(id, 0);
      await this.save();
    });
    this.underWay.set(id, work);
  }

  /** Losing it costs some running time that is not counted. */
  private save(): Promise<void> {
    return this.store.set(Object.fromEntries(this.times)).catch(() => {});
  }

  /** @returns whether the next one is a whole period away */
  private async take(id: string): Promise<boolean> {
    const policy = this.sites.library.get(id).config.autoSnapshots;
    // A run of which nothing is kept has nothing to go back to.
    if (!policy || this.sites.library.get(id).tree.disposable) return true;
    try {
      await this.snapshots.take(id, { name: 'Automatic', notes: '', kind: 'automatic' });
    } catch (error) {
      // What else is being done with the machine comes first; this is tried again in a moment.
      return !this.failed(id, error);
    }
    try {
      for (const { id: oldest } of superfluous(this.sites.library.get(id).tree, policy.keep))
        await this.snapshots.delete(id, oldest, false);
    } catch (error) {
      // Those that are too many now go with the next.
      this.failed(id, error);
    }
    return true;
  }

  /** Tells of a failure. @returns whether it was only that something else is being done with the machine */
  private failed(id: string, error: unknown): boolean {
    const wire = hostError(error).toWire();
    if (wire.code === 'vm-busy') return true;
    this.emit({ type: 'notice', machineId: id, error: wire });
    return false;
  }
}

/** Automatic snapshots beyond the newest `keep`, oldest first. */
function superfluous({ snapshots }: SnapshotTree, keep: number): Snapshot[] {
  const automatic = snapshots.filter(({ kind }) => kind === 'automatic').sort((a, b) => a.createdAt - b.createdAt);
  return automatic.slice(0, Math.max(0, automatic.length - keep));
}
