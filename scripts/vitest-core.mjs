// Vitest global setup: tests run the CPU core they were compiled with.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export default function buildCore() {
  const script = fileURLToPath(new URL('build-core.mjs', import.meta.url));
  if (!existsSync(script)) return;
  const { status } = spawnSync(process.execPath, [script], { stdio: 'inherit' });
  if (status !== 0) throw new Error('the CPU core does not compile');
}
