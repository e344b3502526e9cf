import type { BoardDevice } from '../../base/stateful.js';
import { byteHandler, type ByteRegisters } from '../../bus/byte-handler.js';
import type { IrqLine } from '../../bus/irq-line.js';
import type { PortBus } from '../../bus/port-bus.js';
import { dayOfWeek, fromEpochSeconds, toEpochSeconds } from '../../time/calendar.js';
import type { Timer, TimerQueue } from '../../time/timers.js';

/** Motorola MC146818A data sheet; index/data pairs of the PC and of the 82371SB's extended bank. */
export const RTC_PORT = 0x70;
export const RTC_PORTS = 4;
export const CMOS_BYTES = 256;

export const RTC_SECONDS = 0x00;
export const RTC_SECONDS_ALARM = 0x01;
export const RTC_MINUTES = 0x02;
export const RTC_MINUTES_ALARM = 0x03;
export const RTC_HOURS = 0x04;
export const RTC_HOURS_ALARM = 0x05;
export const RTC_DAY_OF_WEEK = 0x06;
export const RTC_DAY = 0x07;
export const RTC_MONTH = 0x08;
export const RTC_YEAR = 0x09;
export const RTC_A = 0x0a;
export const RTC_B = 0x0b;
export const RTC_C = 0x0c;
export const RTC_D = 0x0d;
/** The PC's convention for the century, outside the chip's own registers. */
export const RTC_CENTURY = 0x32;

const A_UPDATE_IN_PROGRESS = 0x80;
const A_DIVIDER_RESET = 0x60;
/** 32.768 kHz crystal, periodic rate 1024 Hz: what every BIOS sets. */
const A_DEFAULT = 0x26;
const B_SET = 0x80;
const B_PERIODIC = 0x40;
const B_ALARM = 0x20;
const B_UPDATE_ENDED = 0x10;
const B_BINARY = 0x04;
const B_24_HOUR = 0x02;
const C_REQUEST = 0x80;
const D_VALID = 0x80;
const HOUR_PM = 0x80;
const ALARM_DONT_CARE = 0xc0;

const MS_PER_SECOND = 1000;
const NS_PER_MS = 1e6;
/** Update-in-progress rises 244 µs before an update of 1984 µs with a 32.768 kHz time base. */
const UPDATE_MS = 0.244 + 1.984;
/** First update after the divider leaves reset (data sheet, register A). */
const DIVIDER_RESTART_MS = 500;

const CLOCK_REGISTERS = [
  RTC_SECONDS, RTC_MINUTES, RTC_HOURS, RTC_DAY_OF_WEEK, RTC_DAY, RTC_MONTH, RTC_YEAR, RTC_CENTURY,
] as const; // prettier-ignore

export interface Mc146818State {
  readonly version: 1;
  readonly index: number;
  readonly extendedIndex: number;
  readonly cmos: Uint8Array;
  /** How far the guest set its clock from the host's, in ms. */
  readonly offsetMs: number;
  readonly frozen: boolean;
  readonly periodicNs: number | null;
}

/**
 * Real-time clock and CMOS memory. The time shown is the host's wall clock plus an offset the guest sets by writing the
 * clock, so it is right again after a pause; interrupts are timed on the machine's virtual clock.
 */
export class Mc146818 implements BoardDevice<Mc146818State>, ByteRegisters {
  private readonly cmos = new Uint8Array(CMOS_BYTES);
  private index = 0;
  private extendedIndex = 0;
  private offsetMs = 0;
  /** The clock registers hold what the guest wrote and do not run: SET bit, or divider in reset. */
  private frozen = false;
  private readonly updateTimer: Timer;
  private readonly periodicTimer: Timer;

  /** @param wallMs wall-clock time in ms since 1970, in the time zone the clock shows */
  constructor(
    private readonly timers: TimerQueue,
    private readonly wallMs: () => number,
    private readonly irq: IrqLine,
  ) {
    this.updateTimer = timers.create(() => this.updateEnded());
    this.periodicTimer = timers.create((nowNs) => this.periodic(nowNs));
    this.cmos[RTC_A] = A_DEFAULT;
    this.cmos[RTC_B] = B_24_HOUR;
    this.cmos[RTC_D] = D_VALID;
    this.scheduleUpdate();
  }

  attach(ports: PortBus): void {
    ports.map(RTC_PORT, RTC_PORTS, byteHandler(this, RTC_PORTS));
  }

  /** Sets a byte of CMOS memory, as a set-up program would. */
  setByte(address: number, value: number): void {
    this.cmos[address] = value;
  }

  read(offset: number): number {
    switch (offset) {
      case 1:
        return this.readRegister(this.index);
      case 3:
        return this.readRegister(this.extendedIndex | 0x80);
      default:
        return offset === 2 ? this.extendedIndex : 0xff; // the index of the first bank is write-only
    }
  }

