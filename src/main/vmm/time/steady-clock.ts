import type { Clock } from './clock.js';

/** Longest step of virtual time between two looks at the clock, where the machine looks more often than that. */
const MAX_STEP_NS = 3e6;

/** How much faster than the host's time the clock runs while it makes up for lost time. */
const CATCH_UP = 0.1;

/** Most of what is owed that one sleep gives back: a kernel's watchdogs see a long sleep, not a stopped processor. */
const MAX_LEAP_NS = 100e6;

/**
 * A clock that does not leap while the guest runs. On a loaded host the machine's thread may stand still for tens of
 * milliseconds; were the guest's time to pass meanwhile, a whole row of timer ticks would be missed between two of its
 * instructions, and a kernel that counts ticks against the time-stamp counter would find its timer broken. What a step is
 * too long by is given back bit by bit, and faster when the guest sleeps anyway.
 *
 * Under hardware virtualization it is a plain clock (`maxStepNs` Infinity): the guest reads the processor's own time-stamp
 * counter, which nothing slows, and the machine is not asked for long.
 */
export class SteadyClock implements Clock {
  private now: number;
  private lastHost: number;
  private owed = 0;

  constructor(
    private readonly host: Clock,
    private readonly maxStepNs = MAX_STEP_NS,
  ) {
    this.lastHost = host.nowNs();
    this.now = this.lastHost;
  }

  nowNs(): number {
    const host = this.host.nowNs();
    const step = host - this.lastHost;
    this.lastHost = host;
    this.owed += Math.max(0, step - this.maxStepNs);
    const taken = Math.min(step, this.maxStepNs);
    const madeUp = Math.min(this.owed, taken * CATCH_UP);
    this.owed -= madeUp;
    this.now += taken + madeUp;
    return this.now;
  }

  /** Call when the guest has slept, and before the machine runs on: the whole sleep passes for the guest too. */
  slept(): void {
    const host = this.host.nowNs();
    const leap = Math.min(this.owed, MAX_LEAP_NS);
    this.owed -= leap;
    this.now += host - this.lastHost + leap;
    this.lastHost = host;
  }
}
