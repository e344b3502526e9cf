import { NS_PER_SECOND, PIT_HZ } from '../../time/frequencies.js';

/** Intel 8254 data sheet (231164-005): counter modes; 6 and 7 are 2 and 3. */
export type PitMode = 0 | 1 | 2 | 3 | 4 | 5;

export interface PitCounterState {
  readonly version: 1;
  readonly mode: PitMode;
  readonly bcd: boolean;
  readonly gate: boolean;
  readonly count: number;
  readonly pendingCount: number;
  readonly startNs: number | null;
  readonly heldTicks: number | null;
}

export const NS_PER_PIT_TICK = NS_PER_SECOND / PIT_HZ;

/**
 * The counting element of one 8254 channel, computed from the time it was loaded: nothing ticks. Times are virtual ns.
 * Not modelled is the one clock between writing a count and its transfer to the counting element.
 */
export class PitCounter {
  mode: PitMode = 0;
  bcd = false;
  private gateHigh: boolean;
  /** Count in effect, 1–65536 (10000 in BCD); 0 until one was written since the control word. */
  private count = 0;
  /** Count that takes effect at the end of the current period (modes 2 and 3) or at the next trigger (1 and 5); 0: none. */
  private pendingCount = 0;
  /** When counting started; `undefined` before a count or a trigger. */
  private startNs: number | undefined;
  /** Ticks counted when the gate stopped the counter. */
  private heldTicks: number | undefined;

  constructor(gate: boolean) {
    this.gateHigh = gate;
  }

  /** Control word: stops counting until a count is written. */
  configure(mode: PitMode, bcd: boolean): void {
    this.mode = mode;
    this.bcd = bcd;
    this.count = 0;
    this.pendingCount = 0;
    this.startNs = undefined;
    this.heldTicks = undefined;
  }

  /** A complete count was written. @param raw register value, 0 meaning the largest count */
  load(raw: number, nowNs: number): void {
    const value = this.decode(raw);
    this.settle(nowNs);
    const running = this.startNs !== undefined || this.heldTicks !== undefined;
    if (this.isTriggered) {
      this.pendingCount = value;
      if (this.count === 0) this.count = value;
    } else if (this.isPeriodic && running) {
      this.pendingCount = value;
    } else {
      this.count = value;
      this.restart(nowNs);
    }
  }

  /** The low byte of a two-byte count stops a mode 0 counter (data sheet, "Mode 0"). */
  lowByteWritten(): void {
    if (this.mode !== 0) return;
    this.startNs = undefined;
    this.heldTicks = undefined;
  }

  get gate(): boolean {
    return this.gateHigh;
  }

  setGate(high: boolean, nowNs: number): void {
    if (high === this.gateHigh) return;
    this.settle(nowNs);
    this.gateHigh = high;
    if (this.isTriggered || this.isPeriodic) {
      if (high) this.trigger(nowNs);
      else if (this.isPeriodic) this.hold(nowNs);
    } else if (high) this.release(nowNs);
    else this.hold(nowNs);
  }

  /** No count has reached the counting element since it was written (read-back status bit 6). */
  nullCount(nowNs: number): boolean {
    this.settle(nowNs);
    return this.count === 0 || this.pendingCount !== 0;
  }

  /** Level of OUT. */
  output(nowNs: number): boolean {
    this.settle(nowNs);
    const ticks = this.ticks(nowNs);
    if (ticks === undefined) return this.mode !== 0;
    switch (this.mode) {
      case 0:
      case 1:
        return ticks >= this.count;
      case 2:
        return !this.gateHigh || ticks % this.count !== this.count - 1;
      case 3:
        return !this.gateHigh || ticks % this.count < Math.ceil(this.count / 2);
      case 4:
      case 5:
        return ticks !== this.count;
    }
  }

  /** The counting element as a read gives it. */
  value(nowNs: number): number {
    this.settle(nowNs);
    return this.encode(this.remaining(this.ticks(nowNs) ?? 0));
  }

  /** When OUT next rises, `undefined` if it will not by itself. */
  nextRiseNs(nowNs: number): number | undefined {
    this.settle(nowNs);
    if (this.startNs === undefined || this.count === 0) return undefined;
    const elapsed = nowNs - this.startNs;
    if (this.isPeriodic) {
      const period = this.count * NS_PER_PIT_TICK;
      return this.startNs + (Math.floor(elapsed / period) + 1) * period;
    }
    const risesAfter = this.mode >= 4 ? this.count + 1 : this.count;
    const rise = this.startNs + risesAfter * NS_PER_PIT_TICK;
    return rise > nowNs ? rise : undefined;
  }

