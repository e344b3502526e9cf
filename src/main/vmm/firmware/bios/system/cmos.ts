import type { PortBus } from '../../../bus/port-bus.js';

const INDEX = 0x70;
const DATA = 0x71;

/** MC146818 registers and the AT's use of the CMOS behind them. */
export const CMOS = {
  seconds: 0x00,
  secondsAlarm: 0x01,
  minutes: 0x02,
  minutesAlarm: 0x03,
  hours: 0x04,
  hoursAlarm: 0x05,
  dayOfMonth: 0x07,
  month: 0x08,
  year: 0x09,
  statusA: 0x0a,
  statusB: 0x0b,
  statusC: 0x0c,
  statusD: 0x0d,
  shutdown: 0x0f,
  floppyTypes: 0x10,
  equipment: 0x14,
  baseMemoryLow: 0x15,
  extendedLow: 0x17,
  extendedHigh: 0x18,
  checksumHigh: 0x2e,
  extended2Low: 0x30,
  century: 0x32,
  above16MibLow: 0x34,
} as const;

/** Status B. */
export const RTC_B = { set: 0x80, periodic: 0x40, alarm: 0x20, binary: 0x04, hours24: 0x02 } as const;

/** The real-time clock and its CMOS through their ports. Time registers are BCD, 24 hours, as POST sets them. */
export class Cmos {
  constructor(private readonly ports: PortBus) {}

  read(register: number): number {
    this.ports.write(INDEX, register, 1);
    return this.ports.read(DATA, 1);
  }

  write(register: number, value: number): void {
    this.ports.write(INDEX, register, 1);
    this.ports.write(DATA, value & 0xff, 1);
  }

  write16(register: number, value: number): void {
    this.write(register, value);
    this.write(register + 1, value >>> 8);
  }

  change(register: number, clear: number, set: number): void {
    this.write(register, (this.read(register) & ~clear) | set);
  }
}

export const fromBcd = (value: number): number => (value >> 4) * 10 + (value & 0x0f);
