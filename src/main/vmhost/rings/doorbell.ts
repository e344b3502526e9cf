/** A word in shared memory that counts events; whoever sleeps on it wakes when it changes. Structured-cloneable. */
export interface Doorbell {
  readonly words: Int32Array<SharedArrayBuffer>;
  readonly index: number;
}

export function createDoorbell(): Doorbell {
  return { words: new Int32Array(new SharedArrayBuffer(4)), index: 0 };
}

export function ring({ words, index }: Doorbell): void {
  Atomics.add(words, index, 1);
  Atomics.notify(words, index);
}

interface AsyncAtomics {
  waitAsync(
    words: Int32Array,
    index: number,
    value: number,
    timeoutMs?: number,
  ): { readonly async: boolean; readonly value: Promise<string> | string };
}

/** How many times the bell has been rung (wraps); taken before looking for work, given to {@link untilRung} after it. */
export function timesRung({ words, index }: Doorbell): number {
  return Atomics.load(words, index);
}

/** Waits, without blocking the thread, until the bell has been rung since `seen` was read. */
export async function untilRung({ words, index }: Doorbell, seen: number): Promise<void> {
  // ES2024, in every Node this runs on; the project's library level is ES2023.
  await (Atomics as unknown as AsyncAtomics).waitAsync(words, index, seen).value;
}
