interface Range {
  readonly start: number;
  readonly end: number;
  readonly changes: boolean;
  /** Resolves when the operation has ended, well or not. */
  finished: Promise<unknown>;
}

/**
 * Keeps operations on the same part of a disk in the order they were asked for, and lets the rest run side by side.
 * Two reads never wait for each other.
 */
export class OverlapOrder {
  private active: Range[] = [];

  /** Runs `work` on [start, end) once every earlier operation it conflicts with has ended. */
  run<T>(start: number, end: number, changes: boolean, work: () => Promise<T>): Promise<T> {
    const conflicts = this.active.filter((r) => start < r.end && r.start < end && (changes || r.changes));
    const started = conflicts.length === 0 ? work() : Promise.all(conflicts.map((r) => r.finished)).then(work);
    const range: Range = { start, end, changes, finished: started };
    const leave = () => {
      this.active = this.active.filter((r) => r !== range);
    };
    range.finished = started.then(leave, leave);
    this.active.push(range);
    return started;
  }

  /** Resolves when nothing that was asked for so far is running. */
  async idle(): Promise<void> {
    await Promise.all(this.active.map((r) => r.finished));
  }
}
