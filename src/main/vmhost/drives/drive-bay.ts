import type { DriveConfig } from '../../../shared/config/machine-config.js';
import type { VmPlan } from '../../../shared/vm-process/protocol.js';
import type { BlockCounters, BlockServer } from '../../vmm/block/block-server.js';
import type { DiskImage } from '../../vmm/block/disk-image.js';
import { openImage } from '../../vmm/block/formats/image-format.js';
import type { IdeSlot } from '../../vmm/firmware/firmware.js';
import { lockImage, type ImageLock } from '../files/image-lock.js';
import { imagePorts } from '../files/image-ports.js';
import { openNodeFile } from '../files/node-file.js';
import type { AttachedMedium, DrivePlan } from '../machine/thread-messages.js';
import { errorOfFile } from '../vm-errors.js';

/** A file in a drive. */
interface LoadedMedium {
  readonly path: string;
  readonly image: DiskImage;
  readonly lock: ImageLock | undefined;
  readonly attached: AttachedMedium;
}

/** The files of a machine's drives: opened, locked where they are written, and attached to the block server. */
export class DriveBay {
  private readonly loaded = new Map<string, LoadedMedium>();

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
    await this.blocks.detach(medium.attached.image);
    await medium.image.flush().catch(() => {});
    await medium.image.close();
    await medium.lock?.release();
  }

  async closeAll(): Promise<void> {
    await Promise.all([...this.loaded.keys()].map((id) => this.unload(id)));
  }

  pathOf(driveId: string): string | undefined {
    return this.loaded.get(driveId)?.path;
  }

  /** Bytes and operations by drive since its medium was put in. */
  *counters(): Iterable<readonly [driveId: string, counters: Readonly<BlockCounters>]> {
    for (const [id, { attached }] of this.loaded) {
      const counters = this.blocks.counters(attached.image);
      if (counters) yield [id, counters];
    }
  }

  private async load(config: DriveConfig, path: string): Promise<AttachedMedium> {
    try {
      const medium = await this.open(config, path);
      this.loaded.set(config.id, medium);
      return medium.attached;
    } catch (error) {
      throw errorOfFile(error, path);
    }
  }

  private async open(config: DriveConfig, path: string): Promise<LoadedMedium> {
    const readonly = config.kind === 'cdrom' || config.readonly;
    const lock = readonly ? undefined : await lockImage(path);
    try {
      const file = await openNodeFile(path, { readonly });
      const format = config.kind === 'disk' ? config.format : 'raw';
      const bases = this.backing[config.id];
      const ports = await imagePorts(path, bases ? { bases } : {});
      const image = await openImage(config.kind === 'cdrom' ? 'iso' : format, file, ports);
      const number = this.blocks.attach(image);
      return { path, image, lock, attached: { image: number, info: this.blocks.info(number) } };
    } catch (error) {
      await lock?.release();
      throw error;
    }
  }
}

function planOf(config: DriveConfig, medium: AttachedMedium | undefined): DrivePlan {
  const { id } = config;
  if (config.kind === 'floppy') return { kind: 'floppy', id, unit: config.unit as 0 | 1, medium };
  const slot = { channel: config.slot.channel, unit: config.slot.unit } as IdeSlot;
  return config.kind === 'disk' ? { kind: 'disk', id, slot, medium: medium! } : { kind: 'cdrom', id, slot, medium };
}
