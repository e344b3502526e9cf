import type { FunctionImport } from '../wasm/module.js';
import { F32, F64, I32, I64, V128 } from '../wasm/wasm-op.js';

/** What regions import from the core, in the order of their function indices. */
export const REGION_IMPORTS = [
  { module: 'core', name: 'readCold', parameters: [I64, I32], results: [I32] },
  { module: 'core', name: 'writeCold', parameters: [I64, I32], results: [I32] },
  { module: 'core', name: 'commitSplit', parameters: [], results: [] },
  { module: 'core', name: 'executeSingle', parameters: [I32, I32], results: [I32] },
  { module: 'core', name: 'settleFlags', parameters: [I32, I64, I64], results: [] },
  { module: 'core', name: 'carryOf', parameters: [I32, I64, I64], results: [I32] },
  { module: 'core', name: 'timeStampCounter', parameters: [], results: [I64] },
  { module: 'core', name: 'enableInterrupts', parameters: [I64], results: [I32] },
  { module: 'core', name: 'flagsImage', parameters: [], results: [I32] },
  { module: 'core', name: 'replaceFlags', parameters: [I32], results: [I32] },
  { module: 'core', name: 'setAlignmentFlag', parameters: [I32], results: [] },
  { module: 'core', name: 'repeatMove', parameters: [I32], results: [I32] },
  { module: 'core', name: 'repeatStore', parameters: [I32], results: [I32] },
  { module: 'core', name: 'repeatScan', parameters: [I32, I32], results: [I32] },
  { module: 'core', name: 'repeatCompare', parameters: [I32, I32], results: [I32] },
  { module: 'core', name: 'mulHigh', parameters: [I64, I64], results: [I64] },
  { module: 'core', name: 'mulHighSigned', parameters: [I64, I64], results: [I64] },
  { module: 'core', name: 'settleSingle', parameters: [I32, F32, F32, F32], results: [I32] },
  { module: 'core', name: 'settleDouble', parameters: [I32, F64, F64, F64], results: [I32] },
  { module: 'core', name: 'settleSingles', parameters: [I32, V128, V128, V128], results: [I32] },
  { module: 'core', name: 'settleDoubles', parameters: [I32, V128, V128, V128], results: [I32] },
  { module: 'core', name: 'settleExactness', parameters: [I32, I32], results: [I32] },
  { module: 'core', name: 'x87Add', parameters: [I64, I32, I64, I32], results: [I64] },
  { module: 'core', name: 'x87Subtract', parameters: [I64, I32, I64, I32], results: [I64] },
  { module: 'core', name: 'x87Multiply', parameters: [I64, I32, I64, I32], results: [I64] },
  { module: 'core', name: 'x87Divide', parameters: [I64, I32, I64, I32], results: [I64] },
  { module: 'core', name: 'x87SquareRoot', parameters: [I64, I32], results: [I64] },
  { module: 'core', name: 'x87ToDouble', parameters: [I64, I32], results: [I64] },
  { module: 'core', name: 'x87ToSingle', parameters: [I64, I32], results: [I32] },
  { module: 'core', name: 'x87ToInteger', parameters: [I64, I32, I32, I32], results: [I64] },
  { module: 'core', name: 'x87CompareStatus', parameters: [I64, I32, I64, I32, I32], results: [] },
  { module: 'core', name: 'x87CompareFlags', parameters: [I64, I32, I64, I32, I32], results: [I32] },
  { module: 'core', name: 'x87Execute', parameters: [I32], results: [] },
] as const satisfies readonly FunctionImport[];

export type RegionImport = (typeof REGION_IMPORTS)[number]['name'];

/** Function index of an import. */
export function importIndex(name: RegionImport): number {
  return REGION_IMPORTS.findIndex((entry) => entry.name === name);
}
