import { randomUUID } from 'node:crypto';
import type { WireError } from '../../../shared/contract/errors.js';
import { toWireError } from '../../../shared/contract/errors.js';
import type { FromVm, SavedState, SnapshotPoint, VmCall } from '../../../shared/vm-process/protocol.js';
import { PAGE_SHIFT, PAGE_SIZE, RAM_OFFSET } from '../../vmm/memory/layout.js';
import { AsideRing } from '../../vmm/memory/aside-ring.js';
import { PageStates } from '../../vmm/memory/page-states.js';
import type { MachineSpec } from '../../vmm/machine/machine-spec.js';
import type { MachineThreadClient } from '../machine/machine-thread-client.js';
import { SaverClient } from './saver-client.js';
import type { FrozenMachine, SnapshotBuffers, StateFacts } from './snapshot-messages.js';
import { pageBytes, type SavedPages } from './state-saver.js';

/** Pages that can wait for the saver before the guest has to. */
const ASIDE_SLOTS = 16_384;

/** What clean pages are clean against: memory as at power-on, a state file, or nothing anybody has. */
export type Baseline =
  | { readonly kind: 'power-on' }
  | { readonly kind: 'state'; readonly id: string; readonly path: string }
  | { readonly kind: 'unknown' };

type TakeOrder = Extract<VmCall, { name: 'take-snapshot' }>;
type SuspendOrder = Extract<VmCall, { name: 'suspend' }>;
type Thumbnail = SnapshotPoint['thumbnail'];

/** Drives about to go over to overlays. */
export interface PreparedPivot {
  /** Goes over: all drives, or none and an error. */
  commit(): Promise<void>;
  abandon(): Promise<void>;
}

export interface SnapshotPorts {
  readonly thread: Pick<MachineThreadClient, 'freeze' | 'thaw' | 'tell' | 'ended'>;
  readonly memory: WebAssembly.Memory;
  readonly spec: MachineSpec;
  /** Opens the overlays that drives are to go over to, while the machine still runs. */
  preparePivot(heads: Readonly<Record<string, string>>): Promise<PreparedPivot>;
  /** Takes the picture now; it is encoded when the result is called. */
  photograph(maxWidth: number): () => Promise<Thumbnail>;
  tell(news: FromVm): void;
}

/** A frozen machine and who is going to write it down. */
interface Shot {
  readonly path: string;
  readonly saver: SaverClient;
  readonly ring: AsideRing;
  readonly frozen: FrozenMachine;
  readonly facts: StateFacts;
  readonly base: string | null;
  readonly takenMs: number;
}

