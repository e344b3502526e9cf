import type { BoardDevice } from '../../base/stateful.js';
import { byteHandler, type ByteRegisters } from '../../bus/byte-handler.js';
import type { BusHandler } from '../../bus/access.js';
import type { IrqLine } from '../../bus/irq-line.js';
import { NS_PER_SECOND, PM_TIMER_HZ } from '../../time/frequencies.js';
import type { Timer, TimerQueue } from '../../time/timers.js';

/** ACPI 6.4, 4.8.3 (fixed hardware), in the layout of the 82371AB's power management block. */
export const ACPI_PM_PORTS = 64;

const PM1_STATUS = 0x00;
const PM1_ENABLE = 0x02;
const PM1_CONTROL = 0x04;
const PM_TIMER = 0x08;
const GPE0_STATUS = 0x0c;
const GPE0_ENABLE = 0x0e;

const PM1_TIMER = 1 << 0;
const PM1_GLOBAL = 1 << 5;
const PM1_POWER_BUTTON = 1 << 8;
const PM1_RTC = 1 << 10;
const PM1_WAKE = 1 << 15;
const STATUS_BITS = PM1_TIMER | PM1_GLOBAL | PM1_POWER_BUTTON | PM1_RTC | PM1_WAKE;
const ENABLE_BITS = PM1_TIMER | PM1_GLOBAL | PM1_POWER_BUTTON | PM1_RTC;

/** The board has no system management mode to hand ACPI over with: it is in ACPI mode from power-on. */
const CONTROL_SCI_ENABLE = 1 << 0;
const CONTROL_SLEEP_TYPE_SHIFT = 10;
const CONTROL_SLEEP_ENABLE = 1 << 13;
const CONTROL_WRITABLE = 0x1c06;

/** Sleep types of the 82371AB: 0 is soft-off; the DSDT offers no other. */
const SLEEP_TYPE_SOFT_OFF = 0;

const TIMER_MASK = 0xff_ffff;
/** The status bit is set whenever the timer's top bit changes. */
const TIMER_HALF = 0x80_0000;

export interface AcpiPmPorts {
  readonly sci: IrqLine;
  /** The guest entered S5. */
  powerOff(): void;
}

export interface AcpiPmState {
  readonly version: 1;
  readonly status: number;
  readonly enable: number;
  readonly control: number;
  readonly gpeEnable: number;
  readonly timerHalf: number;
}

/** ACPI fixed hardware: power management timer, power button, sleep control, and the SCI they raise. */
export class AcpiPm implements BoardDevice<AcpiPmState> {
  private status = 0;
  private enable = 0;
  private control = CONTROL_SCI_ENABLE;
  private gpeEnable = 0;
  /** Half-periods of the timer already accounted for in the status register. */
  private timerHalf = 0;
  private readonly timer: Timer;

  constructor(
    private readonly timers: TimerQueue,
    private readonly ports: AcpiPmPorts,
  ) {
    this.timer = timers.create(() => this.update());
  }

  /** The register block; the PCI function says where it is. */
  readonly handler: BusHandler = {
    read: (offset, size) => (offset === PM_TIMER && size === 4 ? this.timerValue : this.bytes.read(offset, size)),
    write: (offset, value, size) => {
      if (size === 2) this.write16(offset, value);
      else this.bytes.write(offset, value, size);
    },
  };

  pressPowerButton(): void {
    this.status |= PM1_POWER_BUTTON;
    this.update();
  }

  reset(): void {
    this.status = 0;
    this.enable = 0;
    this.control = CONTROL_SCI_ENABLE;
    this.gpeEnable = 0;
    this.timerHalf = this.halfPeriods;
    this.update();
  }

  saveState(): AcpiPmState {
    this.accountTimer();
    return {
      version: 1,
      status: this.status,
      enable: this.enable,
      control: this.control,
      gpeEnable: this.gpeEnable,
      timerHalf: this.timerHalf,
    };
  }

  loadState(state: AcpiPmState): void {
    this.status = state.status & STATUS_BITS;
    this.enable = state.enable & ENABLE_BITS;
    this.control = (state.control & CONTROL_WRITABLE) | CONTROL_SCI_ENABLE;
    this.gpeEnable = state.gpeEnable & 0xffff;
    this.timerHalf = state.timerHalf;
    this.update();
  }

  private get ticks(): number {
    return Math.floor((this.timers.clock.nowNs() * PM_TIMER_HZ) / NS_PER_SECOND);
  }

  private get timerValue(): number {
    return this.ticks % (TIMER_MASK + 1);
  }

  private get halfPeriods(): number {
    return Math.floor(this.ticks / TIMER_HALF);
  }

  /** Byte access reaches each half of a 16-bit register. */
  private readonly registers: ByteRegisters = {
    read: (offset) => this.readByte(offset),
    write: (offset, value) => this.writeByte(offset, value),
  };

  private readonly bytes = byteHandler(this.registers, ACPI_PM_PORTS);

  private readByte(offset: number): number {
    const register = offset & ~1;
    const shift = 8 * (offset & 1);
    if (register === PM_TIMER || register === PM_TIMER + 2) return (this.timerValue >>> (8 * (offset & 3))) & 0xff;
    return (this.read16(register) >> shift) & 0xff;
  }

  private writeByte(offset: number, value: number): void {
    const register = offset & ~1;
    const shift = 8 * (offset & 1);
    const isStatus = register === PM1_STATUS || register === GPE0_STATUS;
    const kept = isStatus ? 0 : this.read16(register) & (0xff00 >> shift);
    this.write16(register, kept | (value << shift));
  }

  private read16(register: number): number {
    switch (register) {
      case PM1_STATUS:
        this.accountTimer();
        return this.status;
      case PM1_ENABLE:
        return this.enable;
      case PM1_CONTROL:
        return this.control;
      case GPE0_ENABLE:
        return this.gpeEnable;
      default:
        return 0; // GPE0 status included: the board has no general-purpose event
    }
  }

  private write16(register: number, value: number): void {
    switch (register) {
      case PM1_STATUS:
        this.accountTimer();
        this.status &= ~value;
        break;
      case PM1_ENABLE:
        this.enable = value & ENABLE_BITS;
        break;
      case PM1_CONTROL:
        this.writeControl(value);
        break;
      case GPE0_ENABLE:
        this.gpeEnable = value;
        break;
    }
    this.update();
  }

  private writeControl(value: number): void {
    this.control = (value & CONTROL_WRITABLE) | CONTROL_SCI_ENABLE;
    if (!(value & CONTROL_SLEEP_ENABLE)) return;
    const sleepType = (value >> CONTROL_SLEEP_TYPE_SHIFT) & 7;
    if (sleepType === SLEEP_TYPE_SOFT_OFF) this.ports.powerOff();
    // Any other state is not offered; a guest that enters it all the same finds itself awake again.
    else this.status |= PM1_WAKE;
  }

  private accountTimer(): void {
    const now = this.halfPeriods;
    if (now !== this.timerHalf) this.status |= PM1_TIMER;
    this.timerHalf = now;
  }

  private update(): void {
    this.accountTimer();
    this.ports.sci.set((this.status & this.enable) !== 0);
    if (this.enable & PM1_TIMER) this.timer.arm(((this.timerHalf + 1) * TIMER_HALF * NS_PER_SECOND) / PM_TIMER_HZ + 1);
    else this.timer.disarm();
  }
}
