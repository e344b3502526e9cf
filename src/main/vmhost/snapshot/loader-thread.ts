// Entry of a loader thread: brings chunks of a saved state into a machine's RAM until none is left.
import { parentPort, workerData } from 'node:worker_threads';
import { toWireError } from '../../../shared/contract/errors.js';
import { PAGE_SIZE, RAM_OFFSET } from '../../vmm/memory/layout.js';
import { CHUNK_PAGES } from '../../vmm/snapshot/page-index.js';
import { NO_PAGE } from '../../vmm/snapshot/page-sources.js';
import { chunkRef, readChunk } from '../../vmm/snapshot/state-reader.js';
import type { FromLoader, LoaderThreadData } from './loader-messages.js';
import { NodeCodec } from './node-codec.js';
import { StateFile } from './state-files.js';
import { errorOfState } from './state-failures.js';

const { memory, files, work, next } = workerData as LoaderThreadData;
const post = (message: FromLoader): void => parentPort!.postMessage(message);

function load(): void {
  const ram = new Uint8Array(memory.buffer, RAM_OFFSET);
  const codec = new NodeCodec();
  const open = files.map(({ path }) => new StateFile(path));
  try {
    for (let item = Atomics.add(next, 0, 1); 2 * item < work.length; item = Atomics.add(next, 0, 1)) {
      const file = work[2 * item]!;
      const number = work[2 * item + 1]!;
      const { chunks, pages } = files[file]!;
      const content = readChunk(open[file]!, codec, chunkRef(chunks, number));
      for (let place = 0; place < chunks.pages[number]!; place++) {
        const page = pages[number * CHUNK_PAGES + place]!;
        if (page !== NO_PAGE) ram.set(content.subarray(place * PAGE_SIZE, (place + 1) * PAGE_SIZE), page * PAGE_SIZE);
      }
    }
  } finally {
    open.forEach((file) => file.close());
  }
}

try {
  load();
  post({ type: 'done' });
} catch (error) {
  // The others need not go on.
  Atomics.store(next, 0, work.length);
  post({ type: 'failed', error: toWireError(errorOfState(error, files[0]!.path)) });
}
