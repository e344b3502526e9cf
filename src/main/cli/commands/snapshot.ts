import type { MachineView } from '../../../shared/contract/machine-view.js';
import type { SnapshotTreeView, SnapshotView } from '../../../shared/contract/snapshot-view.js';
import type { Arguments, Command, OptionSpec } from '../command.js';
import { bytes } from '../describe-machine.js';
import { findSnapshot } from '../find-snapshot.js';
import type { HostSession } from '../host-session.js';
import { drawTree } from '../snapshot-drawing.js';
import { json, table, type Terminal } from '../terminal.js';
import { UsageError } from '../usage-error.js';
import { withMachine } from '../with-session.js';

/** What a subcommand about one snapshot is given. */
interface Subject {
  readonly session: HostSession;
  readonly machine: MachineView;
  readonly snapshot: SnapshotView;
  readonly args: Arguments;
  readonly terminal: Terminal;
}

/** A subcommand `annex snapshot NAME MACHINE SNAPSHOT`. */
function aboutOne(
  name: string,
  summary: string,
  options: Readonly<Record<string, OptionSpec>>,
  work: (subject: Subject) => Promise<void>,
  lasting = false,
): Command {
  return {
    name: `snapshot ${name}`,
    positionals: ['NAME', 'SNAPSHOT'],
    summary,
    options,
    run: (args, terminal) =>
      withMachine(args, lasting, async (session, machine) => {
        const tree = await session.request('snapshot.tree', { id: machine.config.id });
        await work({ session, machine, snapshot: findSnapshot(tree, args.positionals[1]!), args, terminal });
        return 0;
      }),
  };
}

export const take: Command = {
  name: 'snapshot take',
  positionals: ['NAME', '[TITLE]'],
  summary: 'Takes a snapshot; of a running machine with its memory, while it runs on.',
  options: { notes: { value: 'TEXT', help: 'notes' } },
  run: (args, terminal) =>
    withMachine(args, false, async (session, { config }) => {
      const [, name] = args.positionals;
      const notes = args.string('notes') ?? '';
      const snapshot = await session.request('snapshot.take', { id: config.id, notes, ...(name !== undefined && { name }) });
      terminal.out(args.flag('json') ? json(snapshot) : `${snapshot.name}: ${snapshot.id}\n`);
      return 0;
    }),
}; // prettier-ignore

export const list: Command = {
  name: 'snapshot list',
  positionals: ['NAME'],
  summary: 'Lists the snapshots of a machine.',
  options: {},
  run: (args, terminal) => showTree(args, terminal, (tree) => table(rowsOf(tree))),
};

export const tree: Command = {
  name: 'snapshot tree',
  positionals: ['NAME'],
  summary: 'Draws the snapshots of a machine as a tree.',
  options: {},
  run: (args, terminal) => showTree(args, terminal, drawTree),
};

export const show = aboutOne('show', 'Shows one snapshot.', {}, async ({ snapshot, args, terminal }) => {
  terminal.out(args.flag('json') ? json(snapshot) : describe(snapshot));
  return Promise.resolve();
});

export const revert = aboutOne(
  'revert',
  'Goes back to a snapshot; what the machine is now is thrown away.',
  {},
  async ({ session, machine, snapshot, args, terminal }) => {
    const view = await session.request('snapshot.revert', { id: machine.config.id, snapshotId: snapshot.id });
    terminal.out(args.flag('json') ? json(view) : `${view.config.name}: ${view.state}\n`);
  },
  // A machine that runs again afterwards outlives this command.
  true,
);

export const remove = aboutOne(
  'delete',
  'Deletes a snapshot and merges its disk layers.',
  { descendants: { help: 'and all that were taken after it' } },
  async ({ session, machine, snapshot, args, terminal }) => {
    const descendants = args.flag('descendants');
    const { id } = machine.config;
    const left = await session.request('snapshot.delete', { id, snapshotId: snapshot.id, descendants });
    if (args.flag('json')) terminal.out(json(left));
    else if (left.pendingMerges > 0) terminal.error('annex: its disk layers are merged when the machine is off.\n');
  },
);

