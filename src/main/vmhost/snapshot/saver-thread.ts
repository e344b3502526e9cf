// Entry of a saver thread: writes one state file, then ends.
import { parentPort, workerData } from 'node:worker_threads';
import { AnnexError, toWireError } from '../../../shared/contract/errors.js';
import { AsideRing } from '../../vmm/memory/aside-ring.js';
import { PageStates } from '../../vmm/memory/page-states.js';
import { errorOfFile } from '../vm-errors.js';
import { NodeCodec } from './node-codec.js';
import type { FromSaver, SaverThreadData, ToSaver } from './snapshot-messages.js';
import { NewStateFile } from './state-files.js';
import { SaveCancelled, StateSaver, type SavedPages } from './state-saver.js';

/** Time between two reports of progress, in ms. */
const PROGRESS_MS = 100;

const data = workerData as SaverThreadData;
const port = parentPort!;
const post = (message: FromSaver): void => port.postMessage(message);

async function run(): Promise<void> {
  let file: NewStateFile | undefined;
  try {
    file = await NewStateFile.create(data.path);
    // The kernel gives memory when it is touched first: not while the guest waits.
    new Uint8Array(data.buffers.videoMemory).fill(0);
    const message = new Promise<ToSaver>((resolve) => port.once('message', resolve));
    post({ type: 'ready' });
    const order = await message;
    if (order.type === 'abandon') return await file.abandon();
    const pages = save(file, order);
    await file.commit();
    post({ type: 'saved', pages });
  } catch (error) {
    await file?.abandon();
    post({ type: 'failed', error: toWireError(reasonOf(error)) });
  }
}

function save(file: NewStateFile, { frozen, facts }: Extract<ToSaver, { type: 'save' }>): SavedPages {
  let reportedAt = 0;
  const saver = new StateSaver({
    pages: new PageStates(data.memory.buffer),
    aside: new AsideRing(data.buffers.aside),
    sink: file,
    codec: new NodeCodec(),
    cancelled: () => Atomics.load(data.cancel, 0) !== 0,
    progress: (donePages, totalPages) => {
      if (performance.now() - reportedAt < PROGRESS_MS) return;
      reportedAt = performance.now();
      post({ type: 'progress', donePages, totalPages });
    },
  });
  return saver.save(frozen, facts);
}

function reasonOf(error: unknown): AnnexError {
  if (error instanceof SaveCancelled) return new AnnexError('cancelled', 'The snapshot was cancelled.');
  return errorOfFile(error, data.path);
}

await run();
