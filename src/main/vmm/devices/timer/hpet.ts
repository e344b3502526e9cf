import type { BoardDevice } from '../../base/stateful.js';
import type { AccessSize, BusHandler } from '../../bus/access.js';
import type { IrqLine } from '../../bus/irq-line.js';
import type { MmioBus } from '../../bus/mmio-bus.js';
import type { Timer, TimerQueue } from '../../time/timers.js';

/** IA-PC HPET specification 1.0a (October 2004), chapter 2.3. */
export const HPET_BASE = 0xfed0_0000;
export const HPET_BYTES = 0x400;
export const HPET_COMPARATORS = 3;

/** 14.318180 MHz, as in Intel's chipsets. */
export const HPET_PERIOD_FS = 69_841_279;
const NS_PER_TICK = HPET_PERIOD_FS / 1e6;

const REG_CAPABILITIES = 0x000;
const REG_PERIOD = 0x004;
const REG_CONFIGURATION = 0x010;
const REG_STATUS = 0x020;
const REG_COUNTER = 0x0f0;
const REG_COMPARATORS = 0x100;
const COMPARATOR_STRIDE = 0x20;

/** Revision 1, three comparators, 32-bit counter, legacy replacement; vendor 8086h. */
const CAPABILITIES = (0x8086 << 16) | (1 << 15) | ((HPET_COMPARATORS - 1) << 8) | 0x01;
const CONFIG_ENABLE = 1 << 0;
const CONFIG_LEGACY = 1 << 1;

const TIMER_LEVEL = 1 << 1;
const TIMER_INTERRUPT_ENABLE = 1 << 2;
const TIMER_PERIODIC = 1 << 3;
const TIMER_PERIODIC_CAPABLE = 1 << 4;
const TIMER_SET_VALUE = 1 << 6;
const TIMER_FORCE_32 = 1 << 8;
const TIMER_WRITABLE = 0x3e00 | TIMER_FORCE_32 | TIMER_PERIODIC | TIMER_INTERRUPT_ENABLE | TIMER_LEVEL;
/** I/O APIC inputs a comparator can use: 20 to 23. */
const ROUTE_CAPABILITY = 0x00f0_0000;

const COUNTER_MODULUS = 2 ** 32;

export interface HpetPorts {
  /** I/O APIC input 20–23. */
  readonly ioApic: (pin: number) => IrqLine;
  /** IRQ 0 and IRQ 8 while legacy replacement is on. */
  readonly legacy: readonly [IrqLine, IrqLine];
  /** Legacy replacement switched: the 8254 and the RTC lose or regain their interrupts. */
  legacyReplacement(on: boolean): void;
}

interface Comparator {
  configuration: number;
  value: number;
  period: number;
  readonly timer: Timer;
}

export interface HpetState {
  readonly version: 1;
  readonly configuration: number;
  readonly status: number;
  readonly counter: number;
  readonly comparators: readonly {
    readonly configuration: number;
    readonly value: number;
    readonly period: number;
  }[];
}

/** HPET with a 32-bit main counter and three comparators, each able to be periodic. */
export class Hpet implements BoardDevice<HpetState> {
  private configuration = 0;
  private status = 0;
  /** Counter value while stopped, and its value at {@link baseNs} while running. */
  private baseCount = 0;
  private baseNs = 0;
  private readonly comparators: readonly Comparator[];

  constructor(
    private readonly timers: TimerQueue,
    private readonly ports: HpetPorts,
  ) {
    this.comparators = Array.from({ length: HPET_COMPARATORS }, (_, index) => ({
      configuration: 0,
      value: COUNTER_MODULUS - 1,
      period: 0,
      timer: timers.create((nowNs) => this.matched(index, nowNs)),
    }));
  }

  attach(mmio: MmioBus): void {
    mmio.map(HPET_BASE, HPET_BYTES, this.registers);
  }

  reset(): void {
    this.ports.legacyReplacement(false);
    this.configuration = 0;
    this.baseCount = 0;
    for (const [index, comparator] of this.comparators.entries()) {
      this.lowerLine(index);
      comparator.configuration = 0;
      comparator.value = COUNTER_MODULUS - 1;
      comparator.period = 0;
      comparator.timer.disarm();
    }
    this.status = 0;
  }

