// `npm run lockstep -- [options]`: Linux on the interpreter and the translator side by side; see docs/translator.md.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { runnerImport } from 'vite';
import { preferredNode, root, run } from './prepare.mjs';

const node = preferredNode();
if (path.resolve(process.execPath) !== path.resolve(node) && !process.env.ANNEX_LOCKSTEP_NODE) {
  const { status } = spawnSync(node, process.argv.slice(1), {
    stdio: 'inherit',
    env: { ...process.env, ANNEX_LOCKSTEP_NODE: '1' },
  });
  process.exit(status ?? 1);
}

run(node, [path.join(root, 'scripts/build-core.mjs')]);
await runnerImport(path.join(root, 'conformance/cpu/lockstep/main.ts'));
