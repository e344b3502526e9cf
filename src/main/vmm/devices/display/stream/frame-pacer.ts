/** What a busy host is asked to carry, in pixels a millisecond: 1024 × 768 in full motion goes 32 times a second. */
const BUSY_PIXELS_PER_MS = 25_000;

/** A busy host still shows a large screen this often, in ms. */
const LONGEST_PACE_MS = 66;

/** Time over which the host's load is averaged, in ms. */
const SAMPLE_MS = 500;

/**
 * Processor cores with nothing to do above which the host counts as calm, and below which as busy. The gap is wider than
 * what full pace costs, so that changing over does not bring back what it was changed for.
 */
const CALM_ABOVE = 1;
const BUSY_BELOW = 0.25;

/** What the pacer needs of its host. */
export interface PacerHost {
  /** Monotonic host time in ms. */
  nowMs(): number;
  /** Processor cores of the host that had nothing to do since the last call, on average. */
  idleCores(): number;
}

/**
 * Holds back large updates where the processors that carry and paint them are the ones the guest runs on. Small updates
 * are never held back: a key echoed after calm is seen at once.
 */
export class FramePacer {
  private busy = true;
  private sampledMs = -Infinity;

  constructor(private readonly host: PacerHost) {}

  /** Time to leave after an update of so many pixels, in ms. */
  pauseAfter(pixels: number): number {
    if (pixels === 0) return 0;
    this.sample();
    return this.busy ? Math.min(pixels / BUSY_PIXELS_PER_MS, LONGEST_PACE_MS) : 0;
  }

  private sample(): void {
    const now = this.host.nowMs();
    if (now < this.sampledMs + SAMPLE_MS) return;
    this.sampledMs = now;
    const idle = this.host.idleCores();
    this.busy = idle < (this.busy ? CALM_ABOVE : BUSY_BELOW);
  }
}
