import path from 'node:path';
import { parseArgs } from 'node:util';
import { ENGINES, type EngineName } from './kit.js';

export interface PeersOptions {
  readonly kit: string;
  readonly rounds: number;
  readonly engines: readonly EngineName[];
  /** Comma-separated; all of the kit's if not given. */
  readonly tests: string | undefined;
  /** Results of earlier rounds are kept and added to. */
  readonly keep: boolean;
}

const USAGE = `npm run bench -- peers [--quick] [--rounds=N] [--engines=LIST] [--tests=LIST] [--keep] [--kit=DIR]
  --quick    one round of a few tests of each kind, without the interpreter
  --engines  of ${ENGINES.join(', ')}
  --keep     add to the results of the last call`;

/** Some tests of every group of the kit's table. */
const QUICK_TESTS = 'int,dhry,interp,qsort,nbody,s:vecint,s:vecfp,memcpy,repmovs,chase_s,smc,syscall,fork,gen,sha256';

/** @throws Error with the usage for what it does not know */
export function parsePeersOptions(args: readonly string[]): PeersOptions {
  const { values } = parse(args);
  const quick = values.quick === true;
  const translated = ENGINES.filter((engine) => !engine.includes('interpreter'));
  const engines = values.engines?.split(',') ?? (quick ? translated : ENGINES);
  const rounds = Number(values.rounds ?? (quick ? 1 : 3));
  const unknown = engines.find((engine) => !(ENGINES as readonly string[]).includes(engine));
  if (unknown !== undefined) throw new Error(`No such engine: ${unknown}.\n${USAGE}`);
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error(`--rounds takes a number from 1 on.\n${USAGE}`);
  return {
    kit: path.resolve(values.kit ?? '../shared/bench'),
    rounds,
    engines: engines as EngineName[],
    tests: values.tests ?? (quick ? QUICK_TESTS : undefined),
    keep: values.keep === true,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        quick: { type: 'boolean' },
        keep: { type: 'boolean' },
        rounds: { type: 'string' },
        engines: { type: 'string' },
        tests: { type: 'string' },
        kit: { type: 'string' },
      },
    });
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${USAGE}`);
  }
}
