import {
  AUTO_SNAPSHOT_INTERVALS,
  MAX_AUTO_SNAPSHOTS,
  USUAL_AUTO_SNAPSHOTS,
  type MachineConfig,
} from '../../../shared/config/machine-config.js';
import type { Arguments, Command } from '../command.js';
import { json } from '../terminal.js';
import { UsageError } from '../usage-error.js';
import { withMachine } from '../with-session.js';

type Schedule = MachineConfig['autoSnapshots'];

/** The one command about automatic snapshots: without an option it says how they are taken. */
export const auto: Command = {
  name: 'snapshot auto',
  positionals: ['NAME'],
  summary: 'Has snapshots taken by the time a machine runs, or says whether they are.',
  options: {
    every: { value: 'PERIOD', help: `${AUTO_SNAPSHOT_INTERVALS.join(', ')} of running time` },
    keep: { value: 'N', help: 'how many to keep; older automatic ones are deleted' },
    off: { help: 'take no more; those that are there stay' },
  },
  run: (args, terminal) =>
    withMachine(args, false, async (session, { config: { id, autoSnapshots: present } }) => {
      const wanted = scheduleOf(args, present);
      const patch = { autoSnapshots: wanted ?? null };
      const { config } = wanted === undefined ? { config: { autoSnapshots: present } } : await session.request('machine.edit', { id, patch });
      terminal.out(args.flag('json') ? json(config.autoSnapshots) : `${inWords(config.autoSnapshots)}\n`);
      return 0;
    }),
}; // prettier-ignore

/** @returns undefined if the command line asks for no change @throws UsageError */
function scheduleOf(args: Arguments, present: Schedule): Schedule | undefined {
  const period = args.string('every');
  const every = AUTO_SNAPSHOT_INTERVALS.find((interval) => interval === period);
  const keep = args.number('keep', 1, MAX_AUTO_SNAPSHOTS);
  if (period !== undefined && !every)
    throw new UsageError(`--every takes ${AUTO_SNAPSHOT_INTERVALS.join(', ')}, not "${period}".`);
  if (!args.flag('off'))
    return every || keep !== undefined
      ? { ...USUAL_AUTO_SNAPSHOTS, ...present, ...(every && { every }), ...(keep !== undefined && { keep }) }
      : undefined;
  if (every || keep !== undefined) throw new UsageError('--off takes no --every and no --keep.');
  return null;
}

function inWords(schedule: Schedule): string {
  if (!schedule) return 'No automatic snapshots.';
  const { every, keep } = schedule;
  return `A snapshot every ${every.replace('-', ' ')} of running time, the newest ${keep} kept.`;
}
