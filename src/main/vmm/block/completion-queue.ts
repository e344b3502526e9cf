import type { BlockStatus, CompletionSource } from './block-device.js';

interface Completion {
  readonly onDone: (status: BlockStatus) => void;
  readonly status: BlockStatus;
}

/**
 * Requests that ended on the machine thread itself and wait for the machine loop to report them, so that a device is
 * never called back from inside its own submit.
 */
export class CompletionQueue implements CompletionSource {
  private waiting: Completion[] = [];

  get pending(): number {
    return this.waiting.length;
  }

  post(onDone: (status: BlockStatus) => void, status: BlockStatus): void {
    this.waiting.push({ onDone, status });
  }

  /** What the callbacks submit in turn is reported by the next call. */
  drain(): number {
    const batch = this.waiting;
    if (batch.length === 0) return 0;
    this.waiting = [];
    for (const { onDone, status } of batch) onDone(status);
    return batch.length;
  }
}
