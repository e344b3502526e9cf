import { parseArgs, type ParseArgsOptionDescriptor } from 'node:util';
import type { Terminal } from './terminal.js';
import { nearest, UsageError } from './usage-error.js';

/** One option of a command. */
export interface OptionSpec {
  /** Name of the value in the help text; without it the option is a switch. */
  readonly value?: string;
  readonly help: string;
  readonly multiple?: boolean;
}

/** Parsed command line of one command. */
export interface Arguments {
  readonly positionals: readonly string[];
  flag(name: string): boolean;
  string(name: string): string | undefined;
  strings(name: string): readonly string[];
  /** @throws UsageError if the value is no number in the range */
  number(name: string, min: number, max: number): number | undefined;
}

/** One command of `annex`. */
export interface Command {
  /** One word, or two: a group and what is done in it (`snapshot take`). */
  readonly name: string;
  /** Positional arguments as the help shows them: `NAME`, `[NAME]`, `TEXT...`. */
  readonly positionals: readonly string[];
  readonly summary: string;
  readonly options: Readonly<Record<string, OptionSpec>>;
  /** @returns exit code @throws UsageError, AnnexError */
  run(args: Arguments, terminal: Terminal): Promise<number>;
}

/** Options every command has. */
export const COMMON_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  json: { help: 'answer in JSON' },
  help: { help: 'show this help' },
  library: { value: 'DIR', help: 'library of machines (default: $ANNEX_LIBRARY or ~/Annex)' },
};

/** @throws UsageError naming what is wrong and what was probably meant */
export function parseCommand(command: Command, argv: readonly string[]): Arguments {
  const specs = { ...command.options, ...COMMON_OPTIONS };
  const { values, positionals } = parseStrictly(command, argv, specs);
  checkPositionals(command, positionals, values['help'] === true);
  const all = (name: string): readonly string[] => [values[name] ?? []].flat().filter((v) => typeof v === 'string');
  return {
    positionals,
    flag: (name) => values[name] === true,
    string: (name) => all(name).at(-1),
    strings: all,
    number: (name, min, max) => numberOf(name, all(name).at(-1), min, max),
  };
}

function parseStrictly(command: Command, argv: readonly string[], specs: Readonly<Record<string, OptionSpec>>) {
  const options = Object.fromEntries(
    Object.entries(specs).map(([name, { value, multiple = false }]): [string, ParseArgsOptionDescriptor] => [
      name,
      { type: value === undefined ? 'boolean' : 'string', multiple },
    ]),
  );
  const { tokens } = parseArgs({ args: [...argv], options, strict: false, allowPositionals: true, tokens: true });
  for (const token of tokens) if (token.kind === 'option' && !specs[token.name]) throw unknownOption(command, token.rawName, specs);
  try {
    return parseArgs({ args: [...argv], options, strict: true, allowPositionals: true });
  } catch (error) {
    throw new UsageError(`${firstSentence(error)} See "annex ${command.name} --help".`);
  }
} // prettier-ignore

function unknownOption(command: Command, rawName: string, specs: Readonly<Record<string, OptionSpec>>): UsageError {
  const guess = nearest(rawName.replace(/^-+/, ''), Object.keys(specs));
  const hint = guess === undefined ? '' : ` Did you mean --${guess}?`;
  return new UsageError(`Unknown option ${rawName}.${hint} See "annex ${command.name} --help".`);
}

function firstSentence(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return `${text.split(/\.\s|\n/)[0]!.replace(/\.$/, '')}.`;
}

function checkPositionals({ name, positionals }: Command, given: readonly string[], help: boolean): void {
  const required = positionals.filter((p) => !p.startsWith('[')).length;
  const open = positionals.some((p) => p.endsWith('...') || p.endsWith('...]'));
  if (help) return;
  if (given.length < required)
    throw new UsageError(`${positionals[given.length]} is missing. See "annex ${name} --help".`);
  if (!open && given.length > positionals.length)
    throw new UsageError(`"${given[positionals.length]}" is one argument too many. See "annex ${name} --help".`);
}

function numberOf(name: string, text: string | undefined, min: number, max: number): number | undefined {
  if (text === undefined) return undefined;
  const value = text.trim() === '' ? NaN : Number(text);
  if (!Number.isFinite(value) || value < min || value > max)
    throw new UsageError(`--${name} takes a number from ${min} to ${max}, not "${text}".`);
  return value;
}

export function helpOf(command: Command): string {
  const lines = Object.entries({ ...command.options, ...COMMON_OPTIONS }).map(([name, { value, help }]) => {
    const left = `--${name}${value === undefined ? '' : ` ${value}`}`;
    return `  ${left.padEnd(24)} ${help}`;
  });
  const usage = ['annex', command.name, ...command.positionals, '[options]'].join(' ');
  return `${command.summary}\n\nUsage: ${usage}\n\n${lines.join('\n')}\n`;
}