  saveState(): PitCounterState {
    return {
      version: 1,
      mode: this.mode,
      bcd: this.bcd,
      gate: this.gateHigh,
      count: this.count,
      pendingCount: this.pendingCount,
      startNs: this.startNs ?? null,
      heldTicks: this.heldTicks ?? null,
    };
  }

  loadState(state: PitCounterState): void {
    this.mode = state.mode;
    this.bcd = state.bcd;
    this.gateHigh = state.gate;
    this.count = state.count;
    this.pendingCount = state.pendingCount;
    this.startNs = state.startNs ?? undefined;
    this.heldTicks = state.heldTicks ?? undefined;
  }

  private get isPeriodic(): boolean {
    return this.mode === 2 || this.mode === 3;
  }

  /** Modes that start at a rising gate rather than at a count. */
  private get isTriggered(): boolean {
    return this.mode === 1 || this.mode === 5;
  }

  private get modulus(): number {
    return this.bcd ? 10_000 : 0x1_0000;
  }

  private restart(nowNs: number): void {
    this.startNs = nowNs;
    this.heldTicks = undefined;
    if (!this.gateHigh) this.hold(nowNs);
  }

  private trigger(nowNs: number): void {
    if (this.pendingCount !== 0) {
      this.count = this.pendingCount;
      this.pendingCount = 0;
    }
    if (this.count !== 0) this.restart(nowNs);
  }

  private hold(nowNs: number): void {
    this.heldTicks = this.ticks(nowNs);
    this.startNs = undefined;
  }

  private release(nowNs: number): void {
    if (this.heldTicks === undefined) return;
    this.startNs = nowNs - this.heldTicks * NS_PER_PIT_TICK;
    this.heldTicks = undefined;
  }

  private ticks(nowNs: number): number | undefined {
    if (this.startNs === undefined) return this.heldTicks;
    // The nudge keeps a time computed as k ticks from falling below k by rounding.
    return Math.floor((nowNs - this.startNs) / NS_PER_PIT_TICK + 1e-6);
  }

  /** Moves a count written during a period of mode 2 or 3 into effect once that period is over. */
  private settle(nowNs: number): void {
    if (this.pendingCount === 0 || !this.isPeriodic || this.startNs === undefined) return;
    const period = this.count * NS_PER_PIT_TICK;
    if (nowNs - this.startNs < period) return;
    this.startNs += period;
    this.count = this.pendingCount;
    this.pendingCount = 0;
  }

  private remaining(ticks: number): number {
    if (this.count === 0) return 0;
    if (this.mode === 2) return this.count - (ticks % this.count);
    if (this.mode === 3) return this.remainingOfSquareWave(ticks % this.count);
    const left = (this.count - ticks) % this.modulus;
    return left < 0 ? left + this.modulus : left;
  }

  /** Mode 3 counts down by twos, once for each half of the wave; an odd count's high half has one clock more. */
  private remainingOfSquareWave(ticks: number): number {
    const even = this.count & ~1;
    const high = Math.ceil(this.count / 2);
    return ticks < high ? Math.max(even - 2 * ticks, 0) || 2 : even - 2 * (ticks - high);
  }

  private decode(raw: number): number {
    const value = this.bcd ? fromBcd(raw) : raw;
    // A count of 1 is illegal in modes 2 and 3; it would divide the crystal by one.
    const least = this.isPeriodic ? 2 : 1;
    return value === 0 ? this.modulus : Math.max(value, least);
  }

  private encode(value: number): number {
    return this.bcd ? toBcd(value % this.modulus) : value & 0xffff;
  }
}

function fromBcd(raw: number): number {
  return ((raw >> 12) & 15) * 1000 + ((raw >> 8) & 15) * 100 + ((raw >> 4) & 15) * 10 + (raw & 15);
}

function toBcd(value: number): number {
  const digit = (divisor: number): number => Math.floor(value / divisor) % 10;
  return (digit(1000) << 12) | (digit(100) << 8) | (digit(10) << 4) | digit(1);
}