  saveState(): HpetState {
    return {
      version: 1,
      configuration: this.configuration,
      status: this.status,
      counter: this.counter,
      comparators: this.comparators.map(({ configuration, value, period }) => ({ configuration, value, period })),
    };
  }

  loadState(state: HpetState): void {
    this.reset();
    this.configuration = state.configuration & (CONFIG_ENABLE | CONFIG_LEGACY);
    this.status = state.status;
    this.baseCount = state.counter;
    this.baseNs = this.timers.clock.nowNs();
    for (const [index, comparator] of this.comparators.entries()) Object.assign(comparator, state.comparators[index]);
    this.ports.legacyReplacement(this.legacy);
    this.scheduleAll(this.baseNs);
    for (let index = 0; index < HPET_COMPARATORS; index++) this.restoreLine(index);
  }

  private readonly registers: BusHandler = {
    read: (offset, size) => this.readAt(offset, size),
    write: (offset, value, size) => this.writeAt(offset, value, size),
  };

  private get running(): boolean {
    return (this.configuration & CONFIG_ENABLE) !== 0;
  }

  private get legacy(): boolean {
    return (this.configuration & CONFIG_LEGACY) !== 0;
  }

  private get counter(): number {
    return this.counterAt(this.timers.clock.nowNs());
  }

  private counterAt(nowNs: number): number {
    if (!this.running) return this.baseCount;
    // The nudge keeps a time computed as k ticks from falling below k by rounding.
    const elapsed = Math.floor((nowNs - this.baseNs) / NS_PER_TICK + 1e-6);
    return (this.baseCount + elapsed) % COUNTER_MODULUS;
  }

  private readAt(offset: number, size: AccessSize): number {
    const value = this.readRegister(offset & ~3);
    return size === 4 ? value : value >>> (8 * (offset & 3));
  }

  /** Narrow writes are merged into the register; the specification wants 32- or 64-bit ones. */
  private writeAt(offset: number, value: number, size: AccessSize): void {
    // A match that is due but not yet delivered would be forgotten until the counter comes round again.
    this.timers.poll();
    const register = offset & ~3;
    const shift = 8 * (offset & 3);
    const mask = size === 4 ? 0xffff_ffff : ((1 << (8 * size)) - 1) << shift;
    const old = register === REG_STATUS ? 0 : this.readRegister(register);
    this.writeRegister(register, ((old & ~mask) | ((value << shift) & mask)) >>> 0);
  }

  private readRegister(register: number): number {
    if (register >= REG_COMPARATORS) return this.readComparator(register - REG_COMPARATORS);
    switch (register) {
      case REG_CAPABILITIES:
        return CAPABILITIES >>> 0;
      case REG_PERIOD:
        return HPET_PERIOD_FS;
      case REG_CONFIGURATION:
        return this.configuration;
      case REG_STATUS:
        return this.status;
      case REG_COUNTER:
        return this.counter;
      default:
        return 0;
    }
  }

  private readComparator(offset: number): number {
    const comparator = this.comparators[Math.floor(offset / COMPARATOR_STRIDE)];
    if (!comparator) return 0;
    switch (offset % COMPARATOR_STRIDE) {
      case 0x00:
        return comparator.configuration | TIMER_PERIODIC_CAPABLE;
      case 0x04:
        return ROUTE_CAPABILITY;
      case 0x08:
        return comparator.value;
      default:
        return 0;
    }
  }

  private writeRegister(register: number, value: number): void {
    if (register >= REG_COMPARATORS) {
      this.writeComparator(register - REG_COMPARATORS, value);
      return;
    }
    switch (register) {
      case REG_CONFIGURATION:
        this.configure(value);
        break;
      case REG_STATUS:
        this.clearStatus(value);
        break;
      case REG_COUNTER:
        this.baseCount = value;
        this.baseNs = this.timers.clock.nowNs();
        this.scheduleAll(this.baseNs);
        break;
    }
  }

