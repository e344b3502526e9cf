import type { TranslatorReport } from '../cpu/translator-figures.js';
import type { DisplaySource } from '../devices/display/display-source.js';
import type { AbsolutePointerSink, KeySink, RelativePointerSink } from '../devices/input/input-sink.js';
import type { SerialReceiver } from '../devices/serial/serial-port.js';
import type { CpuState } from '../cpu/registers.js';
import type { FirmwareState } from '../firmware/firmware.js';
import type { SerialPortNumber } from './machine-spec.js';

/** Why the machine ended by itself. */
export type OffCause = 'power-off' | 'reset' | 'triple-fault';

/** How a slice ended. */
export type MachineCondition =
  | { readonly kind: 'running' }
  /**
   * Nothing to do until {@link MachineControl.nextDeadlineNs} or until something is delivered to the machine. `forGood`:
   * the guest halted with interrupts off, as an operating system does that cannot switch the power off: only a reset
   * or a non-maskable interrupt, of which the board has none by itself, gets it going again.
   */
  | { readonly kind: 'halted'; readonly forGood: boolean }
  | { readonly kind: 'off'; readonly cause: OffCause }
  /** The machine cannot go on; `message` is for the person. */
  | { readonly kind: 'failed'; readonly message: string };

/** Figures since power-on. */
export interface MachineStats {
  readonly instructions: number;
  readonly counters: Readonly<Record<string, number>>;
  readonly translator: TranslatorReport | undefined;
}

/** Everything of a machine but the contents of its memory, which a snapshot stores apart. */
export interface MachineState {
  readonly version: 1;
  readonly clockNs: number;
  readonly cpu: CpuState;
  readonly firmware: FirmwareState;
  /** Device states by key, each with a version of its own. */
  readonly devices: Readonly<Record<string, unknown>>;
}

/**
 * What drives a machine: the loop of its thread, or a test. All calls on one thread, never from inside another but
 * from device ports. Loop: `runSlice()`; if it says halted, sleep until `nextDeadlineNs` (virtual time) or a kick, deliver
 * what has come in (block completions, serial bytes, input, controls); again.
 */
export interface MachineControl {
  runSlice(): MachineCondition;
  /** Virtual time of the next timer, `Infinity` if none. */
  readonly nextDeadlineNs: number;
  /** Hardware reset button. */
  reset(): void;
  /** Presses the ACPI power button. */
  pressPowerButton(): void;
  readonly keyboard: KeySink;
  readonly mouse: RelativePointerSink;
  readonly pointer: AbsolutePointerSink;
  readonly display: DisplaySource;
  /** The receiving side of a serial port; `undefined` if the machine has none of that number. */
  serial(port: SerialPortNumber): SerialReceiver | undefined;
  readonly stats: MachineStats;
  /** Between slices only. */
  saveState(): MachineState;
  /** @throws RangeError if the state is not of a machine like this one */
  loadState(state: MachineState): void;
}
