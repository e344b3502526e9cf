import type { MemorySegment } from '../../../memory/guest-memory.js';

/** A run of guest-physical memory. */
export interface GuestRange {
  readonly address: number;
  readonly length: number;
}

/** The next piece of memory a DMA transfer goes to or comes from. */
export interface DmaRun {
  readonly ranges: readonly GuestRange[];
  readonly segments: readonly MemorySegment[];
  readonly bytes: number;
}

/**
 * Why there is no memory for the drive's data; the engine has stopped itself. `ended`: the guest's table is shorter than
 * the transfer. `fault`: it names what is not memory.
 */
export type DmaStop = 'ended' | 'fault';

/** Which way the bytes go, as seen from guest memory. */
export type DmaDirection = 'to-memory' | 'from-memory';

/** Bus-master DMA as a drive sees it (the DMARQ/DMACK handshake). */
export interface DmaPort {
  /** The guest has started the engine; until it does, a drive that wants to move data waits for `dmaStarted`. */
  readonly started: boolean;
  /** The next memory of the transfer: at most `maxBytes`, a multiple of `unit`. */
  take(maxBytes: number, unit: number, direction: DmaDirection): DmaRun | DmaStop;
  /** The bytes of a run have been moved (also when the command they belong to is gone). */
  settle(run: DmaRun, direction: DmaDirection): void;
  /** Gives back the run taken last, so that the next {@link take} names the same memory: used when state is restored. */
  takeBack(): void;
}