  private configure(value: number): void {
    const now = this.timers.clock.nowNs();
    this.baseCount = this.counterAt(now);
    this.baseNs = now;
    const legacyWas = this.legacy;
    this.configuration = value & (CONFIG_ENABLE | CONFIG_LEGACY);
    if (this.legacy !== legacyWas) this.ports.legacyReplacement(this.legacy);
    this.scheduleAll(now);
  }

  private clearStatus(ones: number): void {
    for (let index = 0; index < HPET_COMPARATORS; index++) {
      if (ones & this.status & (1 << index)) this.lowerLine(index);
    }
    this.status &= ~ones;
  }

  private writeComparator(offset: number, value: number): void {
    const index = Math.floor(offset / COMPARATOR_STRIDE);
    const comparator = this.comparators[index];
    if (!comparator) return;
    switch (offset % COMPARATOR_STRIDE) {
      case 0x00:
        this.lowerLine(index);
        comparator.configuration = value & (TIMER_WRITABLE | TIMER_SET_VALUE);
        this.restoreLine(index);
        break;
      case 0x08:
        this.writeComparatorValue(comparator, value);
        break;
    }
    this.schedule(index, this.timers.clock.nowNs());
  }

  /** In periodic mode a write sets the period; the value itself only right after TIMER_SET_VALUE was written. */
  private writeComparatorValue(comparator: Comparator, value: number): void {
    const periodic = (comparator.configuration & TIMER_PERIODIC) !== 0;
    if (!periodic || comparator.configuration & TIMER_SET_VALUE) comparator.value = value;
    if (periodic) comparator.period = value;
    comparator.configuration &= ~TIMER_SET_VALUE;
  }

  private scheduleAll(nowNs: number): void {
    for (let index = 0; index < HPET_COMPARATORS; index++) this.schedule(index, nowNs);
  }

  private schedule(index: number, nowNs: number): void {
    const comparator = this.comparators[index]!;
    if (!this.running) {
      comparator.timer.disarm();
      return;
    }
    const distance = (comparator.value - this.counterAt(nowNs) + COUNTER_MODULUS) % COUNTER_MODULUS || COUNTER_MODULUS;
    comparator.timer.arm(nowNs + distance * NS_PER_TICK);
  }

  private matched(index: number, nowNs: number): void {
    const comparator = this.comparators[index]!;
    this.advance(comparator, nowNs);
    this.raise(index);
    this.schedule(index, nowNs);
  }

  /** Steps a periodic comparator past the counter; periods a late host missed are one interrupt. */
  private advance(comparator: Comparator, nowNs: number): void {
    if (!(comparator.configuration & TIMER_PERIODIC) || comparator.period === 0) return;
    const late = (this.counterAt(nowNs) - comparator.value + COUNTER_MODULUS) % COUNTER_MODULUS;
    const periods = Math.floor(late / comparator.period) + 1;
    comparator.value = (comparator.value + periods * comparator.period) % COUNTER_MODULUS;
  }

  private raise(index: number): void {
    const { configuration } = this.comparators[index]!;
    if (configuration & TIMER_LEVEL) this.status |= 1 << index;
    if (!(configuration & TIMER_INTERRUPT_ENABLE)) return;
    const line = this.line(index);
    line?.set(true);
    if (!(configuration & TIMER_LEVEL)) line?.set(false);
  }

  private lowerLine(index: number): void {
    this.line(index)?.set(false);
  }

  private restoreLine(index: number): void {
    const { configuration } = this.comparators[index]!;
    const asserted = (this.status & (1 << index)) !== 0 && (configuration & TIMER_LEVEL) !== 0;
    if (asserted && configuration & TIMER_INTERRUPT_ENABLE) this.line(index)?.set(true);
  }

  private line(index: number): IrqLine | undefined {
    if (this.legacy && index < 2) return this.ports.legacy[index as 0 | 1];
    const pin = (this.comparators[index]!.configuration >> 9) & 0x1f;
    return ROUTE_CAPABILITY & (1 << pin) ? this.ports.ioApic(pin) : undefined;
  }
}
