// Kills the host at every change of a file it makes, and real processes at 500 random times: `npm run test:crash`.
import { spawnSync } from 'node:child_process';
import { ensureDependencies, preferredNode, root, run } from './prepare.mjs';

ensureDependencies();
const node = preferredNode();
run(node, ['scripts/build.mjs', '--if-stale']);
const { status } = spawnSync(
  node,
  [
    'node_modules/vitest/vitest.mjs',
    'run',
    '--project=unit',
    '--project=guests',
    'conformance/crash',
    'killed-processes',
  ],
  { cwd: root, stdio: 'inherit', env: { CRASH_POINTS: 'all', KILL_POINTS: '500', ...process.env } },
);
process.exit(status ?? 1);
