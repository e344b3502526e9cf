import type { BlockDevice, BlockInfo, RemovableDrive } from '../../vmm/block/block-device.js';
import { FullDiskGuard } from '../../vmm/block/full-disk-guard.js';
import { MediumSlot } from '../../vmm/block/medium-slot.js';
import type { FirmwareDrive } from '../../vmm/firmware/firmware.js';
import type { AttachedMedium, DrivePlan } from './thread-messages.js';

/** Makes the device of an attached image. */
export type DeviceOf = (image: number, info: BlockInfo) => BlockDevice;

export interface DriveEvents {
  /** The guest ejected a medium, or locked or unlocked a tray. */
  onTray(driveId: string, ejected: boolean, locked: boolean): void;
  /** A write found the host's disk full and waits. */
  onNoSpace(): void;
}

/** A machine's drives on the machine thread: what the board is built with, trays to exchange media, writes that wait. */
export class DriveRack {
  /** In the order the board numbers them. */
  readonly drives: readonly FirmwareDrive[];
  private readonly trays = new Map<string, MediumSlot>();
  private readonly guards: FullDiskGuard[] = [];

  constructor(
    plans: readonly DrivePlan[],
    private readonly deviceOf: DeviceOf,
    private readonly events: DriveEvents,
  ) {
    this.drives = [...plans].sort((a, b) => position(a) - position(b)).map((plan) => this.build(plan));
  }

  insert(driveId: string, medium: AttachedMedium): void {
    this.trays.get(driveId)?.insert(this.guarded(medium));
  }

  /** @returns whether the drive is empty now */
  eject(driveId: string, force: boolean): boolean {
    return this.trays.get(driveId)?.eject(force) ?? false;
  }

  /** Submits again what found no room. */
  retryWrites(): void {
    for (const guard of this.guards) guard.retry();
  }

  private build(plan: DrivePlan): FirmwareDrive {
    const { id: name } = plan;
    if (plan.kind === 'disk') return { kind: 'disk', name, slot: plan.slot, device: this.guarded(plan.medium) };
    const drive: RemovableDrive = this.tray(name, plan.medium);
    return plan.kind === 'cdrom'
      ? { kind: 'cdrom', name, slot: plan.slot, drive }
      : { kind: 'floppy', name, unit: plan.unit, drive };
  }

  private tray(driveId: string, medium: AttachedMedium | undefined): MediumSlot {
    const tray = new MediumSlot({
      ejected: () => this.events.onTray(driveId, true, tray.locked),
      lockChanged: (locked) => this.events.onTray(driveId, false, locked),
    });
    if (medium) tray.insert(this.guarded(medium));
    this.trays.set(driveId, tray);
    return tray;
  }

  private guarded({ image, info }: AttachedMedium): BlockDevice {
    const guard = new FullDiskGuard(this.deviceOf(image, info), this.events.onNoSpace);
    this.guards.push(guard);
    return guard;
  }
}

/** IDE 0:0, 0:1, 1:0, 1:1, then floppies. */
function position(plan: DrivePlan): number {
  return plan.kind === 'floppy' ? 4 + plan.unit : 2 * plan.slot.channel + plan.slot.unit;
}
