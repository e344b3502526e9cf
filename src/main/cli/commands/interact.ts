import type { Command } from '../command.js';
import { attachTerminal } from '../serial-terminal.js';
import { chord } from '../key-names.js';
import { checkScreenshotName, writeScreenshot } from '../screenshot-file.js';
import { json } from '../terminal.js';
import { withMachine } from '../with-session.js';

/** Time between two chords, in ms: guests poll their keyboard. */
const CHORD_PAUSE_MS = 40;

export const sendKeys: Command = {
  name: 'send-keys',
  positionals: ['NAME', 'KEYS...'],
  summary: 'Presses keys in a guest: send-keys NAME ctrl+alt+delete enter.',
  options: {},
  run: (args, terminal) => {
    const chords = args.positionals.slice(1).map(chord);
    return withMachine(args, false, async (session, { config }) => {
      for (const events of chords) {
        await session.request('machine.input', { id: config.id, events });
        await new Promise((resolve) => setTimeout(resolve, CHORD_PAUSE_MS));
      }
      if (args.flag('json')) terminal.out(json({ chords: chords.length }));
      return 0;
    });
  },
};

export const type: Command = {
  name: 'type',
  positionals: ['NAME', 'TEXT...'],
  summary: 'Types text on the keyboard of a guest (US layout); \\n is Enter.',
  options: {},
  run: (args, terminal) =>
    withMachine(args, false, async (session, { config }) => {
      const text = args.positionals.slice(1).join(' ').replace(/\\n/g, '\n').replace(/\\t/g, '\t');
      const result = await session.request('machine.type', { id: config.id, text });
      if (args.flag('json')) terminal.out(json(result));
      else if (result.skipped) terminal.error(`annex: no key for ${JSON.stringify(result.skipped)}\n`);
      return 0;
    }),
};

export const screenshot: Command = {
  name: 'screenshot',
  positionals: ['NAME', 'FILE'],
  summary: 'Saves the screen of a guest: FILE.png as a picture, FILE.txt as characters.',
  options: {},
  run: async (args, terminal) => {
    const file = args.positionals[1] ?? '';
    checkScreenshotName(file);
    return withMachine(args, false, async (session, { config: { id } }) => {
      await writeScreenshot(file, {
        png: async () => (await session.request('machine.screenshot', { id })).png,
        text: async () => (await session.request('machine.screenText', { id })).text,
      });
      if (args.flag('json')) terminal.out(json({ file }));
      return 0;
    });
  },
};

export const console: Command = {
  name: 'console',
  positionals: ['NAME'],
  summary: "Joins this terminal with the guest's serial port; Ctrl+A x leaves.",
  options: { port: { value: 'N', help: 'serial port, 1 or 2 (default: 1)' } },
  run: (args) =>
    withMachine(args, false, async (session, { config }) => {
      const kind = args.number('port', 1, 2) === 2 ? 'serial2' : 'serial1';
      const channel = await session.openChannel(config.id, kind);
      const left = await attachTerminal(channel);
      if (left === 'escaped') channel.close();
      return 0;
    }),
};
