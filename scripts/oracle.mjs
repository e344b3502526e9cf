// `npm run oracle -- [options]`: random instructions on this processor and on the interpreter; see docs/silicon-oracle.md.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { runnerImport } from 'vite';
import { preferredNode, root, run } from './prepare.mjs';

const node = preferredNode();
if (path.resolve(process.execPath) !== path.resolve(node) && !process.env.ANNEX_ORACLE_NODE) {
  const { status, signal } = spawnSync(node, process.argv.slice(1), {
    stdio: 'inherit',
    env: { ...process.env, ANNEX_ORACLE_NODE: '1' },
  });
  if (signal) console.error(`the processor's side ended with ${signal}: a case has harmed its process`);
  process.exit(status ?? 2);
}

run(node, [path.join(root, 'scripts/build-core.mjs')]);
await runnerImport(path.join(root, 'conformance/cpu/oracle/main.ts'));
