import type { PortBus } from '../../../bus/port-bus.js';
import { BDA } from '../data-area.js';
import type { ServiceCall } from '../service-call.js';
import { CMOS, RTC_B, type Cmos } from './cmos.js';

const MASTER = 0x20;
const SLAVE = 0xa0;
const END_OF_INTERRUPT = 0x20;
const READ_IN_SERVICE = 0x0b;
const CASCADE = 0x04;
const RTC_C = { alarm: 0x20, periodic: 0x40 } as const;
/** The periodic interrupt comes at 1024 Hz. */
const PERIOD_US = 976;

function inService(ports: PortBus, chip: number): number {
  ports.write(chip, READ_IN_SERVICE, 1);
  return ports.read(chip, 1);
}

/** An interrupt nobody claimed: ends it if it was a real one (a spurious one has no in-service bit), and masks its line. */
export function unexpectedInterrupt(ports: PortBus): void {
  const slave = inService(ports, SLAVE);
  const master = inService(ports, MASTER);
  if (slave) {
    ports.write(SLAVE + 1, ports.read(SLAVE + 1, 1) | slave, 1);
    ports.write(SLAVE, END_OF_INTERRUPT, 1);
  } else if (master & ~CASCADE) {
    ports.write(MASTER + 1, ports.read(MASTER + 1, 1) | (master & ~CASCADE), 1);
  }
  if (master) ports.write(MASTER, END_OF_INTERRUPT, 1);
}

/** IRQ 6: programs that drive the diskette controller themselves poll bit 7. */
export function floppyInterrupt(call: ServiceCall, ports: PortBus): void {
  call.memory.write8(BDA.floppyRecalibrate, call.memory.read8(BDA.floppyRecalibrate) | 0x80);
  ports.write(MASTER, END_OF_INTERRUPT, 1);
}

/** IRQ 8: counts an event wait down (INT 15h AH=83h); an alarm goes on to INT 4Ah at `alarm`. */
export function realTimeClock(call: ServiceCall, cmos: Cmos, alarm: number): void {
  const pending = cmos.read(CMOS.statusC) & cmos.read(CMOS.statusB);
  if (pending & RTC_C.periodic) countEventWait(call, cmos);
  if (pending & RTC_C.alarm) call.jump(alarm);
}

function countEventWait(call: ServiceCall, cmos: Cmos): void {
  const { memory } = call;
  if (!(memory.read8(BDA.waitActive) & 1)) return;
  const left = memory.read32(BDA.waitCount);
  if (left > PERIOD_US) {
    memory.write32(BDA.waitCount, left - PERIOD_US);
    return;
  }
  const flag = memory.read16(BDA.waitFlagPointer) + (memory.read16(BDA.waitFlagPointer + 2) << 4);
  memory.write8(flag, memory.read8(flag) | 0x80);
  memory.write8(BDA.waitActive, 0);
  cmos.change(CMOS.statusB, RTC_B.periodic, 0);
}
