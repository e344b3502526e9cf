import { parseArgs } from 'node:util';
import type { Template } from './generate/template.js';

export interface Options {
  readonly seed: number;
  /** Cases after which to stop, or 0: never. */
  readonly cases: number;
  readonly only: (template: Template) => boolean;
  /** Describe every difference instead of the first of each kind. */
  readonly every: boolean;
  /** Batches to record from the processor instead. */
  readonly record: number;
  /** File for the coverage table; rows are executed until each combination has had its states. */
  readonly coverage: string | undefined;
  /** Whole regions, on the translator as well. */
  readonly regions: boolean;
  /** Store what differs, made small, as conformance cases. */
  readonly keep: boolean;
}

export const USAGE = `npm run oracle -- [--seed N] [--cases N] [--family integer|simd|x87] [--only MNEMONICS] [--every] [--record N] [--coverage FILE] [--regions] [--keep-differences]
Executes random instructions on this processor and on the interpreter and reports what differs; until stopped, or
--cases are done. --only takes a regular expression of mnemonics. --record writes
N batches with the processor's outcomes to conformance/cpu/oracle/recorded instead. --coverage goes on until each
combination of row, operand size, operand and prefix has had 1000 states, and writes the table to FILE, or goes on from
what is there. --regions takes loops of
whole basic blocks instead, and executes them on the translator as well. --keep-differences drops whatever
a difference does not need and stores it in conformance/cpu/oracle/recorded/kept, where CI takes it from.`;

/** @throws Error for what it does not know */
export function parseOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      'seed': { type: 'string' },
      'cases': { type: 'string', default: '0' },
      'family': { type: 'string' },
      'only': { type: 'string' },
      'every': { type: 'boolean', default: false },
      'record': { type: 'string', default: '0' },
      'coverage': { type: 'string' },
      'regions': { type: 'boolean', default: false },
      'keep-differences': { type: 'boolean', default: false },
    },
  });
  const number = (name: string, text: string): number => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < 0) throw new Error(`--${name} takes a whole number, not ${text}`);
    return value;
  };
  const mnemonics = values.only === undefined ? undefined : new RegExp(`^(${values.only})$`);
  return {
    seed: values.seed === undefined ? freshSeed() : number('seed', values.seed),
    cases: number('cases', values.cases),
    only: ({ family, mnemonic }) =>
      (values.family === undefined || values.family === family) &&
      (mnemonics === undefined || mnemonics.test(mnemonic)),
    every: values.every,
    record: number('record', values.record),
    coverage: values.coverage,
    regions: values.regions,
    keep: values['keep-differences'],
  };
}

export function freshSeed(): number {
  return Math.floor(Math.random() * 2 ** 31);
}
