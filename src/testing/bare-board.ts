import type { AccessSize } from '../main/vmm/bus/access.js';
import type { VcpuExit } from '../main/vmm/cpu/engine.js';
import type { Firmware, FirmwareDrive } from '../main/vmm/firmware/firmware.js';
import { machineMemory } from '../main/vmm/machine/machine-memory.js';
import type { MachinePorts } from '../main/vmm/machine/machine-ports.js';
import type { MachineSpec } from '../main/vmm/machine/machine-spec.js';
import { Machine } from '../main/vmm/machine/machine.js';
import { ManualClock } from '../main/vmm/time/clock.js';
import { IdleVcpu } from './idle-vcpu.js';

export const TEST_SPEC: MachineSpec = {
  machineId: '6f1d3d0c-3a2e-4a53-9f6b-0d2f0c6f7a11',
  name: 'test',
  memoryBytes: 8 << 20,
  videoMemoryBytes: 4 << 20,
  bootOrder: ['cdrom', 'disk', 'floppy'],
  bootMenuMs: 0,
  serialPorts: [1, 2],
  clock: 'utc',
  absolutePointer: true,
  onReset: 'restart',
};

/** A ROM of nothing but its own address pattern. */
function patternRom(bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, i) => (i >>> 8) ^ i);
}

const firmware: Firmware = {
  install: () => patternRom(0x2_0000),
  reset: () => undefined,
  saveState: () => ({ version: 1, data: {} }),
  loadState: () => undefined,
};

export interface BareBoardOptions {
  readonly spec?: Partial<MachineSpec>;
  readonly drives?: (bytes: Uint8Array) => readonly FirmwareDrive[];
  readonly program?: () => VcpuExit;
}

/** A machine without software: tests drive its buses by hand, on a clock they move. */
export class BareBoard {
  readonly clock = new ManualClock();
  readonly machine: Machine;
  readonly memory;
  readonly serialOutput: number[] = [];
  readonly debugOutput: number[] = [];
  readonly log: string[] = [];
  cpu!: IdleVcpu;

  constructor(options: BareBoardOptions = {}) {
    const spec = { ...TEST_SPEC, ...options.spec };
    this.memory = machineMemory(spec);
    const ports: MachinePorts = {
      memory: this.memory,
      clock: this.clock,
      // 2024-02-28T23:59:58Z: two seconds before a leap day.
      wallClock: { nowMs: () => 1_709_164_798_000 + this.clock.nowNs() / 1e6, localOffsetMinutes: () => 60 },
      createVcpu: (_memory, bus) => (this.cpu = new IdleVcpu(bus, options.program)),
      firmware,
      drives: options.drives?.(this.memory.bytes) ?? [],
      serial: { 1: { transmit: (byte) => void this.serialOutput.push(byte) } },
      log: (line) => void this.log.push(line),
      debugConsole: (byte) => void this.debugOutput.push(byte),
    };
    this.machine = new Machine(spec, ports);
  }

  in(port: number, size: AccessSize = 1): number {
    return this.cpu.bus.portRead(port, size);
  }

  out(port: number, value: number, size: AccessSize = 1): void {
    this.cpu.bus.portWrite(port, value, size);
  }

  readMmio(address: number, size: AccessSize = 4): number {
    return this.cpu.bus.mmioRead(address, size);
  }

  writeMmio(address: number, value: number, size: AccessSize = 4): void {
    this.cpu.bus.mmioWrite(address, value, size);
  }

  readConfig(device: number, fn: number, register: number, size: AccessSize = 4): number {
    this.selectConfig(device, fn, register);
    return this.in(0xcfc + (register & 3), size);
  }

  writeConfig(device: number, fn: number, register: number, value: number, size: AccessSize = 4): void {
    this.selectConfig(device, fn, register);
    this.out(0xcfc + (register & 3), value, size);
  }

  /** Lets virtual time pass and the machine run, millisecond by millisecond at most. */
  pass(ns: number): void {
    for (let left = ns; left > 0; left -= 1e6) {
      this.clock.advance(Math.min(left, 1e6));
      this.machine.runSlice();
    }
  }

  private selectConfig(device: number, fn: number, register: number): void {
    this.out(0xcf8, (0x8000_0000 | (device << 11) | (fn << 8) | (register & 0xfc)) >>> 0, 4);
  }
}
