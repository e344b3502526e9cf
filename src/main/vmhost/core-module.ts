import { readFile } from 'node:fs/promises';

/** The CPU core as scripts/build-core.mjs leaves it, beside the built programs. */
const CORE_FILE = new URL('../core/core.wasm', import.meta.url);

/** Compiles the CPU core. @throws Error if the product was not built */
export async function coreModule(): Promise<WebAssembly.Module> {
  return new WebAssembly.Module(await readFile(CORE_FILE));
}
