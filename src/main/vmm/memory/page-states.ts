import { PAGE_SHIFT, PAGE_SIZE, PAGE_STATE_OFFSET, PAGE_STATE_SIZE } from './layout.js';
import type { PageTracker } from './page-tracker.js';
import type { AsideRing } from './aside-ring.js';

/** What a page's state byte says. */
export const PAGE_FREE = 0;
/** As it was saved last (or zero as at power-on, as long as nothing has been saved). */
export const PAGE_CLEAN = 1;
/** Belongs to a state that is being saved, and has not been copied yet. */
export const PAGE_PENDING = 2;
/** Some thread is copying it. */
export const PAGE_BUSY = 3;

/** Times to look at a page another thread is copying before sleeping; a copy takes about a microsecond. */
const SPINS = 2000;
/** Sleep between looks, in ms. */
const NAP_MS = 0.05;

/**
 * The state bytes of a machine's pages, in its shared memory, so that the vCPU, DMA and the thread that saves the
 * machine agree on who copies a page first. A page changes hands by compare-exchange only: pending → busy → free
 * (copied aside by a writer) or → clean (saved). Writers are on one thread, the machine's.
 */
export class PageStates implements PageTracker {
  private readonly states: Uint8Array;
  private readonly bytes: Uint8Array;
  private readonly nap = new Int32Array(new SharedArrayBuffer(4));
  private aside: AsideRing | undefined;

  /** @param buffer the machine's memory */
  constructor(buffer: ArrayBufferLike) {
    this.states = new Uint8Array(buffer, PAGE_STATE_OFFSET, PAGE_STATE_SIZE);
    this.bytes = new Uint8Array(buffer);
  }

  /** The bytes themselves. */
  get raw(): Uint8Array {
    return this.states;
  }

  /** Where {@link beforeWrite} puts pages that are pending. */
  copyAsideTo(ring: AsideRing | undefined): void {
    this.aside = ring;
  }

  beforeWrite(page: number): void {
    while (Atomics.load(this.states, page) !== PAGE_FREE) this.release(page);
  }

  /**
   * Copies a page aside if it is pending, so that it can be written without asking. It counts as saved until a writer's
   * log says that it was written, by {@link beforeWrite}.
   */
  setAside(page: number): void {
    if (Atomics.compareExchange(this.states, page, PAGE_PENDING, PAGE_BUSY) === PAGE_PENDING) {
      this.aside?.push(page, this.page(page));
      Atomics.store(this.states, page, PAGE_CLEAN);
    } else this.awaitCopy(page);
  }

  /**
   * Makes every changed page of a range pending: the state to be saved is that of now. Writers must be standing still,
   * and forget what they know to be writable.
   * @returns number of pending pages
   */
  markPending(first: number, count: number): number {
    let pending = 0;
    for (let page = first; page < first + count; page++) {
      if (this.states[page] !== PAGE_FREE) continue;
      this.states[page] = PAGE_PENDING;
      pending++;
    }
    return pending;
  }

  /** Sets a range that nobody writes or saves. */
  fill(first: number, count: number, state: typeof PAGE_FREE | typeof PAGE_CLEAN): void {
    this.states.fill(state, first, first + count);
  }

  /** Forgets all about a range: nothing is pending, and everything counts as changed. */
  forget(first: number, count: number): void {
    for (let page = first; page < first + count; page++) {
      while (Atomics.load(this.states, page) !== PAGE_FREE) {
        Atomics.compareExchange(this.states, page, PAGE_PENDING, PAGE_FREE);
        Atomics.compareExchange(this.states, page, PAGE_CLEAN, PAGE_FREE);
      }
    }
  }

  /** Copies a page to `target` and makes it clean, if it is still pending. @returns whether it was */
  saveTo(page: number, target: Uint8Array): boolean {
    if (Atomics.compareExchange(this.states, page, PAGE_PENDING, PAGE_BUSY) !== PAGE_PENDING) return false;
    target.set(this.page(page));
    Atomics.store(this.states, page, PAGE_CLEAN);
    return true;
  }

  private page(page: number): Uint8Array {
    const at = page * PAGE_SIZE;
    return this.bytes.subarray(at, at + PAGE_SIZE);
  }

  private release(page: number): void {
    switch (Atomics.load(this.states, page)) {
      case PAGE_CLEAN:
        Atomics.compareExchange(this.states, page, PAGE_CLEAN, PAGE_FREE);
        return;
      case PAGE_PENDING:
        if (Atomics.compareExchange(this.states, page, PAGE_PENDING, PAGE_BUSY) !== PAGE_PENDING) return;
        this.aside?.push(page, this.page(page));
        Atomics.store(this.states, page, PAGE_FREE);
        return;
      default:
        this.awaitCopy(page);
    }
  }

  private awaitCopy(page: number): void {
    for (let spins = 0; Atomics.load(this.states, page) === PAGE_BUSY; spins++) {
      if (spins > SPINS) Atomics.wait(this.nap, 0, 0, NAP_MS);
    }
  }
}

/** Host page of a host offset. */
export function hostPageOf(offset: number): number {
  return offset >>> PAGE_SHIFT;
}
