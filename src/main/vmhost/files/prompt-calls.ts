/** Transfers up to so many bytes are a matter of a tenth of a millisecond within the host's page cache: waking another thread up takes longer. */
const PROMPT_BYTES = 1 << 20;
/** A call that takes longer, in ms, has waited for its medium. */
const SLOW_MS = 2;
/** What calls may take together, in ms, before the event loop gets its turn. */
const TURN_MS = 4;
/** Calls left to other threads after a slow one; twice as many after each that is slow when it is tried again. */
const FEWEST_PASSED = 64;
const MOST_PASSED = 1 << 16;

/** The clock and the turns of the calling thread's event loop. */
export interface Turns {
  nowMs(): number;
  /** Calls back in the event loop's next turn. */
  next(begin: () => void): void;
}

/** What the thread has spent in calls since its event loop's last turn; all files of a thread share one. */
export class TurnBudget {
  private spentMs = 0;
  private counting = false;

  constructor(private readonly turns: Turns) {}

  get left(): boolean {
    return this.spentMs < TURN_MS;
  }

  /** Makes a call. @returns how long it took, in ms */
  time(call: () => void): number {
    const before = this.turns.nowMs();
    try {
      call();
    } finally {
      this.spentMs += this.turns.nowMs() - before;
      this.countOnce();
    }
    return this.turns.nowMs() - before;
  }

  private countOnce(): void {
    if (this.counting) return;
    this.counting = true;
    this.turns.next(() => {
      this.counting = false;
      this.spentMs = 0;
    });
  }
}

/**
 * Decides which transfers of a file are made on the thread that asks for them, which also serves the display: small ones,
 * as long as they take no longer than the page cache does and leave the event loop its turns.
 */
export class PromptCalls {
  private passing = 0;
  private passed = FEWEST_PASSED;

  constructor(private readonly budget: TurnBudget) {}

  /** Makes a call if it is to be made at once; false if it is to be left to another thread. */
  attempt(bytes: number, call: () => void): boolean {
    if (bytes > PROMPT_BYTES || !this.budget.left) return false;
    if (this.passing > 0) {
      this.passing--;
      return false;
    }
    if (this.budget.time(call) > SLOW_MS) {
      this.passing = this.passed;
      this.passed = Math.min(this.passed * 2, MOST_PASSED);
    } else if (this.passed > FEWEST_PASSED) this.passed--;
    return true;
  }
}
