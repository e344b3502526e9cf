import type { MachineConfig } from '../../../shared/config/machine-config.js';
import { AnnexError } from '../../../shared/contract/errors.js';
import type { Comparison } from '../../../shared/contract/snapshot-view.js';
import type { ImageRef } from '../../../shared/disk-jobs/protocol.js';
import type { DiskJobs } from '../disk-jobs/disk-jobs.js';
import type { DiskSizes } from '../disks/disk-sizes.js';
import type { JobControl, Jobs } from '../jobs.js';
import { findLayer, headOf, writableDisks } from './layers.js';
import { filesOf } from './linked-clones.js';
import type { MachineSites } from './machine-sites.js';
import { stateSource, type Snapshots } from './snapshots.js';
import { findSnapshot } from './snapshot-tree.js';

type StateSource = ReturnType<typeof stateSource>;

/** A machine at one point. */
interface Point {
  readonly config: MachineConfig;
  /** Disks that are written to, by drive. */
  readonly disks: ReadonlyMap<string, PointDisk>;
  /** Its saved memory; undefined for a machine that was off, or is on. */
  readonly state: StateSource | undefined;
}

interface PointDisk {
  readonly image: ImageRef & { readonly format: string };
  readonly sizeBytes: number;
}

/** Settings that differ between any two points, or do not matter to a person. */
const UNINTERESTING: ReadonlySet<string> = new Set(['version', 'id', 'createdAt', 'drives']);

/** Says what differs between two points of a machine. */
export class Comparer {
  constructor(
    private readonly sites: MachineSites,
    private readonly snapshots: Snapshots,
    private readonly disks: DiskJobs,
    private readonly jobs: Jobs,
    private readonly sizes: DiskSizes,
  ) {}

  /** @param from snapshot, or null for the present @throws AnnexError `vm-wrong-state` for the present of a machine that is on */
  async compare(id: string, from: string | null, to: string | null): Promise<Comparison> {
    const { name } = this.sites.library.get(id).config;
    if ((from === null || to === null) && this.sites.machines.liveRun(id))
      throw new AnnexError(
        'vm-wrong-state',
        `What "${name}" writes at the moment cannot be compared. Take a snapshot and compare that, or shut it down.`,
        { name },
      );
    return this.jobs.run({ kind: 'snapshot-compare', title: name, machineId: id }, (control) =>
      this.sites.change(id, async () => {
        const [a, b] = [await this.point(id, from), await this.point(id, to)];
        const driveIds = [...new Set([...a.disks.keys(), ...b.disks.keys()])];
        const drives: Comparison['drives'] = [];
        for (const driveId of driveIds)
          drives.push({ driveId, ...(await this.compareDisks(a.disks.get(driveId), b.disks.get(driveId), control)) });
        const memory = await this.compareMemory(a.state, b.state, control);
        return { drives, memory, settings: differentSettings(a.config, b.config) };
      }),
    );
  }

  private async compareMemory(
    a: StateSource | undefined,
    b: StateSource | undefined,
    control: JobControl,
  ): Promise<Comparison['memory']> {
    return a && b ? this.disks.run({ job: 'compare-memory', a, b }, control) : null;
  }

  private async compareDisks(
    a: PointDisk | undefined,
    b: PointDisk | undefined,
    control: JobControl,
  ): Promise<Omit<Comparison['drives'][number], 'driveId'>> {
    if (!a) return { change: 'added', differentBytes: b!.sizeBytes, sizeBytes: b!.sizeBytes };
    if (!b) return { change: 'removed', differentBytes: a.sizeBytes, sizeBytes: a.sizeBytes };
    const { sizeBytes } = b;
    if (a.image.path === b.image.path) return { change: 'same', differentBytes: 0, sizeBytes };
    const { differentBytes } = await this.disks.run({ job: 'compare', a: a.image, b: b.image }, control);
    return { change: differentBytes === 0 ? 'same' : 'changed', differentBytes, sizeBytes };
  }

  private async point(id: string, snapshotId: string | null): Promise<Point> {
    const machine = this.sites.library.get(id);
    const { config, tree } = machine;
    const stateOf = (name: string | null | undefined) =>
      typeof name === 'string' ? stateSource(machine, name) : undefined;
    if (snapshotId === null) {
      const heads = writableDisks(config).map((drive) => [drive.id, headOf(tree, drive)?.id, drive] as const);
      const disks = await Promise.all(
        heads.map(async ([driveId, layer, drive]) => [driveId, await this.disk(id, layer, drive)] as const),
      );
      return { config, disks: new Map(disks), state: stateOf(tree.suspended?.state) };
    }
    const { disks: found, state } = findSnapshot(tree, snapshotId);
    const layers = Object.entries(found);
    const disks = await Promise.all(
      layers.map(async ([driveId, layer]) => [driveId, await this.disk(id, layer, findLayer(tree, layer))] as const),
    );
    return { config: await this.snapshots.settings(id, snapshotId), disks: new Map(disks), state: stateOf(state) };
  }

  private async disk(
    id: string,
    layer: string | undefined,
    file: { readonly path: string; readonly format: NonNullable<ImageRef['format']> },
  ): Promise<PointDisk> {
    const { library } = this.sites;
    const { folder } = library.get(id);
    const bases = layer === undefined ? null : filesOf(library, id, layer).slice(1).map(({ path }) => path);
    const path = folder.resolve(file.path);
    const sizeBytes = (await this.sizes.of(path, file.format)) ?? 0;
    return { image: { path, format: file.format, bases }, sizeBytes };
  } // prettier-ignore
}

function differentSettings(from: MachineConfig, to: MachineConfig): Comparison['settings'] {
  const fields = new Set([...Object.keys(from), ...Object.keys(to)]) as Set<keyof MachineConfig>;
  const text = (value: unknown): string | null => (value === undefined ? null : JSON.stringify(value));
  return [...fields]
    .filter((field) => !UNINTERESTING.has(field) && text(from[field]) !== text(to[field]))
    .map((field) => ({ field, from: text(from[field]), to: text(to[field]) }));
}
