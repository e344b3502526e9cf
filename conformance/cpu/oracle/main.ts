import { obeyBranchHints } from '../../../src/main/vmhost/engine/branch-hints.js';
import { createTestVcpu } from '../../../src/testing/interpreter.js';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describeDifference, kindOf } from './describe.js';
import { EngineTarget } from './guest/engine-target.js';
import { Generator } from './generate/generator.js';
import { BATCH } from './layout.js';
import { parseOptions, USAGE, type Options } from './options.js';
import { copyMemory } from './case-memory.js';
import { encodeRecording } from './recording.js';
import { regionSession } from './regions/region-session.js';
import { keepDifference } from './kept.js';
import { minimise } from './minimise.js';
import { Session, type Difference } from './session.js';
import { HostProcess } from './silicon/host-process.js';

// As in the process of a VM.
obeyBranchHints();

const RECORDED = 'conformance/cpu/oracle/recorded';
/** Milliseconds between two lines of progress. */
const PROGRESS_MS = 10_000;
/** Random states each combination of the coverage table should have had. */
const STATES = 1000;
/** Cases between two looks at the table, and after which what gets no nearer is given up. */
const FILL_CASES = 10_000;
const FILL_LIMIT = 40_000_000;

/** Fixtures for machines whose processor is out of reach. */
function record(silicon: HostProcess, { seed, record: batches, only }: Options): number {
  const source = new Generator(seed, silicon.memory, only);
  const session = new Session(silicon, new EngineTarget(createTestVcpu), source);
  for (let i = 0; i < batches; i++) {
    const infos = session.prepare();
    const before = copyMemory(silicon.memory);
    silicon.run(0, BATCH);
    const recording = encodeRecording({ before, after: copyMemory(silicon.memory), infos });
    writeFileSync(path.resolve(RECORDED, `${i}.br`), recording);
    console.log(`batch ${i}: ${infos.length} cases, ${recording.length} bytes`);
  }
  return 0;
}

/** Executes what has had too few states, as long as that gets less. */
function fill(
  session: Session,
  source: Generator,
  runUntil: (done: () => boolean) => void,
  only: Options['only'],
): void {
  for (let left = Infinity; ;) {
    const lacking = session.coverage.lacking(STATES, only);
    if (lacking === 0 || (lacking === left && session.executed > FILL_LIMIT)) return;
    left = lacking;
    source.restrict(
      (template, mode) => only(template) && session.coverage.lacks(STATES, template, mode),
      (step) => session.coverage.statesOf(step) < STATES,
    );
    const until = session.executed + FILL_CASES;
    runUntil(() => session.executed >= until);
  }
}

/** Makes a difference small and stores it as a conformance case. */
function keep(session: Session, difference: Difference, name: string): void {
  const smallest = minimise(session, difference);
  console.log(`made small: ${describeDifference(smallest)}`);
  console.log(`kept as ${path.relative('.', keepDifference(smallest, name))}`);
}

function main(): number {
  const options = parseOptions(process.argv.slice(2));
  const silicon = new HostProcess();
  if (options.record > 0) return record(silicon, options);
  const source = new Generator(options.seed, silicon.memory, options.only);
  const session = options.regions
    ? regionSession(silicon, options.seed)
    : new Session(silicon, new EngineTarget(createTestVcpu), source);
  if (options.coverage !== undefined && existsSync(options.coverage))
    session.coverage.load(readFileSync(options.coverage, 'utf8'));
  const kinds = new Map<string, number>();
  const start = performance.now();
  let told = start;
  const progress = (): void => {
    const seconds = (performance.now() - start) / 1000;
    const rate = Math.round(session.executed / seconds);
    const differences = [...kinds.values()].reduce((sum, count) => sum + count, 0);
    console.log(`${session.executed} cases, ${rate} a second, ${differences} differences of ${kinds.size} kinds`);
  };
  const runUntil = (done: () => boolean): void => {
    while (!done()) {
      for (const difference of session.batch()) {
        const kind = kindOf(difference);
        kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
        const first = kinds.get(kind) === 1;
        if (options.every || first) console.log(`case ${session.executed}: ${describeDifference(difference)}`);
        if (options.keep && first) keep(session, difference, `${options.seed}-${kinds.size}`);
      }
      if (performance.now() - told < PROGRESS_MS) continue;
      told = performance.now();
      progress();
      if (options.coverage !== undefined) writeFileSync(options.coverage, `${session.coverage.table(STATES)}\n`);
    }
  };
  console.log(`seed ${options.seed}`);
  runUntil(() => options.cases !== 0 && session.executed >= options.cases);
  if (options.coverage !== undefined) {
    fill(session, source, runUntil, options.only);
    writeFileSync(options.coverage, `${session.coverage.table(STATES)}\n`);
    console.log(session.coverage.summary(STATES));
  }
  progress();
  return kinds.size === 0 ? 0 : 1;
}

try {
  process.exitCode = main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  console.error(USAGE);
  process.exitCode = 2;
}
