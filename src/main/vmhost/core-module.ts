import { readFile } from 'node:fs/promises';

/** Where scripts/build-core.mjs and build-display-kernel.mjs leave their work, beside the built programs. */
const FOLDER = new URL('../core/', import.meta.url);

/** Compiles the CPU core. @throws Error if the product was not built */
export function coreModule(): Promise<WebAssembly.Module> {
  return compile('core.wasm');
}

/** Compiles the inner loops of scan-out. @throws Error if the product was not built */
export function displayKernelModule(): Promise<WebAssembly.Module> {
  return compile('display-kernel.wasm');
}

async function compile(name: string): Promise<WebAssembly.Module> {
  return new WebAssembly.Module(await readFile(new URL(name, FOLDER)));
}
