import { BDA } from '../data-area.js';
import type { PciBios } from '../pci/pci-bios.js';
import type { ServiceCall } from '../service-call.js';
import { CMOS, RTC_B, fromBcd, type Cmos } from './cmos.js';

/** Timer interrupts in a day: 1193182 / 65536 Hz. */
const TICKS_PER_DAY = 0x1800b0;

/** INT 1Ah: ticks, real-time clock and PCI BIOS. */
export class TimeService {
  constructor(
    private readonly cmos: Cmos,
    private readonly pci: PciBios,
  ) {}

  handle(call: ServiceCall): void {
    if (call.ah === 0xb1) return this.pci.handle(call);
    call.carry = !this.clock(call);
  }

  /** @returns false if the function does not exist or failed */
  private clock(call: ServiceCall): boolean {
    const { cmos } = this;
    switch (call.ah) {
      case 0x00:
        return this.readTicks(call);
      case 0x01:
        call.memory.write32(BDA.ticks, ((call.cx << 16) | call.dx) >>> 0);
        call.memory.write8(BDA.midnight, 0);
        return true;
      case 0x02:
        call.cx = (cmos.read(CMOS.hours) << 8) | cmos.read(CMOS.minutes);
        call.dx = cmos.read(CMOS.seconds) << 8;
        return true;
      case 0x03:
        this.whileStopped([[CMOS.hours, call.ch], [CMOS.minutes, call.cl], [CMOS.seconds, call.dh]]); // prettier-ignore
        return true;
      case 0x04:
        call.cx = (cmos.read(CMOS.century) << 8) | cmos.read(CMOS.year);
        call.dx = (cmos.read(CMOS.month) << 8) | cmos.read(CMOS.dayOfMonth);
        return true;
      case 0x05:
        this.whileStopped([[CMOS.century, call.ch], [CMOS.year, call.cl], [CMOS.month, call.dh], [CMOS.dayOfMonth, call.dl]]); // prettier-ignore
        return true;
      case 0x06:
        return this.setAlarm(call);
      case 0x07:
        cmos.change(CMOS.statusB, RTC_B.alarm, 0);
        return true;
      default:
        return false;
    }
  }

  private readTicks(call: ServiceCall): boolean {
    const ticks = call.memory.read32(BDA.ticks);
    call.cx = ticks >>> 16;
    call.dx = ticks & 0xffff;
    call.al = call.memory.read8(BDA.midnight);
    call.memory.write8(BDA.midnight, 0);
    return true;
  }

  private whileStopped(registers: readonly (readonly [register: number, value: number])[]): void {
    this.cmos.change(CMOS.statusB, 0, RTC_B.set);
    for (const [register, value] of registers) this.cmos.write(register, value);
    this.cmos.change(CMOS.statusB, RTC_B.set, 0);
  }

  private setAlarm(call: ServiceCall): boolean {
    if (this.cmos.read(CMOS.statusB) & RTC_B.alarm) return false;
    this.whileStopped([[CMOS.hoursAlarm, call.ch], [CMOS.minutesAlarm, call.cl], [CMOS.secondsAlarm, call.dh]]); // prettier-ignore
    this.cmos.change(CMOS.statusB, 0, RTC_B.alarm);
    return true;
  }
}

/** IRQ 0: counts ticks, notes midnight, stops the floppy motor when its time is over. */
export function tick(call: ServiceCall): void {
  const { memory } = call;
  const ticks = memory.read32(BDA.ticks) + 1;
  const midnight = ticks >= TICKS_PER_DAY;
  memory.write32(BDA.ticks, midnight ? 0 : ticks);
  if (midnight) memory.write8(BDA.midnight, (memory.read8(BDA.midnight) + 1) & 0xff);
  const motor = memory.read8(BDA.floppyMotorTimeout);
  if (motor > 0) memory.write8(BDA.floppyMotorTimeout, motor - 1);
  if (motor === 1) memory.write8(BDA.floppyMotor, memory.read8(BDA.floppyMotor) & 0xf0);
}

/** Ticks since midnight by the real-time clock, which POST starts the count from. */
export function ticksSinceMidnight(cmos: Cmos): number {
  const seconds =
    fromBcd(cmos.read(CMOS.hours)) * 3600 + fromBcd(cmos.read(CMOS.minutes)) * 60 + fromBcd(cmos.read(CMOS.seconds));
  return Math.min(Math.floor((seconds * 1_193_182) / 65536), TICKS_PER_DAY - 1);
}
