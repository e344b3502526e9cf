import type { Frame, FrameSource } from '../scanout/frame.js';
import { FramePacer, type PacerHost } from './frame-pacer.js';
import { Viewer } from './viewer.js';

/** Time between two looks at the screen, in ms: halved by a look that finds a change, doubled by one that does not. */
const SHORTEST_INTERVAL_MS = 16;
const LONGEST_INTERVAL_MS = 100;
/** How long looks follow each other at the shortest interval after input. */
const ATTENTIVE_MS = 250;

/** What the stream needs of its host. */
export interface StreamHost extends PacerHost {
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
 * often while little moves: a blinking cursor does not keep the scan-out at full rate.
 */
export class DisplayStream {
  private readonly viewers = new Set<Viewer>();
  private cancelTick: (() => void) | undefined;
  private lastTickMs = -Infinity;
  private intervalMs = SHORTEST_INTERVAL_MS;
  private attentiveUntilMs = 0;
  private readonly pacer: FramePacer;
  private paceMs = 0;

  constructor(
    private readonly source: FrameSource,
    private readonly host: StreamHost,
  ) {
    this.pacer = new FramePacer(host);
  }

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
    this.attentiveUntilMs = this.host.nowMs() + ATTENTIVE_MS;
    this.intervalMs = SHORTEST_INTERVAL_MS;
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
    this.lastTickMs = this.host.nowMs();
    this.refresh();
    this.adaptInterval();
    this.paceMs = this.pacer.pauseAfter(this.source.changed.pixels);
    for (const viewer of this.viewers) viewer.flush();
    this.scheduleTick();
  }

  private refresh(): void {
    this.source.update(this.host.nowMs());
    const { frame, changed } = this.source;
    for (const viewer of this.viewers) viewer.changed(frame, changed);
  }

  private adaptInterval(): void {
    if (this.lastTickMs < this.attentiveUntilMs) return;
    const factor = this.source.changed.any ? 0.5 : 2;
    this.intervalMs = Math.max(SHORTEST_INTERVAL_MS, Math.min(LONGEST_INTERVAL_MS, this.intervalMs * factor));
  }

  private scheduleTick(): void {
    if (this.cancelTick || ![...this.viewers].some((viewer) => viewer.ready)) return;
    const delay = Math.max(0, this.lastTickMs + Math.max(this.intervalMs, this.paceMs) - this.host.nowMs());
    this.cancelTick = this.host.schedule(delay, () => this.tick());
  }

  private stopTicking(): void {
    this.cancelTick?.();
    this.cancelTick = undefined;
  }
}
