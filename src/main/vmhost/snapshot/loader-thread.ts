// Entry of a loader thread: brings a saved state into a machine's RAM until nothing is left.
import { parentPort, workerData } from 'node:worker_threads';
import { toWireError } from '../../../shared/contract/errors.js';
import { ChunkLoader } from './chunk-loader.js';
import type { FromLoader, LoaderThreadData } from './loader-messages.js';
import { errorOfState } from './state-failures.js';

const { memory, plan } = workerData as LoaderThreadData;
const post = (message: FromLoader): void => parentPort!.postMessage(message);

try {
  const loader = new ChunkLoader(plan, memory.buffer);
  while (loader.loadNext()) continue;
  loader.close();
  post({ type: 'done' });
} catch (error) {
  post({ type: 'failed', error: toWireError(errorOfState(error, plan.files[0]!.path)) });
}
