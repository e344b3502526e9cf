// `npm run bench -- [names…] [options]`: measures the figures of bench/README.md, all of them or those named, and prints
// one table. Options (--name=value) go to the only figure named. The peers take an hour: only when named.
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { spawnSync } from 'node:child_process';
import { runnerImport } from 'vite';
import { preferredNode, root, run } from '../scripts/prepare.mjs';

// Engine figures are those of the Node that Electron carries.
const node = preferredNode();
if (path.resolve(process.execPath) !== path.resolve(node) && !process.env.ANNEX_BENCH_NODE) {
  const { status } = spawnSync(node, process.argv.slice(1), {
    stdio: 'inherit',
    env: { ...process.env, ANNEX_BENCH_NODE: '1' },
  });
  process.exit(status ?? 1);
}

const folder = path.join(root, 'bench');
const all = readdirSync(folder)
  .filter((file) => file.endsWith('.bench.ts'))
  .map((file) => file.replace('.bench.ts', ''));
const options = process.argv.slice(2).filter((word) => word.startsWith('--'));
const asked = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const unknown = asked.filter((name) => !all.includes(name));
if (unknown.length > 0) {
  console.error(`No such figure: ${unknown.join(', ')}. There are: ${all.join(', ')}.`);
  process.exit(2);
}
if (options.length > 0 && asked.length !== 1) {
  console.error('Options are those of one figure: name it.');
  process.exit(2);
}
// What is measured is the tree, not what was built of an earlier one.
run(node, ['scripts/build.mjs']);

const rows = [];
for (const name of asked.length > 0 ? asked : all.filter((each) => each !== 'peers')) {
  console.error(`… ${name}`);
  const { module } = await runnerImport(path.join(folder, `${name}.bench.ts`));
  rows.push(...(await module.default(options)).map((row) => ({ bench: name, ...row })));
}
console.table(rows);
mkdirSync(path.join(root, 'build'), { recursive: true });
writeFileSync(
  path.join(root, 'build/bench.json'),
  JSON.stringify({ at: new Date().toISOString(), node: process.version, rows }, null, 2),
);
process.exit(0);
