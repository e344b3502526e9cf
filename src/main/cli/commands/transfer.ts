import path from 'node:path';
import { describeMachine } from '../describe-machine.js';
import type { Command } from '../command.js';
import { withJobProgress } from '../job-progress.js';
import { json } from '../terminal.js';
import { withMachine, withSession } from '../with-session.js';

export const importMachine: Command = {
  name: 'import',
  positionals: ['FILE'],
  summary: 'Makes a machine of an OVA, OVF, VMX or VBOX file of another program, or of a disk image.',
  options: { name: { value: 'NAME', help: 'name of the machine (default: the one it has)' } },
  run: (args, terminal) =>
    withSession(args, false, async (session) => {
      const medium = await session.request('media.add', { path: path.resolve(args.positionals[0]!) });
      const request = { mediaId: medium.id, name: args.string('name') ?? null };
      const reply = await withJobProgress(session, 'import', args, terminal, () =>
        session.request('machine.import', request),
      );
      if (args.flag('json')) terminal.out(json(reply));
      else {
        terminal.out(describeMachine(reply.machine));
        for (const warning of reply.warnings) terminal.error(`${warning}\n`);
      }
      return 0;
    }),
};

export const exportMachine: Command = {
  name: 'export',
  positionals: ['NAME', 'FILE.ova'],
  summary: 'Writes a machine that is off, with all its disks, to an OVA file for other programs.',
  options: {},
  run: (args, terminal) =>
    withMachine(args, false, async (session, { config }) => {
      const request = { id: config.id, path: path.resolve(args.positionals[1]!) };
      const reply = await withJobProgress(session, 'export', args, terminal, () =>
        session.request('machine.export', request),
      );
      terminal.out(args.flag('json') ? json(reply) : `${reply.path}: ${reply.sizeBytes} bytes\n`);
      return 0;
    }),
};
