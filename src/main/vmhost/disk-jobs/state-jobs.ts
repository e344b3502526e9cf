import { setImmediate } from 'node:timers/promises';
import type { DiskJobReply, DiskJobRequest } from '../../../shared/disk-jobs/protocol.js';
import type { OperationControl } from '../../vmm/block/formats/format-driver.js';
import { PAGE_SIZE } from '../../vmm/memory/layout.js';
import { mergeStates, type StoredState } from '../../vmm/snapshot/merge-states.js';
import { damaged } from '../../vmm/snapshot/state-error.js';
import { StateReader } from '../../vmm/snapshot/state-reader.js';
import { NodeCodec } from '../snapshot/node-codec.js';
import { errorOfState } from '../snapshot/state-failures.js';
import { NewStateFile, StateFile } from '../snapshot/state-files.js';

type MergeState = Extract<DiskJobRequest, { job: 'merge-state' }>;

/** The new file takes the name of the old one when it is whole: ended anywhere, the state reads the same; done again it ends. */
export async function mergeState(request: MergeState, control: OperationControl): Promise<DiskJobReply<'merge-state'>> {
  const opened: StateFile[] = [];
  try {
    const [upper, base] = [request.state, request.base].map((path): StoredState => {
      const file = new StateFile(path);
      opened.push(file);
      return { file, reader: new StateReader(file, new NodeCodec()) };
    }) as [StoredState, StoredState];
    if (buildsOn(upper, base)) await rewrite(request.state, upper, base, control);
    return {};
  } catch (error) {
    throw errorOfState(error, request.state);
  } finally {
    opened.forEach((file) => file.close());
  }
}

/** @throws StateError if the two have nothing to do with each other; a state merged before builds on what its base did */
function buildsOn({ reader: { manifest: upper } }: StoredState, { reader: { manifest: base } }: StoredState): boolean {
  if (upper.base === base.id) return true;
  if (upper.base !== base.base) throw damaged('it builds on another state than the machine says');
  return false;
}

async function rewrite(path: string, upper: StoredState, base: StoredState, control: OperationControl): Promise<void> {
  const file = await NewStateFile.create(path);
  try {
    const total = upper.reader.manifest.machine.memoryBytes;
    for (const pages of mergeStates(upper, base, file, new NodeCodec())) {
      control.progress(pages * PAGE_SIZE, total);
      // Lets a cancellation come in.
      await setImmediate();
      control.checkpoint();
    }
    await file.commit();
  } catch (error) {
    await file.abandon();
    throw error;
  }
}
