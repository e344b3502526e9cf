// Builds everything there is into out/: the CPU core, the programs (desktop, VM process, `annex`), preload script and
// interface. `--if-stale` does nothing when no source is newer than the last build.
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ensureDependencies, preferredNode, root, run } from './prepare.mjs';

const SOURCES = ['src', 'resources', 'scripts', 'electron.vite.config.ts', 'package.json', 'package-lock.json'];
const stamp = path.join(root, 'out/.built');

/** Newest change among the sources, in ms. */
function newestSource() {
  const newest = (file) => {
    const info = statSync(file);
    if (!info.isDirectory()) return info.mtimeMs;
    return Math.max(info.mtimeMs, ...readdirSync(file).map((name) => newest(path.join(file, name))));
  };
  return Math.max(
    ...SOURCES.map((name) => path.join(root, name))
      .filter((file) => existsSync(file))
      .map(newest),
  );
}

if (process.argv.includes('--if-stale') && existsSync(stamp) && statSync(stamp).mtimeMs >= newestSource())
  process.exit(0);

ensureDependencies();
const node = preferredNode();
const startedAt = new Date();
rmSync(stamp, { force: true });
run(node, ['scripts/build-core.mjs']);
run(node, ['scripts/build-display-kernel.mjs']);
run(node, ['node_modules/electron-vite/bin/electron-vite.js', 'build', '--logLevel', 'warn']);
mkdirSync(path.dirname(stamp), { recursive: true });
writeFileSync(stamp, `${startedAt.toISOString()}\n`);
