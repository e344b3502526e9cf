import { ring, timesRung, untilRung, type Doorbell } from '../rings/doorbell.js';
import type { VcpuThread } from './thread-alarm.js';

/**
 * Brings a vCPU out of the guest when its machine's doorbell is rung. Hardware does not look at a word in memory, so
 * somebody has to wait for it on another thread and send a signal.
 */
export class VcpuKicker {
  private closed = false;

  /** @param signal makes the thread with this id leave the guest, or not enter it the next time */
  constructor(
    private readonly bell: Doorbell,
    private readonly thread: VcpuThread,
    private readonly signal: (thread: number) => void,
  ) {
    void this.listen();
  }

  close(): void {
    this.closed = true;
    ring(this.bell);
  }

  private async listen(): Promise<void> {
    for (let seen = timesRung(this.bell); !this.closed; seen = timesRung(this.bell)) {
      await untilRung(this.bell, seen);
      const thread = Atomics.load(this.thread, 0);
      if (thread !== 0 && !this.closed) this.signal(thread);
    }
  }
}
