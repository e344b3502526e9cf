import type { Clock } from '../time/clock.js';
import type { TimerQueue } from '../time/timers.js';

/**
 * The machine's clock as its chips and its processor read it. A look that finds a deadline passed ends the slice, so that
 * a guest that waits by watching a counter gets its timer interrupts on time, however long its slices take.
 */
export class SliceClock implements Clock {
  private timers: TimerQueue | undefined;
  private inSlice = false;

  constructor(
    private readonly clock: Clock,
    private readonly endSlice: () => void,
  ) {}

  watch(timers: TimerQueue): void {
    this.timers = timers;
  }

  /** The vCPU starts to run; before it, a look only reads the time. */
  enter(): void {
    this.inSlice = true;
  }

  leave(): void {
    this.inSlice = false;
  }

  nowNs(): number {
    const now = this.clock.nowNs();
    if (this.inSlice && this.timers && now >= this.timers.nextNs) {
      this.inSlice = false;
      this.endSlice();
    }
    return now;
  }
}
