import type { Frame, FrameSource } from '../scanout/frame.js';
import { Viewer } from './viewer.js';

/** Time between two looks at the screen while it changes, in ms. */
const ACTIVE_INTERVAL_MS = 16;
/** And when nothing has changed or been typed for a while. */
const IDLE_INTERVAL_MS = 66;
const ACTIVE_FOR_MS = 500;

/** What the stream needs of its host. */
export interface StreamHost {
  /** Monotonic host time in ms. */
  nowMs(): number;
  /** Calls back once after a delay; returns the function that cancels it. */
  schedule(delayMs: number, callback: () => void): () => void;
}

/** One attached window. */
export interface ViewerHandle {
  /** To be called with every message that arrives from the window. */
  onMessage(message: Uint8Array): void;
  detach(): void;
}

/**
 * Sends the screen to any number of viewers. Nothing is scanned without a viewer that could take an update, and less
 * often while nothing moves.
 */
export class DisplayStream {
  private readonly viewers = new Set<Viewer>();
  private cancelTick: (() => void) | undefined;
  private nextTickMs = 0;
  private lastActivityMs = -Infinity;

  constructor(
    private readonly source: FrameSource,
    private readonly host: StreamHost,
  ) {}

  /** @param send carries bytes to the window and may keep them */
  attach(send: (message: Uint8Array<ArrayBuffer>) => void): ViewerHandle {
    const viewer = new Viewer(send);
    this.viewers.add(viewer);
    this.poke();
    return {
      onMessage: (message) => {
        if (!this.viewers.has(viewer)) return;
        viewer.acknowledge(message);
        viewer.flush();
        this.scheduleTick();
      },
      detach: () => {
        this.viewers.delete(viewer);
        if (this.viewers.size === 0) this.stopTicking();
      },
    };
  }

  /** Something happened that will probably change the screen soon (a key, a click): look often for a while. */
  poke(): void {
    this.lastActivityMs = this.host.nowMs();
    this.stopTicking();
    this.scheduleTick();
  }

  /** The picture as it is now, for screenshots and thumbnails. It must not be kept: the next update changes it. */
  snapshot(): Frame {
    this.refresh();
    return this.source.frame;
  }

  dispose(): void {
    this.stopTicking();
    this.viewers.clear();
  }

  private tick(): void {
    this.cancelTick = undefined;
    this.nextTickMs = this.host.nowMs() + this.interval;
    this.refresh();
    for (const viewer of this.viewers) viewer.flush();
    this.scheduleTick();
  }

  private refresh(): void {
    const now = this.host.nowMs();
    this.source.update(now);
    const { frame, changed } = this.source;
    if (changed.any) this.lastActivityMs = now;
    for (const viewer of this.viewers) viewer.changed(frame, changed);
  }

  private get interval(): number {
    return this.host.nowMs() - this.lastActivityMs < ACTIVE_FOR_MS ? ACTIVE_INTERVAL_MS : IDLE_INTERVAL_MS;
  }

  private scheduleTick(): void {
    if (this.cancelTick || ![...this.viewers].some((viewer) => viewer.ready)) return;
    const delay = Math.min(this.interval, Math.max(0, this.nextTickMs - this.host.nowMs()));
    this.cancelTick = this.host.schedule(delay, () => this.tick());
  }

  private stopTicking(): void {
    this.cancelTick?.();
    this.cancelTick = undefined;
  }
}
