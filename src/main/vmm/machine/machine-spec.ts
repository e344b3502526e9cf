import type { BootDevice } from '../firmware/firmware.js';

/** What a machine is: plain data, enough to build the same machine again in another process. */
export interface MachineSpec {
  /** RFC 4122 UUID: the SMBIOS system UUID. */
  readonly machineId: string;
  readonly name: string;
  /** RAM in bytes: a multiple of 1 MiB, at most 3 GiB. */
  readonly memoryBytes: number;
  /** A power of two from 4 MiB. */
  readonly videoMemoryBytes: number;
  readonly bootOrder: readonly BootDevice[];
  /** How long the firmware offers its boot menu, in ms; 0 does not. */
  readonly bootMenuMs: number;
  /** Serial ports present: 1 = COM1, 2 = COM2. */
  readonly serialPorts: readonly SerialPortNumber[];
  /** What the real-time clock shows: UTC (Linux, BSD) or local time (Windows, DOS). */
  readonly clock: 'utc' | 'local';
  /** Whether the VMware backdoor offers absolute pointing. */
  readonly absolutePointer: boolean;
  /** A reset the guest asks for (keyboard controller, port 92h, CF9h) or causes (triple fault): start again, or end. */
  readonly onReset: 'restart' | 'stop';
}

export type SerialPortNumber = 1 | 2;
