import type { Command } from '../command.js';
import { describeMachine } from '../describe-machine.js';
import { findSnapshot } from '../find-snapshot.js';
import { json } from '../terminal.js';
import { withMachine } from '../with-session.js';

export const clone: Command = {
  name: 'clone',
  positionals: ['NAME', 'NEW'],
  summary: 'Makes a machine like another one, now or at a snapshot.',
  options: {
    linked: { help: 'keep only what differs; the other machine must stay' },
    snapshot: { value: 'SNAPSHOT', help: 'as it was at this snapshot' },
  },
  run: (args, terminal) =>
    withMachine(args, false, async (session, { config: { id } }) => {
      const wanted = args.string('snapshot');
      const tree = await session.request('snapshot.tree', { id });
      const snapshotId = wanted === undefined ? null : findSnapshot(tree, wanted).id;
      const kind = args.flag('linked') ? 'linked' : 'full';
      const machine = await session.request('machine.clone', { id, name: args.positionals[1]!, kind, snapshotId });
      terminal.out(args.flag('json') ? json(machine) : describeMachine(machine));
      return 0;
    }),
};
