import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { AnnexError } from '../../../shared/contract/errors.js';
import type { StateSource } from '../../../shared/vm-process/protocol.js';
import type { MachineState } from '../../vmm/machine/machine-control.js';
import type { MachineSpec } from '../../vmm/machine/machine-spec.js';
import { PAGE_SHIFT, PAGE_SIZE, RAM_OFFSET } from '../../vmm/memory/layout.js';
import { PAGE_CLEAN, PAGE_FREE, PageStates } from '../../vmm/memory/page-states.js';
import { CHUNK_PAGES } from '../../vmm/snapshot/page-index.js';
import { chainOf, locatePages, NO_PAGE } from '../../vmm/snapshot/page-sources.js';
import { damaged, StateError } from '../../vmm/snapshot/state-error.js';
import { StateReader } from '../../vmm/snapshot/state-reader.js';
import type { ChunkFile, LoadPlan } from './chunk-loader.js';
import type { FromLoader, LoaderThreadData } from './loader-messages.js';
import { NodeCodec } from './node-codec.js';
import type { Baseline } from './snapshot-taker.js';
import { errorOfState } from './state-failures.js';
import { StateFile } from './state-files.js';

/** Threads that load at most: more only wait for memory. */
const MAX_LOADERS = 4;

const FIRST_PAGE = RAM_OFFSET >>> PAGE_SHIFT;

/** A state file that a machine is to go on from. */
export class SavedMachine {
  private constructor(
    readonly baseline: Baseline,
    readonly state: MachineState,
    private readonly videoMemory: Uint8Array,
    /** Pages of RAM that are not zero, and where they come from. */
    readonly plan: LoadPlan,
  ) {}

  /** Reads everything but RAM. @throws AnnexError if the machine of this spec cannot go on from it */
  static open({ path, bases }: StateSource, spec: MachineSpec): SavedMachine {
    const opened: StateFile[] = [];
    try {
      const paths = [path, ...bases];
      const readers = paths.map((name) => {
        const file = new StateFile(name);
        opened.push(file);
        return new StateReader(file, new NodeCodec());
      });
      const [top, ...others] = readers as [StateReader, ...StateReader[]];
      checkMachine(top, spec);
      const chain = chainOf(top, others);
      const { pages } = locatePages(chain);
      const files = chain.map((reader, depth) => ({
        path: paths[readers.indexOf(reader)]!,
        chunks: reader.manifest.chunks,
        pages: pages[depth]!,
      }));
      const baseline: Baseline = { kind: 'state', id: top.manifest.id, path };
      return new SavedMachine(baseline, stateOf(top), top.videoMemory(), loadPlan(files, top.index.length));
    } catch (error) {
      throw errorOfState(error, path);
    } finally {
      opened.forEach((file) => file.close());
    }
  }

  /** Prepares the memory of a machine that has been built and has not run; what {@link plan} names is still to come. */
  prepare(memory: WebAssembly.Memory, videoMemoryOffset: number): void {
    const { absent } = this.plan;
    const pages = new PageStates(memory.buffer);
    const bytes = new Uint8Array(memory.buffer);
    bytes.set(this.videoMemory, videoMemoryOffset);
    for (let page = FIRST_PAGE; page < FIRST_PAGE + absent.length; page++) {
      // What the firmware left there at power-on.
      if (pages.raw[page] === PAGE_FREE) bytes.fill(0, page * PAGE_SIZE, (page + 1) * PAGE_SIZE);
    }
    pages.fill(FIRST_PAGE, absent.length, PAGE_CLEAN);
  }

  /** Loads RAM in the background. @throws AnnexError */
  async load(memory: WebAssembly.Memory): Promise<void> {
    const workerData: LoaderThreadData = { memory, plan: this.plan };
    const loaders = Math.min(Math.max(1, availableParallelism() - 1), MAX_LOADERS, this.plan.states.length);
    await Promise.all(Array.from({ length: loaders }, () => runLoader(workerData)));
  }
}

function checkMachine({ manifest: { machine } }: StateReader, spec: MachineSpec): void {
  if (machine.memoryBytes !== spec.memoryBytes || machine.videoMemoryBytes !== spec.videoMemoryBytes) {
    throw new StateError('mismatch', 'the state was saved with another amount of memory than the machine has now');
  }
}

function stateOf(reader: StateReader): MachineState {
  const state = reader.machineState();
  const isState = typeof state === 'object' && state !== null && 'version' in state && 'clockNs' in state;
  if (!isState || !Number.isFinite(state.clockNs)) throw damaged('its machine state is none');
  return state as MachineState;
}

function loadPlan(files: readonly ChunkFile[], ramPages: number): LoadPlan {
  const itemOf = new Int32Array(new SharedArrayBuffer(4 * ramPages));
  const absent = new Uint8Array(new SharedArrayBuffer(ramPages));
  const work: number[] = [];
  files.forEach(({ pages }, file) => {
    for (let chunk = 0; chunk * CHUNK_PAGES < pages.length; chunk++) {
      let wanted = false;
      for (let at = chunk * CHUNK_PAGES; at < (chunk + 1) * CHUNK_PAGES; at++) {
        const page = pages[at]!;
        if (page === NO_PAGE) continue;
        itemOf[page] = work.length / 2;
        absent[page] = 1;
        wanted = true;
      }
      if (wanted) work.push(file, chunk);
    }
  });
  const states = new Int32Array(new SharedArrayBuffer(4 * (work.length / 2)));
  const next = new Int32Array(new SharedArrayBuffer(4));
  return { files, work: Int32Array.from(work), itemOf, absent, states, next };
}

function runLoader(workerData: LoaderThreadData): Promise<void> {
  const worker = new Worker(new URL('./loader-thread.js', import.meta.url), { workerData, name: 'loader' });
  return new Promise((resolve, reject) => {
    worker.once('message', (message: FromLoader) => {
      if (message.type === 'done') resolve();
      else reject(AnnexError.fromWire(message.error));
    });
    worker.once('error', reject);
  });
}
