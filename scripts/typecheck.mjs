// Type-checks the programs one after the other: each has the globals it really has.
import { spawnSync } from 'node:child_process';

for (const [tool, project] of [
  ['tsc', 'tsconfig.node.json'],
  ['tsc', 'tsconfig.preload.json'],
  ['tsc', 'tsconfig.e2e.json'],
  ['vue-tsc', 'tsconfig.web.json'],
]) {
  const { status } = spawnSync('npx', ['--no-install', tool, '-p', project], { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
