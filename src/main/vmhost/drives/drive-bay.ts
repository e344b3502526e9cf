import type { DriveConfig } from '../../../shared/config/machine-config.js';
import { AnnexError } from '../../../shared/contract/errors.js';
import type { VmPlan } from '../../../shared/vm-process/protocol.js';
import type { BlockCounters, BlockServer } from '../../vmm/block/block-server.js';
import type { OperationControl } from '../../vmm/block/formats/format-driver.js';
import type { IdeSlot } from '../../vmm/firmware/firmware.js';
import type { AttachedMedium, DrivePlan } from '../machine/thread-messages.js';
import { errorOfFile } from '../vm-errors.js';
import { DriveMedium, type PreparedOverlay } from './drive-medium.js';
import { LiveMergeDown, type MergePlaces } from './live-merge-down.js';
import { LiveMerge } from './live-merge.js';
import { Pivot } from './pivot.js';

/** The files of a machine's drives: opened, locked where they are written, and attached to the block server. */
export class DriveBay {
  private readonly loaded = new Map<string, DriveMedium>();
  private readonly merges = new Map<string, { readonly abort: AbortController; readonly done: Promise<unknown> }>();
  /** Merges down after which a drive is served from two layers, or still has a file locked. */
  private readonly descents = new Map<string, LiveMergeDown>();

  constructor(
    private readonly configs: readonly DriveConfig[],
    private readonly blocks: BlockServer,
    private readonly backing: VmPlan['backing'] = {},
  ) {}

  /** Opens what every drive holds. @throws AnnexError naming the file; nothing stays open then */
  async loadAll(): Promise<DrivePlan[]> {
    try {
      const plans: DrivePlan[] = [];
      for (const config of this.configs) {
        const medium = config.path === null ? undefined : await this.load(config, config.path);
        plans.push(planOf(config, medium));
      }
      return plans;
    } catch (error) {
      await this.closeAll();
      throw error;
    }
  }

  /** Opens another medium for an exchangeable drive, whose slot must be empty. @throws AnnexError */
  async insert(driveId: string, path: string): Promise<AttachedMedium> {
    const config = this.configs.find((drive) => drive.id === driveId);
    return this.load(config!, path);
  }

  /** Closes what a drive holds, once requests under way have ended. */
  async unload(driveId: string): Promise<void> {
    const medium = this.loaded.get(driveId);
    if (!medium) return;
    this.loaded.delete(driveId);
    await this.cancelMerge(driveId);
    await medium.close();
    await this.descents.get(driveId)?.release();
    this.descents.delete(driveId);
  }

  async closeAll(): Promise<void> {
    await Promise.all([...this.loaded.keys()].map((id) => this.unload(id)));
  }

  /**
   * Opens the overlays that drives are to go over to; the guest runs on meanwhile.
   * @param heads overlay by drive @throws AnnexError naming the file; nothing has changed then
   */
  async preparePivot(heads: Readonly<Record<string, string>>): Promise<Pivot> {
    const overlays: PreparedOverlay[] = [];
    const pivot = new Pivot(this.blocks, overlays);
    for (const [driveId, overlay] of Object.entries(heads)) {
      try {
        if (this.descents.get(driveId)?.isMirroring) throw busy(driveId);
        overlays.push(await this.mediumOf(driveId).prepareOverlay(overlay));
      } catch (error) {
        await pivot.abandon();
        throw errorOfFile(error, overlay);
      }
    }
    return pivot;
  }

  /**
   * Takes a layer out of a drive's chain while the guest runs; see {@link LiveMerge}.
   * @throws AnnexError `cancelled` if it was; `vm-busy` if another layer of the drive is being merged
   */
  mergeLayer(driveId: string, layer: string, progress: OperationControl['progress']): Promise<void> {
    const medium = this.mediumOf(driveId);
    if (this.descents.get(driveId)?.isMirroring) return Promise.reject(busy(driveId));
    return this.merge(driveId, layer, (control) => new LiveMerge(this.blocks, medium).run(layer, control), progress);
  }

