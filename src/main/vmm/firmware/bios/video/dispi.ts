import type { PortBus } from '../../../bus/port-bus.js';

const INDEX_PORT = 0x1ce;
const DATA_PORT = 0x1cf;

/** Registers of the Bochs VBE extensions (Bochs "VBE Display Interface", DISPI). */
export const DISPI = {
  id: 0, width: 1, height: 2, bitsPerPixel: 3, enable: 4, bank: 5, virtualWidth: 6, virtualHeight: 7, xOffset: 8, yOffset: 9, memory64K: 10,
} as const; // prettier-ignore
type DispiRegister = (typeof DISPI)[keyof typeof DISPI];

export const DISPI_ENABLE = { enabled: 0x01, dac8: 0x20, linear: 0x40, keepMemory: 0x80 } as const;
const ID_MASK = 0xfff0;
const ID = 0xb0c0;
const REGISTER_COUNT = 10;

export class Dispi {
  constructor(private readonly ports: PortBus) {}

  get present(): boolean {
    return (this.read(DISPI.id) & ID_MASK) === ID;
  }

  read(register: DispiRegister): number {
    return this.at(register);
  }

  write(register: DispiRegister, value: number): void {
    this.put(register, value);
  }

  /** Video memory in 64 KiB. */
  get blocks(): number {
    return this.read(DISPI.memory64K);
  }

  /** All registers but the identification and the memory size, to be given back to {@link restore}. */
  save(): number[] {
    return Array.from({ length: REGISTER_COUNT - 1 }, (_, i) => this.at(i + 1));
  }

  restore(registers: readonly number[]): void {
    this.put(DISPI.enable, 0);
    registers.forEach((value, i) => i + 1 !== DISPI.enable && this.put(i + 1, value));
    const enable = registers[DISPI.enable - 1] ?? 0;
    this.put(DISPI.enable, enable | DISPI_ENABLE.keepMemory);
  }

  private at(register: number): number {
    this.ports.write(INDEX_PORT, register, 2);
    return this.ports.read(DATA_PORT, 2);
  }

  private put(register: number, value: number): void {
    this.ports.write(INDEX_PORT, register, 2);
    this.ports.write(DATA_PORT, value & 0xffff, 2);
  }
}
