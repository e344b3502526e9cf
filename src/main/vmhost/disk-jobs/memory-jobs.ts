import type { DiskJobReply, DiskJobRequest } from '../../../shared/disk-jobs/protocol.js';
import type { OperationControl } from '../../vmm/block/formats/format-driver.js';
import { compareMemory, type OpenState } from '../../vmm/snapshot/compare-memory.js';
import { StateError } from '../../vmm/snapshot/state-error.js';
import { StateReader } from '../../vmm/snapshot/state-reader.js';
import { NodeCodec } from '../snapshot/node-codec.js';
import { errorOfState } from '../snapshot/state-failures.js';
import { StateFile } from '../snapshot/state-files.js';

type CompareRequest = Extract<DiskJobRequest, { job: 'compare-memory' }>;

/** How much guest memory differs between two saved states. @throws AnnexError `state-damaged` and its like */
export async function compareStates(
  { a, b }: CompareRequest,
  control: OperationControl,
): Promise<DiskJobReply<'compare-memory'>> {
  const codec = new NodeCodec();
  const files: StateFile[] = [];
  const open = (path: string): OpenState => {
    try {
      const bytes = new StateFile(path);
      files.push(bytes);
      return { bytes, reader: new StateReader(bytes, codec) };
    } catch (error) {
      throw errorOfState(error, path);
    }
  };
  try {
    const [left, right] = [a, b].map(({ path, bases }) => [open(path), ...bases.map(open)] as const);
    return compareMemory(left!, right!, codec, control);
  } catch (error) {
    throw error instanceof StateError ? errorOfState(error, b.path) : error;
  } finally {
    files.forEach((file) => file.close());
  }
}
