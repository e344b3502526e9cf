import type { MachineView } from '../../../shared/contract/machine-view.js';
import type { Command } from '../command.js';
import type { HostSession } from '../host-session.js';
import { json } from '../terminal.js';
import { withMachine } from '../with-session.js';

type PowerCommand = 'machine.pause' | 'machine.reset' | 'machine.resume' | 'machine.suspend';

function powerCommand(name: string, summary: string, command: PowerCommand): Command {
  return {
    name,
    positionals: ['NAME'],
    summary,
    options: {},
    run: (args, terminal) =>
      withMachine(args, command === 'machine.resume', async (session, { config }) => {
        const machine = await session.request(command, { id: config.id });
        terminal.out(args.flag('json') ? json(machine) : `${config.name}: ${machine.state}\n`);
        return 0;
      }),
  };
}

export const start: Command = {
  name: 'start',
  positionals: ['NAME'],
  summary: 'Starts a machine, or goes on with a suspended one; it runs on when this command has ended.',
  options: { disposable: { help: 'throw away at power-off whatever the guest writes' } },
  run: (args, terminal) =>
    withMachine(args, true, async (session, { config }) => {
      const request = { id: config.id, disposable: args.flag('disposable') };
      const machine = await session.request('machine.start', request);
      terminal.out(args.flag('json') ? json(machine) : `${config.name}: ${machine.state}\n`);
      return 0;
    }),
};
export const pause = powerCommand('pause', 'Pauses a running machine.', 'machine.pause');
export const resume = powerCommand('resume', 'Lets a paused or suspended machine go on.', 'machine.resume');
export const suspend = powerCommand(
  'suspend',
  'Saves a running machine and ends it; resume goes on.',
  'machine.suspend',
);
export const reset = powerCommand('reset', 'Presses the reset button.', 'machine.reset');

export const stop: Command = {
  name: 'stop',
  positionals: ['NAME'],
  summary: 'Shuts a machine down by its power button, or cuts its power.',
  options: {
    force: { help: 'cut the power' },
    timeout: { value: 'S', help: 'cut the power if the guest is not off after S seconds (default: 60)' },
  },
  run: (args, terminal) =>
    withMachine(args, false, async (session, { config }) => {
      const seconds = args.number('timeout', 0, 86_400) ?? 60;
      const machine = await stopMachine(session, config.id, args.flag('force') ? 0 : seconds * 1000);
      terminal.out(args.flag('json') ? json(machine) : `${config.name}: ${machine.state}\n`);
      return 0;
    }),
};

/** @param graceMs how long the guest may take after its power button was pressed; 0 does not press it */
async function stopMachine(session: HostSession, id: string, graceMs: number): Promise<MachineView> {
  if (graceMs > 0) {
    const off = whenOff(session, id, graceMs);
    await session.request('machine.shutdown', { id });
    if (await off) return session.request('machine.get', { id });
  }
  return session.request('machine.powerOff', { id });
}

/** @returns whether the machine was off in time */
function whenOff(session: HostSession, id: string, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => finish(false), timeoutMs);
    const unsubscribe = session.onEvent((event) => {
      if (event.type !== 'machine-changed' || event.machine.config.id !== id) return;
      if (event.machine.state === 'stopped' || event.machine.state === 'crashed') finish(true);
    });
    const finish = (off: boolean): void => {
      clearTimeout(timer);
      unsubscribe();
      resolve(off);
    };
  });
}
