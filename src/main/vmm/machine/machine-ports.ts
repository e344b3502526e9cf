import type { SerialPeer } from '../devices/serial/serial-port.js';
import type { VcpuBus, VcpuEngine } from '../cpu/engine.js';
import type { Firmware, FirmwareDrive } from '../firmware/firmware.js';
import type { GuestMemory } from '../memory/guest-memory.js';
import type { Clock } from '../time/clock.js';
import type { SerialPortNumber } from './machine-spec.js';

/** Time of day on the host, for the real-time clock and the VMware backdoor. */
export interface WallClock {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  nowMs(): number;
  /** Minutes local time is ahead of UTC at that moment. */
  localOffsetMinutes(atMs: number): number;
}

/** Makes the machine's processor; the caller decides which engine it is. */
export type VcpuFactory = (memory: GuestMemory, bus: VcpuBus) => VcpuEngine;

/** Everything a machine needs from outside. */
export interface MachinePorts {
  /** Made with {@link machineMemory}, before the machine, so that block devices can be built on it. */
  readonly memory: GuestMemory;
  /** Virtual time; stands still while the machine is paused. */
  readonly clock: Clock;
  readonly wallClock: WallClock;
  readonly createVcpu: VcpuFactory;
  readonly firmware: Firmware;
  /** In the order the board numbers them. */
  readonly drives: readonly FirmwareDrive[];
  /** Far ends of the serial ports; a port without one drops what it sends. */
  readonly serial: Readonly<Partial<Record<SerialPortNumber, SerialPeer>>>;
  /** A line for the machine's log. */
  log(line: string): void;
  /** A byte the guest wrote to the debug ports 402h and E9h. */
  debugConsole(byte: number): void;
}
