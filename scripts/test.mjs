// Runs the tests: `node scripts/test.mjs [--long] [vitest arguments]`. Prepares what they need first; closes with a line
// that counts what ran.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { ensureDependencies, ensureTestTools, preferredNode, root, run } from './prepare.mjs';

const args = process.argv.slice(2);
const long = args.includes('--long');
const passedOn = args.filter((arg) => arg !== '--long');
const projects = long ? ['long'] : ['unit', 'guests', 'e2e'];

ensureDependencies();
ensureTestTools();
const node = preferredNode();
run(node, ['scripts/build.mjs']);

const report = path.join(root, 'build/test-report.json');
mkdirSync(path.dirname(report), { recursive: true });
rmSync(report, { force: true });
const { status } = spawnSync(
  node,
  [
    'node_modules/vitest/vitest.mjs',
    'run',
    ...projects.map((project) => `--project=${project}`),
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
    ...passedOn,
  ],
  {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, PATH: `${path.join(root, 'node_modules/.bin')}${path.delimiter}${process.env.PATH}` },
  },
);

const { numPassedTests, numFailedTests, numPendingTests, testResults } = JSON.parse(readFileSync(report, 'utf8'));
// A file that fails to load has no failed test of its own, and must not pass for that.
const brokenFiles = testResults.filter(
  (file) => file.status === 'failed' && file.assertionResults.every((t) => t.status !== 'failed'),
);
const failed = numFailedTests + brokenFiles.length;
console.log(`${numPassedTests} passed, ${failed} failed, ${numPendingTests} skipped`);
process.exit(status === 0 && failed === 0 ? 0 : 1);
