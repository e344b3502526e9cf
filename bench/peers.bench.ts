import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import path from 'node:path';
import type { Figure } from './lib/figure.js';
import { Kit, V86_VERSION } from './peers/kit.js';
import { parsePeersOptions } from './peers/options.js';

const RESULTS = path.resolve('build/peers');
const REPORT = path.resolve('bench/RESULTS.md');

/** The kit's guests on both engines, QEMU TCG, v86 and the processor itself, in alternating rounds; the table goes to RESULTS.md. */
export default function peers(args: readonly string[]): Figure[] {
  const options = parsePeersOptions(args);
  const kit = new Kit(options.kit);
  kit.buildGuests();
  if (!options.keep) rmSync(RESULTS, { recursive: true, force: true });
  mkdirSync(RESULTS, { recursive: true });
  const engines = options.engines.filter((engine) => !engine.startsWith('native') || process.getuid?.() === 0);
  if (engines.length < options.engines.length) console.error('Native runs take root (chroot): without them.');
  const first = nextRound();
  for (let round = first; round < first + options.rounds; round++) {
    for (const engine of engines) kit.run({ engine, round, tests: options.tests, results: RESULTS });
  }
  const byCpu = kit.table(RESULTS, 'cpu');
  writeFileSync(REPORT, report(byCpu, kit.table(RESULTS, 'wall')));
  console.log(`${byCpu}\n\nWritten to ${path.relative('.', REPORT)}.`);
  return geomeans(byCpu);
}

/** Behind the rounds whose results are there. */
function nextRound(): number {
  const rounds = readdirSync(RESULTS).map((file) => Number(/-(\d+)\.json$/.exec(file)?.[1] ?? 0));
  return Math.max(0, ...rounds) + 1;
}

function version(command: string, args: readonly string[]): string {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).split('\n')[0]!;
  } catch {
    return `${command}: not found`;
  }
}

/** `q64 3, v86 3`: results by engine. */
function runs(): string {
  const counts = new Map<string, number>();
  for (const file of readdirSync(RESULTS)) {
    const engine = /^(\w+)-\d+\.json$/.exec(file)?.[1];
    if (engine) counts.set(engine, (counts.get(engine) ?? 0) + 1);
  }
  return [...counts].map(([engine, count]) => `${engine} ${count}`).join(', ');
}

function report(byCpu: string, byWall: string): string {
  const processors = cpus();
  return [
    '# Against the peers',
    '',
    '`npm run bench -- peers`: seconds, best of the rounds, and slowdown against the processor itself (xN). A `CHECKSUM` line would name a test whose result differs from native.',
    '',
    "Native times are wall time, so that on a machine busy with other work (see its load) xN comes out too small; the engines' CPU seconds compare with each other all the same.",
    '',
    `- Date: ${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC; runs, engines taking turns: ${runs()}`,
    `- Annex: ${version('git', ['describe', '--always', '--dirty'])}, Node ${process.version}`,
    `- Machine: ${processors[0]?.model ?? 'unknown'}, ${processors.length} processors, ${process.platform}-${process.arch}`,
    `- Load of the machine at the end: ${loadavg()[0]!.toFixed(1)}`,
    `- Peers: ${version('qemu-system-x86_64', ['--version'])} (q32, q64: TCG); v86 ${V86_VERSION}`,
    '',
    '## CPU seconds of the whole process',
    '',
    byCpu,
    '',
    '## Wall seconds',
    '',
    byWall,
    '',
  ].join('\n');
}

/** The table's lines «geomean GROUP: ENGINE FIGURE, …». */
function geomeans(table: string): Figure[] {
  return [...table.matchAll(/^geomean (.+?): (.+)$/gm)].flatMap(([, group, figures]) =>
    figures!.split(', ').map((figure) => {
      const [engine, slowdown] = figure.split(' ');
      return { figure: `${group}: ${engine}`, value: `${slowdown} × native`, goal: '', met: undefined };
    }),
  );
}
