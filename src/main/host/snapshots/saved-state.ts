import path from 'node:path';
import { AnnexError } from '../../../shared/contract/errors.js';
import type { VmCall } from '../../../shared/vm-process/protocol.js';
import type { JobControl } from '../jobs.js';
import type { RunningMachine } from '../supervisor/running-machine.js';

/** Widest picture kept with a saved state, in pixels. */
export const THUMBNAIL_WIDTH = 480;

type TakeCall = Extract<VmCall, { name: 'take-snapshot' }>;

/** A state that has been saved. */
export interface SavedStateFile {
  /** Name of the state it builds on. */
  readonly base: string | null;
  /** PNG. */
  readonly thumbnail: Uint8Array | undefined;
}

/**
 * Lets a running machine save its state; it goes on meanwhile.
 * @param onPoint the machine has gone over to its new layers
 * @throws AnnexError of the machine; `cancelled`; `vm-process-died`
 */
export async function savedStateOf(
  run: RunningMachine,
  target: Pick<TakeCall, 'path' | 'incremental' | 'heads'>,
  { signal, progress }: JobControl,
  onPoint: () => void,
): Promise<SavedStateFile> {
  const saved = fileCompletion(run, target.path, progress);
  const cancel = (): void => void run.call({ name: 'cancel-snapshot' }).catch(() => {});
  signal.addEventListener('abort', cancel, { once: true });
  try {
    const point = await run.call({ name: 'take-snapshot', ...target, thumbnailWidth: THUMBNAIL_WIDTH });
    onPoint();
    await saved.whenComplete;
    const base = point.base === null ? null : path.basename(point.base);
    return { base, thumbnail: decodePng(point.thumbnail.png) };
  } finally {
    signal.removeEventListener('abort', cancel);
    saved.stop();
  }
}

/** Follows the file of a state until it is complete. */
function fileCompletion(
  run: RunningMachine,
  file: string,
  progress: JobControl['progress'],
): { whenComplete: Promise<void>; stop(): void } {
  let stop = (): void => {};
  const whenComplete = new Promise<void>((resolve, reject) => {
    stop = run.onNews((news) => {
      if (news.type === 'snapshot-progress' && news.path === file) progress(news.doneBytes, news.totalBytes);
      if (news.type !== 'snapshot-saved' || news.path !== file) return;
      if (news.result.ok) resolve();
      else reject(AnnexError.fromWire(news.result.error));
    });
    void run.whenEnded().then(() => reject(new AnnexError('vm-process-died', "The machine's process has ended.")));
  });
  // The call itself may fail first; then nobody waits for this.
  whenComplete.catch(() => {});
  return { whenComplete, stop };
}

export function decodePng(base64: string): Uint8Array | undefined {
  return base64 === '' ? undefined : Buffer.from(base64, 'base64');
}

/** Whether a VM process has said no, rather than nothing or nonsense. */
export function isRefusal(error: unknown): boolean {
  return error instanceof AnnexError && !['vm-process-died', 'vm-process-silent', 'internal'].includes(error.code);
}
