import type { BlockCounters } from '../vmm/block/block-server.js';

/** Most often the lights change, in ms. */
const LIGHTS_EVERY_MS = 100;

type DriveLights = Record<string, 'read' | 'write'>;

/** Watches counters and tells which drives and lines moved something lately; silent while nothing moves. */
export class ActivityLights {
  private readonly timer: NodeJS.Timeout;
  private readonly seen = new Map<string, { reads: number; writes: number }>();
  private serial = false;

  constructor(
    private readonly counters: () => Iterable<readonly [driveId: string, counters: Readonly<BlockCounters>]>,
    private readonly onActivity: (drives: DriveLights, serial: boolean) => void,
  ) {
    this.timer = setInterval(() => this.look(), LIGHTS_EVERY_MS);
  }

  serialMoved(): void {
    this.serial = true;
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private look(): void {
    const drives: DriveLights = {};
    for (const [id, { reads, writes }] of this.counters()) {
      const before = this.seen.get(id) ?? { reads: 0, writes: 0 };
      if (writes !== before.writes) drives[id] = 'write';
      else if (reads !== before.reads) drives[id] = 'read';
      this.seen.set(id, { reads, writes });
    }
    const { serial } = this;
    this.serial = false;
    if (serial || Object.keys(drives).length > 0) this.onActivity(drives, serial);
  }
}