  write(offset: number, value: number): void {
    switch (offset) {
      case 0:
        this.index = value & 0x7f; // bit 7 masks NMI, of which the board has no source
        break;
      case 1:
        this.writeRegister(this.index, value);
        break;
      case 2:
        this.extendedIndex = value & 0x7f;
        break;
      case 3:
        this.writeRegister(this.extendedIndex | 0x80, value);
        break;
    }
  }

  /** RESET# clears the interrupt enables and flags; time and memory are on the battery. */
  reset(): void {
    this.cmos[RTC_B]! &= ~(B_PERIODIC | B_ALARM | B_UPDATE_ENDED);
    this.cmos[RTC_C] = 0;
    this.irq.set(false);
    this.schedulePeriodic(this.timers.clock.nowNs());
  }

  saveState(): Mc146818State {
    const { deadlineNs } = this.periodicTimer;
    return {
      version: 1,
      index: this.index,
      extendedIndex: this.extendedIndex,
      cmos: this.cmos.slice(),
      offsetMs: this.offsetMs,
      frozen: this.frozen,
      periodicNs: deadlineNs === Infinity ? null : deadlineNs,
    };
  }

  loadState(state: Mc146818State): void {
    this.index = state.index & 0x7f;
    this.extendedIndex = state.extendedIndex & 0x7f;
    this.cmos.set(state.cmos.subarray(0, CMOS_BYTES));
    this.offsetMs = state.offsetMs;
    this.frozen = state.frozen;
    if (state.periodicNs === null) this.periodicTimer.disarm();
    else this.periodicTimer.arm(state.periodicNs);
    this.scheduleUpdate();
    this.updateIrq();
  }

  private get shownMs(): number {
    return this.wallMs() + this.offsetMs;
  }

  private readRegister(address: number): number {
    switch (address) {
      case RTC_A:
        return this.cmos[RTC_A]! | (this.updateInProgress ? A_UPDATE_IN_PROGRESS : 0);
      case RTC_C:
        return this.readFlags();
      case RTC_D:
        return D_VALID;
      default:
        if (!this.frozen) this.refreshClock(address);
        return this.cmos[address]!;
    }
  }

  private writeRegister(address: number, value: number): void {
    switch (address) {
      case RTC_A:
        this.cmos[RTC_A] = value & 0x7f;
        this.controlChanged();
        this.schedulePeriodic(this.timers.clock.nowNs());
        break;
      case RTC_B:
        this.writeB(value);
        break;
      case RTC_C:
      case RTC_D:
        break;
      default:
        this.writeMemory(address, value);
    }
  }

  private writeMemory(address: number, value: number): void {
    const isClock = (CLOCK_REGISTERS as readonly number[]).includes(address);
    if (isClock && !this.frozen) this.latchClock();
    this.cmos[address] = value;
    if (isClock && !this.frozen) this.setClock(((this.shownMs % MS_PER_SECOND) + MS_PER_SECOND) % MS_PER_SECOND);
  }

  private writeB(value: number): void {
    const periodicWas = this.cmos[RTC_B]! & B_PERIODIC;
    // A change of format must not change the time: it applies to what is written from now on.
    const updateEnable = value & B_SET ? value & ~B_UPDATE_ENDED : value;
    if (value & B_SET && !this.frozen) this.latchClock();
    this.cmos[RTC_B] = updateEnable;
    this.controlChanged();
    if ((value & B_PERIODIC) !== periodicWas) this.schedulePeriodic(this.timers.clock.nowNs());
    this.updateIrq();
  }

  /** SET and the divider reset stop the clock with its registers as they are; leaving both starts it from them. */
  private controlChanged(): void {
    const dividerReset = (this.cmos[RTC_A]! & A_DIVIDER_RESET) === A_DIVIDER_RESET;
    const freeze = dividerReset || (this.cmos[RTC_B]! & B_SET) !== 0;
    if (freeze === this.frozen) return;
    if (freeze) this.latchClock();
    this.frozen = freeze;
    if (!freeze) this.setClock(MS_PER_SECOND - DIVIDER_RESTART_MS);
    this.scheduleUpdate();
  }

  private get updateInProgress(): boolean {
    if (this.frozen) return false;
    const intoSecond = ((this.shownMs % MS_PER_SECOND) + MS_PER_SECOND) % MS_PER_SECOND;
    return intoSecond >= MS_PER_SECOND - UPDATE_MS;
  }

  private get binary(): boolean {
    return (this.cmos[RTC_B]! & B_BINARY) !== 0;
  }

  private encode(value: number): number {
    return this.binary ? value : (Math.floor(value / 10) << 4) | (value % 10);
  }

  private decode(value: number): number {
    return this.binary ? value : (value >> 4) * 10 + (value & 15);
  }

  private encodeHour(hour: number): number {
    if (this.cmos[RTC_B]! & B_24_HOUR) return this.encode(hour);
    return this.encode(hour % 12 || 12) | (hour >= 12 ? HOUR_PM : 0);
  }