/** Saves a running machine: freezes it for a moment, and has a thread write what it was while it runs on. */
export class SnapshotTaker {
  private readonly pages: PageStates;
  private saver: SaverClient | undefined;
  /** What must be over before the next begins: orders in turn, and what the last left running; never rejects. */
  private busy: Promise<unknown> = Promise.resolve();
  private background: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly ports: SnapshotPorts,
    private baseline: Baseline,
  ) {
    this.pages = new PageStates(ports.memory.buffer);
  }

  /** Takes nothing before `loaded`: a restored machine whose RAM has not come yet cannot be saved. */
  waitFor(loaded: Promise<void>): void {
    this.busy = loaded.catch(() => undefined);
  }

  /** Waits for an earlier save. @throws AnnexError if it cannot be taken; nothing has changed then */
  take(order: TakeOrder): Promise<SnapshotPoint> {
    return this.afterEarlier(async () => {
      const pivot = await this.ports.preparePivot(order.heads);
      const shot = await this.freeze(order).catch(async (error: unknown) => {
        await pivot.abandon();
        throw error;
      });
      let picture: () => Promise<Thumbnail>;
      let pauseMs: number;
      try {
        picture = this.ports.photograph(order.thumbnailWidth);
        await pivot.commit();
      } catch (error) {
        await pivot.abandon();
        shot.saver.abandon();
        this.forget(shot);
        throw error;
      } finally {
        pauseMs = await this.ports.thread.thaw();
      }
      this.background = this.save(shot).then(
        (saved) => this.report(shot, { ok: true, saved }),
        (error: unknown) => this.report(shot, { ok: false, error: toWireError(error) }),
      );
      return { base: shot.base, pauseMs, thumbnail: await picture() };
    });
  }

  /** The machine stands still when this resolves, and has run on if it throws. @throws AnnexError */
  suspend(order: SuspendOrder): Promise<SnapshotPoint & { saved: SavedState }> {
    return this.afterEarlier(async () => {
      const shot = await this.freeze(order);
      try {
        const picture = this.ports.photograph(order.thumbnailWidth);
        const saved = await this.save(shot);
        return { base: shot.base, pauseMs: saved.saveMs, thumbnail: await picture(), saved };
      } catch (error) {
        await this.ports.thread.thaw();
        throw error;
      }
    });
  }

  /** Gives up what is being saved. */
  cancel(): void {
    this.saver?.cancel();
  }

  /** Gives up what is being saved and waits until nothing of it is left, or the machine's thread is gone. */
  async close(): Promise<void> {
    this.cancel();
    await Promise.race([this.busy, this.ports.thread.ended]);
  }

  private afterEarlier<T>(work: () => Promise<T>): Promise<T> {
    const done = this.busy.then(work);
    this.busy = done.then(
      () => this.background,
      () => undefined,
    );
    return done;
  }

  private async freeze({ path, incremental }: TakeOrder | SuspendOrder): Promise<Shot> {
    const { ports, baseline } = this;
    const buffers: SnapshotBuffers = {
      aside: AsideRing.create(ASIDE_SLOTS),
      videoMemory: new SharedArrayBuffer(ports.spec.videoMemoryBytes),
    };
    const saver = new SaverClient({ path, memory: ports.memory, buffers }, (donePages, totalPages) =>
      ports.tell({
        type: 'snapshot-progress',
        path,
        doneBytes: pageBytes(donePages),
        totalBytes: pageBytes(totalPages),
      }),
    );
    await saver.ready;
    this.saver = saver;
    const base = baseline.kind === 'state' && incremental ? baseline : undefined;
    const frozen = await ports.thread.freeze(baseline.kind === 'state' && !incremental, buffers);
    const { machineId, memoryBytes, videoMemoryBytes } = ports.spec;
    const facts: StateFacts = {
      id: randomUUID(),
      base: base?.id ?? null,
      takenAtMs: Date.now(),
      machine: { machineId, memoryBytes, videoMemoryBytes },
    };
    const ring = new AsideRing(buffers.aside);
    return { path, saver, ring, frozen, facts, base: base?.path ?? null, takenMs: performance.now() };
  }

  private async save(shot: Shot): Promise<SavedState> {
    try {
      shot.saver.save(shot.frozen, shot.facts);
      const pages = await shot.saver.saved;
      this.baseline = { kind: 'state', id: shot.facts.id, path: shot.path };
      return savedState(pages, performance.now() - shot.takenMs);
    } catch (error) {
      this.forget(shot);
      throw error;
    } finally {
      this.ports.thread.tell({ type: 'saved' });
    }
  }

  /** What was clean against the state that is not going to be, is clean against nothing. */
  private forget({ ring }: Shot): void {
    ring.close();
    this.pages.forget(RAM_OFFSET >>> PAGE_SHIFT, this.ports.spec.memoryBytes / PAGE_SIZE);
    this.baseline = { kind: 'unknown' };
  }

  private report({ path }: Shot, result: { ok: true; saved: SavedState } | { ok: false; error: WireError }): void {
    this.ports.tell({ type: 'snapshot-saved', path, result });
  }
}

function savedState({ stored, zero, base, fileBytes }: SavedPages, saveMs: number): SavedState {
  return {
    fileBytes,
    savedBytes: pageBytes(stored),
    zeroBytes: pageBytes(zero),
    baseBytes: pageBytes(base),
    saveMs,
  };
}
