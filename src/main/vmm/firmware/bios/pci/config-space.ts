import type { AccessSize } from '../../../bus/access.js';
import type { PortBus } from '../../../bus/port-bus.js';

const CONFIG_ADDRESS = 0xcf8;
const CONFIG_DATA = 0xcfc;
const ENABLE = 0x8000_0000;

/** A function on bus 0 as PCI BIOS packs it: device in bits 7:3, function in 2:0. */
export type DeviceFunction = number;

export const deviceFunction = (place: { readonly device: number; readonly function: number }): DeviceFunction =>
  (place.device << 3) | place.function;

/** PCI configuration space by mechanism #1 (PCI Local Bus 3.0, 3.2.2.3.2). */
export class PciConfigSpace {
  constructor(private readonly ports: PortBus) {}

  read(function_: DeviceFunction, register: number, size: AccessSize, bus = 0): number {
    this.select(function_, register, bus);
    return this.ports.read(CONFIG_DATA + (register & 3), size);
  }

  write(function_: DeviceFunction, register: number, value: number, size: AccessSize, bus = 0): void {
    this.select(function_, register, bus);
    this.ports.write(CONFIG_DATA + (register & 3), value, size);
  }

  /** Every function present on bus 0, in order. */
  *functions(): Generator<DeviceFunction> {
    for (let device = 0; device < 32; device++) {
      if (!this.present(device << 3)) continue;
      const multifunction = this.read(device << 3, 0x0e, 1) & 0x80;
      for (let f = 0; f < (multifunction ? 8 : 1); f++) if (this.present((device << 3) | f)) yield (device << 3) | f;
    }
  }

  private present(function_: DeviceFunction): boolean {
    return this.read(function_, 0, 2) !== 0xffff;
  }

  private select(function_: DeviceFunction, register: number, bus: number): void {
    this.ports.write(CONFIG_ADDRESS, (ENABLE | (bus << 16) | (function_ << 8) | (register & 0xfc)) >>> 0, 4);
  }
}
