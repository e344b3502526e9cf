import { PAGE_SHIFT, PAGE_SIZE, RAM_OFFSET } from '../../vmm/memory/layout.js';
import type { AsideRing } from '../../vmm/memory/aside-ring.js';
import { PAGE_CLEAN, type PageStates } from '../../vmm/memory/page-states.js';
import { encodePlain } from '../../vmm/snapshot/plain-value.js';
import { BASE_PAGE, ZERO_PAGE } from '../../vmm/snapshot/page-index.js';
import type { StateCodec } from '../../vmm/snapshot/codec.js';
import type { StateSink } from '../../vmm/snapshot/state-ports.js';
import { StateWriter } from '../../vmm/snapshot/state-writer.js';
import type { FrozenMachine, StateFacts } from './snapshot-messages.js';

const FIRST_PAGE = RAM_OFFSET >>> PAGE_SHIFT;

/** Pages copied aside that are taken in before others are looked at, and the other way round. */
const BATCH_PAGES = 256;

/** Sleep when all that is left is on its way through the ring, in ms. */
const NAP_MS = 1;

/** What a state came to, in pages. */
export interface SavedPages {
  readonly stored: number;
  readonly zero: number;
  readonly base: number;
  readonly fileBytes: number;
}

export interface SaverPorts {
  readonly pages: PageStates;
  /** Where the machine's thread puts pages it is about to change. */
  readonly aside: AsideRing;
  readonly sink: StateSink;
  readonly codec: StateCodec;
  /** Whether to give up. */
  cancelled(): boolean;
  progress(donePages: number, totalPages: number): void;
}

/** The person gave up saving. */
export class SaveCancelled extends Error {
  override readonly name = 'SaveCancelled';
}

/** Writes a frozen machine to a file while its guest runs on: pending pages one after the other, those copied aside first. */
export class StateSaver {
  private readonly nap = new Int32Array(new SharedArrayBuffer(4));

  constructor(private readonly ports: SaverPorts) {}

  /** @throws SaveCancelled, or what the file system throws */
  save(frozen: FrozenMachine, facts: StateFacts): SavedPages {
    const { sink, codec } = this.ports;
    const known = facts.base === null ? ZERO_PAGE : BASE_PAGE;
    const index = new Uint32Array(frozen.pageStates.length).fill(known);
    const writer = new StateWriter(sink, codec, index);
    this.savePages(writer, frozen);
    const fileBytes = writer.finish({ ...facts, state: encodePlain(frozen.state), videoMemory: frozen.videoMemory });
    const clean = frozen.pageStates.length - frozen.pendingPages;
    const base = facts.base === null ? 0 : clean;
    return { stored: writer.storedPages, zero: writer.zeroPages + clean - base, base, fileBytes };
  }

  private savePages(writer: StateWriter, { pageStates, pendingPages }: FrozenMachine): void {
    const { pages, aside, progress, cancelled } = this.ports;
    let left = pendingPages;
    let cursor = 0;
    const takeAside = (page: number, content: Uint8Array): void => {
      writer.add(page - FIRST_PAGE, content);
      left--;
    };
    while (left > 0) {
      if (cancelled()) throw new SaveCancelled('cancelled');
      const before = left;
      for (let taken = 0; taken < BATCH_PAGES && aside.shift(takeAside); taken++) continue;
      const end = Math.min(cursor + BATCH_PAGES, pageStates.length);
      for (; cursor < end; cursor++) {
        if (pageStates[cursor] === PAGE_CLEAN) continue;
        const room = writer.room;
        if (!pages.saveTo(FIRST_PAGE + cursor, room)) continue;
        writer.add(cursor, room);
        left--;
      }
      progress(pendingPages - left, pendingPages);
      if (left === before && cursor === pageStates.length) Atomics.wait(this.nap, 0, 0, NAP_MS);
    }
  }
}

/** Pages as bytes. */
export function pageBytes(pages: number): number {
  return pages * PAGE_SIZE;
}