  private decodeHour(value: number): number {
    if (this.cmos[RTC_B]! & B_24_HOUR) return this.decode(value);
    return (this.decode(value & ~HOUR_PM) % 12) + (value & HOUR_PM ? 12 : 0);
  }

  private refreshClock(address: number): void {
    if (address <= RTC_YEAR || address === RTC_CENTURY) this.latchClock();
  }

  /** Puts the running time into the clock registers, in the format of register B. */
  private latchClock(): void {
    const seconds = Math.floor(this.shownMs / MS_PER_SECOND);
    const time = fromEpochSeconds(seconds);
    this.cmos[RTC_SECONDS] = this.encode(time.second);
    this.cmos[RTC_MINUTES] = this.encode(time.minute);
    this.cmos[RTC_HOURS] = this.encodeHour(time.hour);
    this.cmos[RTC_DAY_OF_WEEK] = this.encode(dayOfWeek(seconds));
    this.cmos[RTC_DAY] = this.encode(time.day);
    this.cmos[RTC_MONTH] = this.encode(time.month);
    this.cmos[RTC_YEAR] = this.encode(time.year % 100);
    this.cmos[RTC_CENTURY] = this.encode(Math.floor(time.year / 100) % 100);
  }

  /** Makes the clock show its registers. @param intoSecondMs how much of the current second is over */
  private setClock(intoSecondMs: number): void {
    const seconds = toEpochSeconds({
      year: this.decode(this.cmos[RTC_CENTURY]!) * 100 + this.decode(this.cmos[RTC_YEAR]!),
      month: this.decode(this.cmos[RTC_MONTH]!),
      day: this.decode(this.cmos[RTC_DAY]!),
      hour: this.decodeHour(this.cmos[RTC_HOURS]!),
      minute: this.decode(this.cmos[RTC_MINUTES]!),
      second: this.decode(this.cmos[RTC_SECONDS]!),
    });
    this.offsetMs = seconds * MS_PER_SECOND + intoSecondMs - this.wallMs();
    this.scheduleUpdate();
  }

  private scheduleUpdate(): void {
    if (this.frozen) {
      this.updateTimer.disarm();
      return;
    }
    const shown = this.shownMs;
    const remainingMs = (Math.floor(shown / MS_PER_SECOND) + 1) * MS_PER_SECOND - shown;
    this.updateTimer.arm(this.timers.clock.nowNs() + remainingMs * NS_PER_MS);
  }

  private updateEnded(): void {
    this.latchClock();
    this.cmos[RTC_C]! |= B_UPDATE_ENDED | (this.alarmMatches() ? B_ALARM : 0);
    this.updateIrq();
    this.scheduleUpdate();
  }

  private alarmMatches(): boolean {
    return (
      this.alarmFieldMatches(RTC_SECONDS_ALARM, RTC_SECONDS) &&
      this.alarmFieldMatches(RTC_MINUTES_ALARM, RTC_MINUTES) &&
      this.alarmFieldMatches(RTC_HOURS_ALARM, RTC_HOURS)
    );
  }

  private alarmFieldMatches(alarm: number, clock: number): boolean {
    const value = this.cmos[alarm]!;
    return (value & ALARM_DONT_CARE) === ALARM_DONT_CARE || value === this.cmos[clock];
  }

  /** Period of rate selection RS3:0 in ns, 0 for none. */
  private get periodNs(): number {
    const rate = this.cmos[RTC_A]! & 0xf;
    if (rate === 0 || (this.cmos[RTC_A]! & A_DIVIDER_RESET) === A_DIVIDER_RESET) return 0;
    return (1e9 / 32_768) * (1 << ((rate <= 2 ? rate + 7 : rate) - 1));
  }

  /** The periodic flag is only kept up while its interrupt is enabled: 8192 wake-ups a second for nobody otherwise. */
  private schedulePeriodic(nowNs: number): void {
    const period = this.periodNs;
    if (period === 0 || !(this.cmos[RTC_B]! & B_PERIODIC)) this.periodicTimer.disarm();
    else this.periodicTimer.arm((Math.floor(nowNs / period) + 1) * period);
  }

  private periodic(nowNs: number): void {
    this.cmos[RTC_C]! |= B_PERIODIC;
    this.updateIrq();
    this.schedulePeriodic(nowNs);
  }

  private readFlags(): number {
    const flags = this.cmos[RTC_C]!;
    const requesting = flags & this.cmos[RTC_B]! & (B_PERIODIC | B_ALARM | B_UPDATE_ENDED);
    this.cmos[RTC_C] = 0;
    this.irq.set(false);
    return requesting ? flags | C_REQUEST : flags;
  }

  private updateIrq(): void {
    this.irq.set((this.cmos[RTC_C]! & this.cmos[RTC_B]! & (B_PERIODIC | B_ALARM | B_UPDATE_ENDED)) !== 0);
  }
}
