import type { Command } from '../command.js';
import { attachTerminal } from '../serial-terminal.js';
import { json } from '../terminal.js';
import { withSession } from '../with-session.js';

export const demo: Command = {
  name: 'demo',
  positionals: [],
  summary: 'Makes a small Debian from its packages, starts it and joins this terminal with it; Ctrl+A x leaves.',
  options: { 'no-console': { help: 'do not join the terminal' } },
  run: (args, terminal) =>
    withSession(args, true, async (session) => {
      const unsubscribe = session.onEvent((event) => {
        if (event.type === 'job' && event.job.state === 'running' && !args.flag('json'))
          terminal.error(`${event.job.title}: step ${event.job.doneBytes + 1}\n`);
      });
      const { config } = await session.request('demo.create', {});
      unsubscribe();
      const machine = await session.request('machine.start', { id: config.id });
      if (args.flag('json')) terminal.out(json(machine));
      if (args.flag('json') || args.flag('no-console')) return 0;
      const channel = await session.openChannel(config.id, 'serial1');
      if ((await attachTerminal(channel)) === 'closed') return 0;
      terminal.error(`\r\n"${config.name}" goes on in the background. "annex stop '${config.name}'" ends it.\n`);
      channel.close();
      return 0;
    }),
};
