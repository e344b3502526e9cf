import type { BlockDevice, RemovableDrive } from '../block/block-device.js';
import type { MmioBus } from '../bus/mmio-bus.js';
import type { PortBus } from '../bus/port-bus.js';
import type { VcpuEngine } from '../cpu/engine.js';
import type { GuestMemory } from '../memory/guest-memory.js';
import type { TimerQueue } from '../time/timers.js';
import type { BoardMap } from './board-map.js';

/** A drive the firmware can start from, in the order the board numbers them (IDE 0:0, 0:1, 1:0, 1:1; floppy 0, 1). */
export type FirmwareDrive =
  | { readonly kind: 'disk'; readonly name: string; readonly slot: IdeSlot; readonly device: BlockDevice }
  | { readonly kind: 'cdrom'; readonly name: string; readonly slot: IdeSlot; readonly drive: RemovableDrive }
  | { readonly kind: 'floppy'; readonly name: string; readonly unit: 0 | 1; readonly drive: RemovableDrive };

export interface IdeSlot {
  readonly channel: 0 | 1;
  readonly unit: 0 | 1;
}

export type BootDevice = 'cdrom' | 'disk' | 'floppy' | 'network';

/** What the machine is, as its tables tell a guest. */
export interface FirmwareOptions {
  /** RFC 4122 UUID of the machine: the SMBIOS system UUID. */
  readonly machineId: string;
  readonly machineName: string;
  readonly bootOrder: readonly BootDevice[];
  /** How long POST waits for the boot-menu key, in ms; 0 does not wait. */
  readonly bootMenuMs: number;
  /** Serial ports that exist, 1-based (COM1, COM2). */
  readonly serialPorts: readonly number[];
}

/** The board as its firmware sees it: everything below is real hardware to it, reached as software would. */
export interface FirmwareHost {
  readonly memory: GuestMemory;
  readonly ports: PortBus;
  readonly mmio: MmioBus;
  readonly timers: TimerQueue;
  readonly cpu: VcpuEngine;
  readonly map: BoardMap;
  readonly drives: readonly FirmwareDrive[];
  readonly options: FirmwareOptions;
  /**
   * Makes the vCPU leave its slice, and the machine sleep, as after HLT, until the next timer deadline, interrupt,
   * block completion or control; the vCPU then goes on whether or not an interrupt is pending. A service that waits
   * for a disk calls it and arranges for the guest to come back to it.
   */
  yieldUntilEvent(): void;
  /** A line for the machine's log. */
  log(line: string): void;
}

/** What a machine starts from. One per machine; keeps its state in guest memory and in {@link FirmwareState}. */
export interface Firmware {
  /**
   * Maps the firmware's own ports. Called once, after every device has mapped its own and before the first reset.
   * @returns ROM bytes, a multiple of 64 KiB. The board maps them read-only so that they end at 4 GiB, and their last
   * 128 KiB (or all, if fewer) also so that they end at 1 MiB, where the chipset's shadow registers may replace them
   * by RAM.
   */
  install(host: FirmwareHost): Uint8Array;
  /** After the board and the vCPU were reset (power-on, reset button, CF9h, triple fault), before the vCPU runs. */
  reset(): void;
  saveState(): FirmwareState;
  loadState(state: FirmwareState): void;
}

export interface FirmwareState {
  readonly version: 1;
  /** What the kind of firmware keeps outside guest memory. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** A kernel to start instead of a boot device: the files' bytes, read by whoever owns the files. */
export interface KernelImage {
  readonly kernel: Uint8Array;
  readonly initrd: Uint8Array | undefined;
  readonly commandLine: string;
}

export type FirmwareErrorCode = 'kernel-invalid' | 'firmware-invalid';

/** Something a person gave as firmware or kernel cannot be used; `message` says why in a sentence. */
export class FirmwareError extends Error {
  override readonly name = 'FirmwareError';
  constructor(
    readonly code: FirmwareErrorCode,
    message: string,
  ) {
    super(message);
  }
}
