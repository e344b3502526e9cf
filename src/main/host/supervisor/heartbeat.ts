import { HEARTBEAT_MS } from '../../../shared/vm-process/protocol.js';

/** Missed heartbeats after which a VM process counts as stalled. */
const MISSED_BEATS = 5;

/** Watches the heartbeats of one VM process: silence, or a machine thread that does not come round, is a stall. */
export class HeartbeatWatch {
  private stalled = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly onChange: (stalled: boolean) => void,
    private readonly silenceMs = HEARTBEAT_MS * MISSED_BEATS,
  ) {}

  start(): void {
    this.beat(true);
  }

  beat(machineAlive: boolean): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.change(true), this.silenceMs);
    this.timer.unref();
    this.change(!machineAlive);
  }

  stop(): void {
    clearTimeout(this.timer);
    this.change(false);
  }

  private change(stalled: boolean): void {
    if (stalled === this.stalled) return;
    this.stalled = stalled;
    this.onChange(stalled);
  }
}
