import type { Clock } from './clock.js';

/** A one-shot deadline on the machine's virtual time. Arming an armed timer moves it. */
export interface Timer {
  /** Absolute virtual time in ns; a time already past fires at the next poll. */
  arm(atNs: number): void;
  disarm(): void;
  /** Absolute deadline in ns, `Infinity` when disarmed. */
  readonly deadlineNs: number;
}

class QueuedTimer implements Timer {
  deadlineNs = Infinity;

  constructor(
    private readonly queue: TimerQueue,
    readonly fire: (nowNs: number) => void,
  ) {}

  arm(atNs: number): void {
    this.deadlineNs = atNs;
    this.queue.changed();
  }

  disarm(): void {
    if (this.deadlineNs === Infinity) return;
    this.deadlineNs = Infinity;
    this.queue.changed();
  }
}

/**
 * All deadlines of one machine. A board has a dozen timers, so a linear scan on change beats a heap.
 * The machine loop calls {@link poll} between slices and sleeps until {@link nextNs} when the guest halts.
 */
export class TimerQueue {
  private readonly timers: QueuedTimer[] = [];
  private next = Infinity;
  private stale = false;

  constructor(readonly clock: Clock) {}

  create(fire: (nowNs: number) => void): Timer {
    const timer = new QueuedTimer(this, fire);
    this.timers.push(timer);
    return timer;
  }

  /** Earliest deadline in ns, `Infinity` if none. */
  get nextNs(): number {
    if (this.stale) {
      this.next = this.timers.reduce((min, t) => Math.min(min, t.deadlineNs), Infinity);
      this.stale = false;
    }
    return this.next;
  }

  /** Fires what is due, earliest first; a timer re-armed into the past by its own handler waits for the next poll. */
  poll(nowNs = this.clock.nowNs()): void {
    if (this.nextNs > nowNs) return;
    const due = this.timers.filter((t) => t.deadlineNs <= nowNs).sort((a, b) => a.deadlineNs - b.deadlineNs);
    for (const timer of due) {
      if (timer.deadlineNs > nowNs) continue;
      timer.deadlineNs = Infinity;
      this.stale = true;
      timer.fire(nowNs);
    }
  }

  /** @internal */
  changed(): void {
    this.stale = true;
  }
}
