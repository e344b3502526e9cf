import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { AnnexError } from '../../../shared/contract/errors.js';
import type { StateSource } from '../../../shared/vm-process/protocol.js';
import type { MachineState } from '../../vmm/machine/machine-control.js';
import type { MachineSpec } from '../../vmm/machine/machine-spec.js';
import { PAGE_SHIFT, PAGE_SIZE, RAM_OFFSET } from '../../vmm/memory/layout.js';
import { PAGE_CLEAN, PAGE_FREE, PageStates } from '../../vmm/memory/page-states.js';
import { CHUNK_PAGES } from '../../vmm/snapshot/page-index.js';
import { chainOf, locatePages, NO_PAGE, type PageSources } from '../../vmm/snapshot/page-sources.js';
import { damaged, StateError } from '../../vmm/snapshot/state-error.js';
import { StateReader } from '../../vmm/snapshot/state-reader.js';
import type { ChunkFile, FromLoader, LoaderThreadData } from './loader-messages.js';
import { NodeCodec } from './node-codec.js';
import { errorOfState } from './state-failures.js';
import { StateFile } from './state-files.js';
import type { Baseline } from './snapshot-taker.js';

/** Threads that load at most: more only wait for memory. */
const MAX_LOADERS = 4;

const FIRST_PAGE = RAM_OFFSET >>> PAGE_SHIFT;

/** A state file that a machine is to go on from. */
export class SavedMachine {
  private constructor(
    readonly baseline: Baseline,
    readonly state: MachineState,
    private readonly videoMemory: Uint8Array,
    private readonly files: readonly ChunkFile[],
    private readonly zeroPages: Uint8Array,
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
      const sources = locatePages(chain);
      return new SavedMachine(
        { kind: 'state', id: top.manifest.id, path },
        stateOf(top),
        top.videoMemory(),
        chain.map((reader, depth) => chunkFile(paths[readers.indexOf(reader)]!, reader, sources, depth)),
        sources.zero,
      );
    } catch (error) {
      throw errorOfState(error, path);
    } finally {
      opened.forEach((file) => file.close());
    }
  }

  /** Fills the memory of a machine that has been built and has not run. @throws AnnexError */
  async loadInto(memory: WebAssembly.Memory, videoMemoryOffset: number): Promise<void> {
    const pages = new PageStates(memory.buffer);
    const bytes = new Uint8Array(memory.buffer);
    bytes.set(this.videoMemory, videoMemoryOffset);
    this.zeroPages.forEach((zero, page) => {
      const touched = pages.raw[FIRST_PAGE + page] === PAGE_FREE;
      if (zero && touched) bytes.fill(0, (FIRST_PAGE + page) * PAGE_SIZE, (FIRST_PAGE + page + 1) * PAGE_SIZE);
    });
    await this.loadPages(memory);
    pages.fill(FIRST_PAGE, this.zeroPages.length, PAGE_CLEAN);
  }

  private async loadPages(memory: WebAssembly.Memory): Promise<void> {
    const work = Int32Array.from(
      this.files.flatMap(({ pages }, file) => wantedChunks(pages).flatMap((n) => [file, n])),
    );
    const next = new Int32Array(new SharedArrayBuffer(4));
    const workerData: LoaderThreadData = { memory, files: this.files, work, next };
    const loaders = Math.min(availableParallelism(), MAX_LOADERS, work.length / 2);
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

function chunkFile(path: string, { manifest }: StateReader, { pages }: PageSources, depth: number): ChunkFile {
  return { path, chunks: manifest.chunks, pages: pages[depth]! };
}

/** Chunks with at least one page that is wanted. */
function wantedChunks(pages: Int32Array): number[] {
  const chunks: number[] = [];
  for (let chunk = 0; chunk * CHUNK_PAGES < pages.length; chunk++) {
    const places = pages.subarray(chunk * CHUNK_PAGES, (chunk + 1) * CHUNK_PAGES);
    if (places.some((page) => page !== NO_PAGE)) chunks.push(chunk);
  }
  return chunks;
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
