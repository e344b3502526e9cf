// Vitest global setup: tests run the WebAssembly they were compiled with.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const BUILDS = ['build-core.mjs', 'build-display-kernel.mjs'];

export default function buildCore() {
  for (const name of BUILDS) {
    const script = fileURLToPath(new URL(name, import.meta.url));
    if (!existsSync(script)) continue;
    const { status } = spawnSync(process.execPath, [script], { stdio: 'inherit' });
    if (status !== 0) throw new Error(`${name} failed: the WebAssembly part does not compile`);
  }
}
