import type { InputEvent } from '../../../shared/contract/input.js';
import type { BlockInfo } from '../../vmm/block/block-device.js';
import type { DisplaySource } from '../../vmm/devices/display/display-source.js';
import type { CpuFeature } from '../../vmm/cpu/cpu-features.js';
import type { EngineKind } from '../../vmm/cpu/engine.js';
import type { TranslatorFigures } from '../../vmm/cpu/translator-figures.js';
import type { IdeSlot, KernelImage } from '../../vmm/firmware/firmware.js';
import type { MachineSpec, SerialPortNumber } from '../../vmm/machine/machine-spec.js';
import type { MachineState, OffCause } from '../../vmm/machine/machine.js';
import type { VcpuThread } from '../kvm/thread-alarm.js';
import type { BlockChannel } from '../rings/block-channel.js';
import type { Doorbell } from '../rings/doorbell.js';
import type { LoadPlan } from '../snapshot/chunk-loader.js';
import type { FrozenMachine, SnapshotBuffers } from '../snapshot/snapshot-messages.js';

/** What the machine thread is started with. */
export interface MachineThreadData {
  readonly spec: MachineSpec;
  /** The compiled CPU core. */
  readonly core: WebAssembly.Module;
  readonly firmware: FirmwareChoice;
  readonly engine: EngineKind;
  /** Processor features the guest is not to know of. */
  readonly withheldFeatures: readonly CpuFeature[];
  /** Rung by the I/O thread whenever there is something to take in. */
  readonly kick: Doorbell;
  readonly blocks: BlockChannel;
  /** Where a thread that runs its vCPU on hardware says which it is. */
  readonly vcpuThread: VcpuThread;
  /** One word, counted up each time the loop comes round. */
  readonly progress: Int32Array<SharedArrayBuffer>;
}

export type FirmwareChoice =
  | { readonly kind: 'builtin'; readonly kernel: KernelImage | undefined }
  | { readonly kind: 'seabios'; readonly bios: Uint8Array; readonly vgaBios: Uint8Array };

/** An image attached to the I/O thread's block server. */
export interface AttachedMedium {
  readonly image: number;
  readonly info: BlockInfo;
}

/** A drive to build into the machine. */
export type DrivePlan =
  | { readonly kind: 'disk'; readonly id: string; readonly slot: IdeSlot; readonly medium: AttachedMedium }
  | { readonly kind: 'cdrom'; readonly id: string; readonly slot: IdeSlot; readonly medium: AttachedMedium | undefined }
  | { readonly kind: 'floppy'; readonly id: string; readonly unit: 0 | 1; readonly medium: AttachedMedium | undefined };

/** I/O thread → machine thread. The kick must be rung after each. */
export type ToMachine =
  /** First of all, once its images are attached to the memory the thread announced. */
  | {
      readonly type: 'build';
      readonly drives: readonly DrivePlan[];
      /** Of a machine that goes on from a saved state: its virtual time. It stays paused until it is resumed. */
      readonly restoredClockNs: number | undefined;
    }
  /** Makes the machine what it was when saved, with RAM that comes as it is asked for. Answered by `state-loaded`. */
  | { readonly type: 'load-state'; readonly state: MachineState; readonly ram: LoadPlan }
  /** All RAM is there. */
  | { readonly type: 'ram-loaded' }
  /** Stops the guest and answers with `frozen`. `whole`: pages count as changed that have been saved before. */
  | { readonly type: 'freeze'; readonly id: number; readonly whole: boolean; readonly buffers: SnapshotBuffers }
  /** Lets it go on; answers with `thawed`. */
  | { readonly type: 'thaw'; readonly id: number }
  /** Nothing is being saved any more: buffers may go. */
  | { readonly type: 'saved' }
  | { readonly type: 'pause' }
  | { readonly type: 'resume' }
  | { readonly type: 'reset' }
  | { readonly type: 'press-power-button' }
  /** Ends the thread. */
  | { readonly type: 'power-off' }
  | { readonly type: 'input'; readonly events: readonly InputEvent[] }
  | { readonly type: 'serial'; readonly port: SerialPortNumber; readonly bytes: Uint8Array }
  | { readonly type: 'insert'; readonly driveId: string; readonly medium: AttachedMedium }
  | { readonly type: 'eject'; readonly driveId: string; readonly force: boolean; readonly id: number }
  /** `closely`: also what costs something to find out, since somebody looks at it. */
  | { readonly type: 'measure'; readonly id: number; readonly closely: boolean };

/** Figures of the machine thread since power-on. */
export interface MachineMeasures {
  readonly instructions: number;
  readonly counters: Readonly<Record<string, number>>;
  /** Of an engine that translates. */
  readonly translator: TranslatorFigures | undefined;
  /** Time the thread did not sleep, in ms. */
  readonly busyMs: number;
  /** Virtual time, in ms. */
  readonly uptimeMs: number;
  readonly keyboardLeds: { readonly caps: boolean; readonly num: boolean; readonly scroll: boolean };
  readonly absolutePointer: boolean;
}

/** Machine thread → I/O thread. */
export type FromMachine =
  | { readonly type: 'memory'; readonly memory: WebAssembly.Memory }
  | { readonly type: 'built'; readonly display: DisplaySource }
  | { readonly type: 'power'; readonly paused: boolean; readonly noSpace: boolean }
  | { readonly type: 'off'; readonly cause: OffCause }
  | { readonly type: 'halted-for-good' }
  | {
      readonly type: 'failed';
      readonly code:
        'internal' | 'kernel-invalid' | 'memory-too-large' | 'engine-unavailable' | 'state-mismatch' | 'state-damaged';
      readonly message: string;
    }
  | { readonly type: 'serial'; readonly port: SerialPortNumber; readonly bytes: Uint8Array }
  | { readonly type: 'drive'; readonly driveId: string; readonly ejected: boolean; readonly locked: boolean }
  | { readonly type: 'frozen'; readonly id: number; readonly frozen: FrozenMachine }
  | { readonly type: 'thawed'; readonly id: number; readonly pauseMs: number }
  | { readonly type: 'state-loaded' }
  | { readonly type: 'ejected'; readonly id: number; readonly empty: boolean }
  | { readonly type: 'measures'; readonly id: number; readonly measures: MachineMeasures }
  /** The last figures, when the loop has ended for whatever reason. */
  | { readonly type: 'final-measures'; readonly measures: MachineMeasures }
  | { readonly type: 'log'; readonly line: string };
