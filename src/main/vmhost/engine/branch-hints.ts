import { setFlagsFromString } from 'node:v8';

/**
 * Makes V8 obey the branch hints of translated code (docs/translator.md), which it does not by itself. Before anything is
 * compiled.
 */
export function obeyBranchHints(): void {
  setFlagsFromString('--experimental-wasm-branch-hinting');
}
