import { AnnexError } from '../../shared/contract/errors.js';
import { helpOf, parseCommand, type Command } from './command.js';
import { COMMANDS } from './commands/index.js';
import { productVersion } from './installation.js';
import { json, table, type Terminal } from './terminal.js';
import { nearest, UsageError } from './usage-error.js';

const OK = 0;
const FAILED = 1;
const USAGE = 2;

/** Runs `annex` with these arguments. @returns exit code: 0 done, 1 failed, 2 not understood */
export async function main(argv: readonly string[], terminal: Terminal): Promise<number> {
  const wantsJson = argv.includes('--json');
  try {
    return await dispatch(argv, terminal);
  } catch (error) {
    if (error instanceof UsageError) {
      terminal.error(`annex: ${error.message}\n`);
      return USAGE;
    }
    if (!(error instanceof AnnexError)) throw error;
    terminal.error(wantsJson ? json({ error: error.toWire() }) : `annex: ${error.message}\n`);
    return FAILED;
  }
}

async function dispatch(argv: readonly string[], terminal: Terminal): Promise<number> {
  const [name] = argv;
  if (name === undefined || name === '--help' || name === 'help') return showOverview(terminal, name === undefined);
  if (name === '--version') {
    terminal.out(`${productVersion()}\n`);
    return OK;
  }
  const group = COMMANDS.filter((candidate) => candidate.name.startsWith(`${name} `));
  if (group.length > 0 && (argv.length === 1 || argv[1] === '--help')) return showGroup(terminal, name, group, argv.length === 1); // prettier-ignore
  const words = group.length > 0 ? 2 : 1;
  const wanted = argv.slice(0, words).join(' ');
  const command = COMMANDS.find((candidate) => candidate.name === wanted);
  if (!command) throw unknownCommand(wanted);
  const args = parseCommand(command, argv.slice(words));
  if (!args.flag('help')) return command.run(args, terminal);
  terminal.out(helpOf(command));
  return OK;
}

function unknownCommand(name: string): UsageError {
  const guess = nearest(
    name,
    COMMANDS.map((command) => command.name),
  );
  const hint = guess === undefined ? '' : ` Did you mean "${guess}"?`;
  return new UsageError(`There is no command "${name}".${hint} See "annex --help".`);
}

function showGroup(terminal: Terminal, name: string, group: readonly Command[], asError: boolean): number {
  const rows = group.map((command) => [`  ${command.name} ${command.positionals.join(' ')}`, command.summary]);
  const text = `Usage: annex ${name} COMMAND [options]\n\n${table(rows)}\n"annex ${name} COMMAND --help" says more.\n`;
  if (asError) terminal.error(text);
  else terminal.out(text);
  return asError ? USAGE : OK;
}

function showOverview(terminal: Terminal, asError: boolean): number {
  const rows = COMMANDS.map((command: Command) => [`  ${command.name}`, command.summary]);
  const text = `Usage: annex COMMAND [options]\n\n${table(rows)}\n"annex COMMAND --help" says more.\n`;
  if (asError) terminal.error(text);
  else terminal.out(text);
  return asError ? USAGE : OK;
}
