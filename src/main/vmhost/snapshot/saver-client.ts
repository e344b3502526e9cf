import { Worker } from 'node:worker_threads';
import { AnnexError } from '../../../shared/contract/errors.js';
import type { FromSaver, FrozenMachine, SaverThreadData, StateFacts, ToSaver } from './snapshot-messages.js';
import type { SavedPages } from './state-saver.js';

/** A saver thread as the I/O thread sees it. */
export class SaverClient {
  private readonly cancelWord = new Int32Array(new SharedArrayBuffer(4));
  private readonly worker: Worker;
  /** Resolves when its file has been made. @throws AnnexError if it cannot be */
  readonly ready: Promise<void>;
  /** Resolves when the state is on disk. @throws AnnexError if it is not; nothing of the file is left then */
  readonly saved: Promise<SavedPages>;

  constructor(
    input: Omit<SaverThreadData, 'cancel'>,
    private readonly onProgress: (donePages: number, totalPages: number) => void,
  ) {
    const workerData: SaverThreadData = { ...input, cancel: this.cancelWord };
    this.worker = new Worker(new URL('./saver-thread.js', import.meta.url), { workerData, name: 'saver' });
    this.ready = new Promise((resolve, reject) => {
      this.worker.on('message', (message: FromSaver) => {
        if (message.type === 'ready') resolve();
        else if (message.type === 'failed') reject(AnnexError.fromWire(message.error));
      });
      this.worker.once('error', reject);
    });
    this.saved = new Promise((resolve, reject) => {
      this.worker.on('message', (message: FromSaver) => {
        if (message.type === 'saved') resolve(message.pages);
        else if (message.type === 'progress') this.onProgress(message.donePages, message.totalPages);
        else if (message.type === 'failed') reject(AnnexError.fromWire(message.error));
      });
      this.worker.once('error', reject);
    });
    // Whoever waits for the first need not wait for the second.
    this.saved.catch(() => undefined);
  }

  save(frozen: FrozenMachine, facts: StateFacts): void {
    this.tell({ type: 'save', frozen, facts });
  }

  /** Ends the thread without a file. */
  abandon(): void {
    this.tell({ type: 'abandon' });
  }

  cancel(): void {
    Atomics.store(this.cancelWord, 0, 1);
  }

  private tell(message: ToSaver): void {
    this.worker.postMessage(message);
  }
}
