// Type-checks the Node and the browser half, one after the other (two at once need more memory than CI has to spare).
import { spawnSync } from 'node:child_process';

for (const [tool, project] of [
  ['tsc', 'tsconfig.node.json'],
  ['vue-tsc', 'tsconfig.web.json'],
]) {
  const { status } = spawnSync('npx', ['--no-install', tool, '-p', project], { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
