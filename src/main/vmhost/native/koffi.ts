import { createRequire } from 'node:module';

/** A C library, as far as this needs it. */
export interface CLibrary {
  func(prototype: string): (...values: never[]) => number;
}

/** A C function called on a thread of its own; the callback comes last. */
export interface AsyncCFunction {
  async(...values: unknown[]): void;
}

/** What of koffi is used here. */
export interface Ffi {
  load(library: string): CLibrary;
  errno(): number;
  address(pointer: unknown): bigint;
}

/**
 * The foreign-function library, an optional dependency.
 * @throws Error where no prebuilt binary fits the host, or the process may not load native code
 */
export function loadKoffi(): Ffi {
  return createRequire(import.meta.url)('koffi') as Ffi;
}
