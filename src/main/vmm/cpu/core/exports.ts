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
  forgetCode(): void;
  flushTranslations(): void;
  setA20(enabled: number): void;
  /** After registers were written in memory. */
  stateLoaded(): void;
  loadRealSegment(index: number, selector: number): void;
  /** XSAVE image of x87 and SSE state at {@link extendedStateImage}. */
  saveExtendedImage(): void;
  loadExtendedImage(): void;
  extendedImage(): number;
  /** Functions that ops of regions call; regions are added behind the core's own. */
  readonly table: WebAssembly.Table;
  /** Address of the op at an offset of a code page, decoded if need be, or 0. */
  decodeAt(codePage: number, mode: number, offset: number): number;
  // What regions import (translator/code/imports.ts).
  readonly readCold: WebAssembly.ExportValue;
  readonly writeCold: WebAssembly.ExportValue;
  readonly commitSplit: WebAssembly.ExportValue;
  readonly executeSingle: WebAssembly.ExportValue;
  readonly settleFlags: WebAssembly.ExportValue;
  readonly carryOf: WebAssembly.ExportValue;
  readonly settleSingle: WebAssembly.ExportValue;
  readonly settleDouble: WebAssembly.ExportValue;
  readonly settleSingles: WebAssembly.ExportValue;
  readonly settleDoubles: WebAssembly.ExportValue;
  readonly settleExactness: WebAssembly.ExportValue;
  readonly timeStampCounter: WebAssembly.ExportValue;
  readonly enableInterrupts: WebAssembly.ExportValue;
  readonly flagsImage: WebAssembly.ExportValue;
  readonly replaceFlags: WebAssembly.ExportValue;
  readonly setAlignmentFlag: WebAssembly.ExportValue;
  readonly repeatMove: WebAssembly.ExportValue;
  readonly repeatStore: WebAssembly.ExportValue;
  readonly repeatScan: WebAssembly.ExportValue;
  readonly repeatCompare: WebAssembly.ExportValue;
  readonly x87Add: WebAssembly.ExportValue;
  readonly x87Subtract: WebAssembly.ExportValue;
  readonly x87Multiply: WebAssembly.ExportValue;
  readonly x87Divide: WebAssembly.ExportValue;
  readonly x87SquareRoot: WebAssembly.ExportValue;
  readonly x87ToDouble: WebAssembly.ExportValue;
  readonly x87ToSingle: WebAssembly.ExportValue;
  readonly x87ToInteger: WebAssembly.ExportValue;
  readonly x87CompareStatus: WebAssembly.ExportValue;
  readonly x87CompareFlags: WebAssembly.ExportValue;
  readonly x87Execute: WebAssembly.ExportValue;
  readonly mulHigh: WebAssembly.ExportValue;
  readonly mulHighSigned: WebAssembly.ExportValue;
}