export const rename: Command = {
  name: 'snapshot rename',
  positionals: ['NAME', 'SNAPSHOT', '[TITLE]'],
  summary: 'Gives a snapshot another name or other notes.',
  options: { notes: { value: 'TEXT', help: 'new notes' } },
  run: (args, terminal) =>
    withMachine(args, false, async (session, { config: { id } }) => {
      const [, wanted, name] = args.positionals;
      const notes = args.string('notes');
      if (name === undefined && notes === undefined) throw new UsageError('TITLE or --notes is missing. See "annex snapshot rename --help".'); // prettier-ignore
      const { id: snapshotId } = findSnapshot(await session.request('snapshot.tree', { id }), wanted!);
      const patch = { ...(name !== undefined && { name }), ...(notes !== undefined && { notes }) };
      const snapshot = await session.request('snapshot.edit', { id, snapshotId, ...patch });
      if (args.flag('json')) terminal.out(json(snapshot));
      return 0;
    }),
};

export const compare: Command = {
  name: 'snapshot compare',
  positionals: ['NAME', 'SNAPSHOT', '[OTHER]'],
  summary: 'Says what differs between two snapshots, or a snapshot and the present.',
  options: {},
  run: (args, terminal) =>
    withMachine(args, false, async (session, { config: { id } }) => {
      const all = await session.request('snapshot.tree', { id });
      const [, from, to] = args.positionals.map((wanted, i) => (i === 0 ? null : findSnapshot(all, wanted).id));
      const found = await session.request('snapshot.compare', { id, from: from!, to: to ?? null });
      if (args.flag('json')) terminal.out(json(found));
      else {
        const drives = found.drives.map((d) => [`Disk ${d.driveId}`, `${d.change}, ${bytes(d.differentBytes)} of ${bytes(d.sizeBytes)}`]);
        const { memory } = found;
        const ram = memory ? [['Memory', `${bytes(memory.differentBytes)} of ${bytes(memory.totalBytes)}`]] : [];
        const settings = found.settings.map(({ field, from: a, to: b }) => [field, `${a ?? 'none'} → ${b ?? 'none'}`]);
        terminal.out(table([...drives, ...ram, ...settings]));
      }
      return 0;
    }),
}; // prettier-ignore

export const tidy: Command = {
  name: 'snapshot tidy',
  positionals: ['NAME'],
  summary: 'Merges disk layers that deleted snapshots have left.',
  options: {},
  run: (args, terminal) =>
    withMachine(args, false, async (session, { config: { id } }) => {
      const after = await session.request('snapshot.tidy', { id });
      if (args.flag('json')) terminal.out(json(after));
      return 0;
    }),
};

function showTree(args: Arguments, terminal: Terminal, draw: (tree: SnapshotTreeView) => string): Promise<number> {
  return withMachine(args, false, async (session, { config: { id } }) => {
    const found = await session.request('snapshot.tree', { id });
    terminal.out(args.flag('json') ? json(found) : draw(found));
    if (found.problem && !args.flag('json')) terminal.error(`annex: ${found.problem.message}\n`);
    return found.problem ? 1 : 0;
  });
}

function rowsOf({ snapshots, currentId }: SnapshotTreeView): string[][] {
  if (snapshots.length === 0) return [];
  const rows = snapshots.map((s) => [
    s.id === currentId ? '*' : '',
    s.name,
    new Date(s.createdAt).toISOString(),
    s.power,
    bytes(s.diskBytes + s.stateBytes),
    s.id,
  ]);
  return [['', 'NAME', 'TAKEN', 'STATE', 'SIZE', 'ID'], ...rows];
}

function describe(snapshot: SnapshotView): string {
  return table([
    ['Name', snapshot.name],
    ['Id', snapshot.id],
    ['Taken', new Date(snapshot.createdAt).toISOString()],
    ['Kind', snapshot.kind],
    ['State', snapshot.power],
    ['Disks', bytes(snapshot.diskBytes)],
    ['Memory', bytes(snapshot.stateBytes)],
    ...snapshot.linkedClones.map(({ name }) => ['Linked clone', name]),
    ...(snapshot.notes ? [['Notes', snapshot.notes]] : []),
  ]);
}
