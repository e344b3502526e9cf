/** What `core.wasm` exports (assembly/index.ts). */
export interface CoreExports {
  initialize(): void;
  reset(init: number): void;
  /** Runs about `budget` instructions; an EXIT_* reason. */
  run(budget: number): number;
  getFlags(): number;
  setFlags(flags: number): void;
  updateEventMask(): void;
  invalidateCode(page: number): void;
  flushTranslations(): void;
  setA20(enabled: number): void;
  /** After registers were written in memory. */
  stateLoaded(): void;
  loadRealSegment(index: number, selector: number): void;
  /** XSAVE image of x87 and SSE state at {@link extendedStateImage}. */
  saveExtendedImage(): void;
  loadExtendedImage(): void;
  extendedImage(): number;
}
