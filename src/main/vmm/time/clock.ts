/**
 * Virtual time of one machine, in nanoseconds since power-on, as a float64.
 * Monotonic; stands still while the machine is paused. Every device takes its time from here, so a test can drive
 * a machine with {@link ManualClock} and nothing ever reads the host's clock behind the machine's back.
 */
export interface Clock {
  nowNs(): number;
}

/** Follows a host's monotonic clock, minus the time spent paused. */
export class HostClock implements Clock {
  private offset: number;
  private pausedAt: number | undefined;

  /** @param hostNs monotonic host time in nanoseconds @param startNs virtual time to start from (a restored machine's) */
  constructor(
    private readonly hostNs: () => number,
    startNs = 0,
  ) {
    this.offset = hostNs() - startNs;
  }

  nowNs(): number {
    return (this.pausedAt ?? this.hostNs()) - this.offset;
  }

  pause(): void {
    this.pausedAt ??= this.hostNs();
  }

  resume(): void {
    if (this.pausedAt === undefined) return;
    this.offset += this.hostNs() - this.pausedAt;
    this.pausedAt = undefined;
  }
}

/** A clock that moves only when told to. */
export class ManualClock implements Clock {
  constructor(private now = 0) {}

  nowNs(): number {
    return this.now;
  }

  advance(ns: number): void {
    this.now += ns;
  }
}
