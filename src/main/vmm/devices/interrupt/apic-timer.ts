import { APIC_BUS_HZ, NS_PER_SECOND, TSC_HZ } from '../../time/frequencies.js';
import type { Timer, TimerQueue } from '../../time/timers.js';

/** SDM vol. 3, 11.5.4: LVT timer bits 18:17. */
export const TIMER_ONE_SHOT = 0;
export const TIMER_PERIODIC = 1;
export const TIMER_TSC_DEADLINE = 2;

export interface ApicTimerState {
  readonly version: 1;
  readonly mode: number;
  readonly divideConfiguration: number;
  readonly initialCount: number;
  /** Virtual time the count was loaded. */
  readonly startNs: number;
  /** Time-stamp counter value to fire at; 0 when disarmed. */
  readonly tscDeadline: number;
  /** Virtual time of the next expiry; `null` when stopped. */
  readonly deadlineNs: number | null;
}

const NS_PER_BUS_TICK = NS_PER_SECOND / APIC_BUS_HZ;
const NS_PER_TSC_TICK = NS_PER_SECOND / TSC_HZ;

/** The timer of a local APIC: counts bus clocks down, or waits for a value of the time-stamp counter. */
export class ApicTimer {
  private mode = TIMER_ONE_SHOT;
  private divide = 0;
  private initial = 0;
  private startNs = 0;
  private deadlineTsc = 0;
  private readonly timer: Timer;

  constructor(
    private readonly timers: TimerQueue,
    private readonly onExpire: () => void,
  ) {
    this.timer = timers.create((nowNs) => this.expire(nowNs));
  }

  /** A change between TSC-deadline and the counting modes disarms (SDM vol. 3, 11.5.4.1). */
  setMode(mode: number): void {
    const wasDeadline = this.mode === TIMER_TSC_DEADLINE;
    this.mode = mode;
    if (wasDeadline === (mode === TIMER_TSC_DEADLINE)) return;
    this.timer.disarm();
    this.initial = 0;
    this.deadlineTsc = 0;
  }

  get divideConfiguration(): number {
    return this.divide;
  }

  set divideConfiguration(value: number) {
    const current = this.currentCount;
    this.divide = value & 0b1011;
    if (!this.counting) return;
    this.startNs = this.timers.clock.nowNs() - (this.initial - current) * this.tickNs;
    this.timer.arm(this.startNs + this.initial * this.tickNs);
  }

  get initialCount(): number {
    return this.initial;
  }

  set initialCount(count: number) {
    if (this.mode === TIMER_TSC_DEADLINE) return;
    this.initial = count;
    this.startNs = this.timers.clock.nowNs();
    if (count === 0) this.timer.disarm();
    else this.timer.arm(this.startNs + count * this.tickNs);
  }

  get currentCount(): number {
    if (!this.counting) return 0;
    const elapsed = Math.floor((this.timers.clock.nowNs() - this.startNs) / this.tickNs);
    if (this.mode === TIMER_PERIODIC) return this.initial - (elapsed % this.initial);
    return Math.max(0, this.initial - elapsed);
  }

  get tscDeadline(): number {
    return this.deadlineTsc;
  }

  /** IA32_TSC_DEADLINE; 0 disarms, a value already past fires at once. Ignored in the counting modes. */
  set tscDeadline(tsc: number) {
    if (this.mode !== TIMER_TSC_DEADLINE) return;
    this.deadlineTsc = tsc;
    if (tsc === 0) this.timer.disarm();
    else this.timer.arm(tsc * NS_PER_TSC_TICK);
  }

  reset(): void {
    this.timer.disarm();
    this.mode = TIMER_ONE_SHOT;
    this.divide = 0;
    this.initial = 0;
    this.deadlineTsc = 0;
  }

  saveState(): ApicTimerState {
    return {
      version: 1,
      mode: this.mode,
      divideConfiguration: this.divide,
      initialCount: this.initial,
      startNs: this.startNs,
      tscDeadline: this.deadlineTsc,
      deadlineNs: this.timer.deadlineNs === Infinity ? null : this.timer.deadlineNs,
    };
  }

  loadState(state: ApicTimerState): void {
    this.mode = state.mode;
    this.divide = state.divideConfiguration;
    this.initial = state.initialCount;
    this.startNs = state.startNs;
    this.deadlineTsc = state.tscDeadline;
    if (state.deadlineNs === null) this.timer.disarm();
    else this.timer.arm(state.deadlineNs);
  }

  private get counting(): boolean {
    return this.mode !== TIMER_TSC_DEADLINE && this.initial !== 0;
  }

  /** Divide configuration bits 3, 1:0: 000 = by 2 … 110 = by 128, 111 = by 1. */
  private get tickNs(): number {
    const code = (this.divide & 3) | ((this.divide & 8) >> 1);
    return NS_PER_BUS_TICK * (1 << ((code + 1) & 7));
  }

  private expire(nowNs: number): void {
    if (this.mode === TIMER_PERIODIC) this.startNextPeriod(nowNs);
    this.deadlineTsc = 0;
    this.onExpire();
  }

  /** Periods that passed while the host was late are one interrupt, as they are one bit of the IRR. */
  private startNextPeriod(nowNs: number): void {
    const period = this.initial * this.tickNs;
    this.startNs += Math.max(1, Math.floor((nowNs - this.startNs) / period)) * period;
    this.timer.arm(this.startNs + period);
  }
}
