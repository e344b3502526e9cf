import { describe, expect, it } from 'vitest';
import { parseCommand, type Command } from './command.js';
import { chord } from './key-names.js';
import { main } from './main.js';
import { EscapeFilter } from './serial-terminal.js';
import { editDistance, UsageError } from './usage-error.js';

const command: Command = {
  name: 'test',
  positionals: ['NAME', '[OTHER]'],
  summary: 'Test.',
  options: {
    memory: { value: 'MiB', help: '' },
    disk: { value: 'FILE', help: '', multiple: true },
    stats: { help: '' },
  },
  run: () => Promise.resolve(0),
};

describe('parseCommand', () => {
  it('gives what was typed', () => {
    const args = parseCommand(command, ['vm', '--memory', '64', '--disk', 'a', '--disk=b', '--stats']);
    expect([args.positionals, args.number('memory', 1, 100), args.strings('disk'), args.flag('stats')]).toEqual([
      ['vm'],
      64,
      ['a', 'b'],
      true,
    ]);
  });

  it.each([
    [['vm', '--memroy', '64'], /--memroy.*--memory/],
    [['vm', '--zzzzz'], /Unknown option --zzzzz\./],
    [['vm', '-x'], /Unknown option -x/],
    [['vm', '--memory'], /memory/],
    [['vm', '--stats=yes'], /stats/],
    [[], /NAME is missing/],
    [['a', 'b', 'c'], /"c" is one argument too many/],
  ])('explains %j', (argv, message) => {
    expect(() => parseCommand(command, argv)).toThrow(UsageError);
    expect(() => parseCommand(command, argv)).toThrow(message);
  });

  it.each(['x', '', '1e9', '-1', 'NaN', '0x'])('takes %j for no memory size', (text) => {
    expect(() => parseCommand(command, ['vm', `--memory=${text}`]).number('memory', 4, 3072)).toThrow(UsageError);
  });
});

describe('main', () => {
  async function run(...argv: string[]) {
    const terminal = { output: '', errors: '' };
    const code = await main(argv, {
      out: (text) => void (terminal.output += text),
      error: (text) => void (terminal.errors += text),
    });
    return { code, ...terminal };
  }

  it('exits with 2 and a hint when it does not understand', async () => {
    expect(await run('statr')).toMatchObject({ code: 2, errors: expect.stringMatching(/Did you mean "start"/) });
    expect(await run('run', '--net', 'nat')).toMatchObject({ code: 2, errors: expect.stringMatching(/takes none/) });
    expect(await run('run', '--screenshot', 'a.jpg')).toMatchObject({ code: 2 });
    expect(await run('send-keys', 'x', 'ctlr+alt+delete')).toMatchObject({
      code: 2,
      errors: expect.stringMatching(/ctrl/),
    });
    expect(await run()).toMatchObject({ code: 2, output: '' });
  });

  it('explains every command', async () => {
    const { code, output } = await run('--help');
    expect(code).toBe(0);
    for (const name of [
      'run',
      'create',
      'list',
      'show',
      'edit',
      'delete',
      'start',
      'stop',
      'send-keys',
      'serve',
      'demo',
    ]) {
      expect(output).toContain(`  ${name} `);
      expect(await run(name, '--help')).toMatchObject({ code: 0, output: expect.stringContaining(`annex ${name}`) });
    }
  });

  it('exits with 1 when a file is not there', async () => {
    expect(await run('run', '--kernel', '/nonexistent/vmlinuz')).toMatchObject({ code: 1, output: '' });
    const { errors } = await run('run', '--kernel', '/nonexistent/vmlinuz', '--json');
    expect(JSON.parse(errors)).toMatchObject({ error: { code: 'media-not-found' } });
  });
});

describe('EscapeFilter', () => {
  const filter = (...chunks: string[]) => {
    const escape = new EscapeFilter();
    return chunks.map((chunk) => {
      const { pass, escaped } = escape.filter(new TextEncoder().encode(chunk));
      return new TextDecoder().decode(pass) + (escaped ? '!' : '');
    });
  };

  it('leaves on Ctrl+A x, even typed in two chunks', () => {
    expect(filter('ab\x01x')).toEqual(['ab!']);
    expect(filter('\x01', 'X')).toEqual(['', '!']);
  });

  it('passes everything else on', () => {
    expect(filter('\x01\x01x')).toEqual(['\x01x']);
    expect(filter('\x01y')).toEqual(['\x01y']);
  });
});

it('presses a chord in order and releases it in reverse', () => {
  const text = chord('Ctrl+alt+DEL').map((e) => (e.type === 'key' ? `${e.down ? '+' : '-'}${e.code}` : ''));
  expect(text).toEqual(['+ControlLeft', '+AltLeft', '+Delete', '-Delete', '-AltLeft', '-ControlLeft']);
});

it('measures slips of the finger', () => {
  expect([editDistance('start', 'start'), editDistance('strat', 'start'), editDistance('', 'abc')]).toEqual([0, 2, 3]);
});
