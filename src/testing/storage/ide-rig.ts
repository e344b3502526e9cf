import { irqLine } from '../../main/vmm/bus/irq-line.js';
import { CompletionQueue } from '../../main/vmm/block/completion-queue.js';
import { MediumSlot, type MediumSlotEvents } from '../../main/vmm/block/medium-slot.js';
import { MemoryDisk } from '../../main/vmm/block/memory-disk.js';
import type { BlockDevice } from '../../main/vmm/block/block-device.js';
import { AtaDisk } from '../../main/vmm/devices/storage/ide/ata-disk.js';
import { AtapiCdRom } from '../../main/vmm/devices/storage/ide/atapi-cdrom.js';
import { IdeChannel, type IdeDriveFactory } from '../../main/vmm/devices/storage/ide/ide-channel.js';
import { GuestMemory } from '../../main/vmm/memory/guest-memory.js';

export interface RigOptions {
  /** What the master is; default a disk. */
  readonly master?: 'disk' | 'cdrom' | 'none';
  readonly slave?: 'disk' | 'none';
  /** Sectors of each disk. */
  readonly sectors?: number;
  readonly readonly?: boolean;
  /** Stands between a disk and its content, to make it fail. */
  readonly wrap?: (device: BlockDevice) => BlockDevice;
  readonly slotEvents?: MediumSlotEvents;
}

/** An IDE channel with drives on memory disks, and what a host sees of it: ports, interrupt, RAM. */
export function ideRig(options: RigOptions = {}) {
  const memory = new GuestMemory(4 << 20, 1 << 20);
  memory.mapRam(0, 192 << 20, 4 << 20);
  const completions = new CompletionQueue();
  const slot = new MediumSlot(options.slotEvents);
  const contents: Uint8Array[] = [];
  let interrupts = 0;
  let line = false;
  const irq = irqLine((asserted) => {
    line = asserted;
    if (asserted) interrupts++;
  });
  const disk = (): IdeDriveFactory => {
    const content = patternBytes((options.sectors ?? 4096) * 512);
    contents.push(content);
    const device = new MemoryDisk(memory.bytes, content, completions, { readonly: options.readonly ?? false });
    return (m, cable) => new AtaDisk(m, cable, options.wrap?.(device) ?? device, 'SERIAL');
  };
  const master = options.master ?? 'disk';
  const cdrom: IdeDriveFactory = (m, cable) => new AtapiCdRom(m, cable, slot, 'CD');
  const make = () =>
    new IdeChannel(memory, irq, [
      master === 'disk' ? disk() : master === 'cdrom' ? cdrom : undefined,
      options.slave === 'disk' ? disk() : undefined,
    ]);
  const channel = make();
  const medium = (bytes: Uint8Array) => new MemoryDisk(memory.bytes, bytes, completions, { readonly: true });
  return {
    memory,
    completions,
    slot,
    contents,
    channel,
    medium,
    /** Lets every request the drives have made so far, and those that follow from them, end. */
    settle: () => {
      while (completions.drain() > 0);
    },
    get interrupts() {
      return interrupts;
    },
    get line() {
      return line;
    },
  };
}

export type IdeRig = ReturnType<typeof ideRig>;

/** Bytes whose value depends on their sector and place, so that a misplaced sector shows. */
export function patternBytes(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = (i >>> 9) * 7 + i;
  return bytes;
}