  /**
   * Writes a layer into the one below while the guest runs; see {@link LiveMergeDown}.
   * @returns whether {@link finishMerge} is due once the machine's documents name the layer below @throws AnnexError as {@link mergeLayer}
   */
  async mergeDown(driveId: string, places: MergePlaces, progress: OperationControl['progress']): Promise<boolean> {
    const medium = this.mediumOf(driveId);
    const present = this.descents.get(driveId);
    if (present?.awaitsFinish(places)) return true;
    if (present?.holdsFile) throw busy(driveId);
    const descent = new LiveMergeDown(this.blocks, medium, places);
    const done = this.merge(driveId, places.layer, (control) => descent.run(control), progress);
    this.descents.set(driveId, descent);
    return done;
  }

  /** The drive goes on with the layer below alone; nothing if that is so. */
  async finishMerge(driveId: string): Promise<void> {
    await this.descents.get(driveId)?.finish();
  }

  /** Gives up a merge, if one is under way, and waits for its end. */
  async cancelMerge(driveId: string): Promise<void> {
    const merge = this.merges.get(driveId);
    merge?.abort.abort();
    await merge?.done.catch(() => {});
  }

  private async merge<T>(
    driveId: string,
    layer: string,
    work: (control: OperationControl) => Promise<T>,
    progress: OperationControl['progress'],
  ): Promise<T> {
    if (this.merges.has(driveId)) throw busy(driveId);
    const abort = new AbortController();
    const done = work({ checkpoint: () => abort.signal.throwIfAborted(), progress });
    this.merges.set(driveId, { abort, done });
    try {
      return await done;
    } catch (error) {
      if (abort.signal.aborted) throw new AnnexError('cancelled', 'Cancelled.', {}, { cause: error });
      throw errorOfFile(error, layer);
    } finally {
      this.merges.delete(driveId);
    }
  }

  pathOf(driveId: string): string | undefined {
    return this.loaded.get(driveId)?.path;
  }

  /** Bytes and operations by drive since its medium was put in. */
  *counters(): Iterable<readonly [driveId: string, counters: Readonly<BlockCounters>]> {
    for (const [id, { number }] of this.loaded) {
      const counters = this.blocks.counters(number);
      if (counters) yield [id, counters];
    }
  }

  /** @throws AnnexError if the drive is empty or not there */
  private mediumOf(driveId: string): DriveMedium {
    const medium = this.loaded.get(driveId);
    if (medium) return medium;
    throw new AnnexError('bad-request', `There is no disk in drive "${driveId}".`, { driveId });
  }

  private async load(config: DriveConfig, path: string): Promise<AttachedMedium> {
    const readonly = config.kind === 'cdrom' || config.readonly;
    const format = config.kind === 'cdrom' ? 'iso' : config.kind === 'disk' ? config.format : 'raw';
    const bases = this.backing[config.id];
    try {
      const medium = await DriveMedium.open(this.blocks, { path, format, readonly, ...(bases ? { bases } : {}) });
      this.loaded.set(config.id, medium);
      return { image: medium.number, info: this.blocks.info(medium.number) };
    } catch (error) {
      throw errorOfFile(error, path);
    }
  }
}

function busy(driveId: string): AnnexError {
  return new AnnexError('vm-busy', 'This disk is being merged already.', { driveId });
}

function planOf(config: DriveConfig, medium: AttachedMedium | undefined): DrivePlan {
  const { id } = config;
  if (config.kind === 'floppy') return { kind: 'floppy', id, unit: config.unit as 0 | 1, medium };
  const slot = { channel: config.slot.channel, unit: config.slot.unit } as IdeSlot;
  return config.kind === 'disk' ? { kind: 'disk', id, slot, medium: medium! } : { kind: 'cdrom', id, slot, medium };
}
