import path from 'node:path';
import type { MachineConfig } from '../../../shared/config/machine-config.js';
import type { MachineDraft, MachinePatch } from '../../../shared/contract/commands.js';
import type { MediaView } from '../../../shared/contract/host-view.js';
import type { Arguments, Command, OptionSpec } from '../command.js';
import { bootOrderOf } from '../boot-order.js';
import { describeMachine } from '../describe-machine.js';
import type { HostSession } from '../host-session.js';
import { json, table } from '../terminal.js';
import { UsageError } from '../usage-error.js';
import { withMachine, withSession } from '../with-session.js';

const GIB = 2 ** 30;

/** Settings `create` and `edit` share. */
const SETTINGS: Readonly<Record<string, OptionSpec>> = {
  'memory': { value: 'MiB', help: 'guest memory' },
  'cdrom': { value: 'FILE', help: 'medium in the CD drive' },
  'floppy': { value: 'FILE', help: 'medium in the floppy drive' },
  'kernel': { value: 'FILE', help: 'kernel to start directly' },
  'initrd': { value: 'FILE', help: 'initial RAM disk for the kernel' },
  'append': { value: 'TEXT', help: 'command line for the kernel' },
  'firmware': { value: 'KIND', help: 'builtin, seabios or a file' },
  'boot': { value: 'LIST', help: 'boot order, such as cdrom,disk' },
  'system-map': {
    value: 'FILE',
    help: "names hot kernel code in the monitor and in figures by the kernel's System.map; none for no names",
  },
  'notes': { value: 'TEXT', help: 'notes' },
  'folder': { value: 'NAME', help: 'folder in the library' },
};

export const create: Command = {
  name: 'create',
  positionals: ['NAME'],
  summary: 'Creates a machine.',
  options: {
    ...SETTINGS,
    'disk': { value: 'FILE', help: 'existing disk image to use' },
    'new-disk': { value: 'GiB', help: 'disk to create' },
  },
  run: (args, terminal) =>
    withSession(args, false, async (session) => {
      const draft = await draftOf(session, args);
      const machine = await session.request('machine.create', { draft });
      terminal.out(args.flag('json') ? json(machine) : describeMachine(machine));
      return 0;
    }),
};

export const edit: Command = {
  name: 'edit',
  positionals: ['NAME'],
  summary: 'Changes the settings of a machine.',
  options: { name: { value: 'NAME', help: 'new name' }, ...SETTINGS },
  run: (args, terminal) =>
    withMachine(args, false, async (session, { config }) => {
      const patch = await patchOf(session, args, config);
      if (Object.keys(patch).length === 0) throw new UsageError('Nothing to change. See "annex edit --help".');
      const machine = await session.request('machine.edit', { id: config.id, patch });
      terminal.out(args.flag('json') ? json(machine) : describeMachine(machine));
      return 0;
    }),
};

export const list: Command = {
  name: 'list',
  positionals: [],
  summary: 'Lists the machines of the library.',
  options: {},
  run: (args, terminal) =>
    withSession(args, false, async (session) => {
      const library = await session.request('library.list', {});
      if (args.flag('json')) terminal.out(json(library));
      else {
        const rows = library.machines.map(({ config, state }) => [config.name, state, `${config.memoryMiB} MiB`, config.id]);
        if (rows.length > 0) terminal.out(table([['NAME', 'STATE', 'MEMORY', 'ID'], ...rows]));
        for (const { path: folder, error } of library.broken) terminal.error(`${path.basename(folder)}: ${error.message}\n`);
      }
      return 0;
    }),
}; // prettier-ignore

export const show: Command = {
  name: 'show',
  positionals: ['NAME'],
  summary: 'Shows the settings and the state of a machine.',
  options: { stats: { help: 'figures of the running machine as JSON instead' } },
  run: (args, terminal) =>
    withMachine(args, false, async (session, machine) => {
      if (args.flag('stats')) {
        const { stats } = await session.request('machine.stats', { id: machine.config.id });
        terminal.out(json(stats));
      } else terminal.out(args.flag('json') ? json(machine) : describeMachine(machine));
      return 0;
    }),
};

export const remove: Command = {
  name: 'delete',
  positionals: ['NAME'],
  summary: 'Moves a machine to the trash, or deletes it where there is none.',
  options: {},
  run: (args, terminal) =>
    withMachine(args, false, async (session, { config }) => {
      await session.request('machine.delete', { id: config.id });
      if (args.flag('json')) terminal.out(json({ deleted: config.id }));
      return 0;
    }),
};

async function addMedium(session: HostSession, file: string): Promise<MediaView> {
  return session.request('media.add', { path: path.resolve(file) });
}

/** A disc image used as a disk is a raw one. */
function diskFormat(medium: MediaView): 'raw' | Exclude<MediaView['format'], 'iso' | null> {
  const format = medium.format ?? 'raw';
  return format === 'iso' ? 'raw' : format;
}

type ChosenMedia = Record<string, MediaView>;

/** Media named by options, by the key a draft gives them. */
async function mediaOf(session: HostSession, args: Arguments): Promise<ChosenMedia> {
  const keys = { disk: 'disk0', cdrom: 'cdrom0', floppy: 'floppy0', kernel: 'kernel', initrd: 'initrd' };
  const media: ChosenMedia = {};
  for (const [option, key] of Object.entries(keys)) {
    const file = args.string(option);
    if (file !== undefined) media[key] = await addMedium(session, file);
  }
  return media;
}

async function draftOf(session: HostSession, args: Arguments): Promise<MachineDraft> {
  const media = await mediaOf(session, args);
  const newDiskGiB = args.number('new-disk', 0.001, 8192);
  const existing = media['disk0'];
  const newDisk = existing ? 'disk1' : 'disk0';
  const common = settingsOf(args);
  return {
    name: args.positionals[0]!,
    memoryMiB: 512,
    ...common,
    ...(await firmwareOf(session, args, media)),
    ...(await systemMapOf(session, args, media)),
    drives: [
      ...(existing ? [ideDisk('disk0', 0, diskFormat(existing))] : []),
      ...(newDiskGiB === undefined ? [] : [ideDisk(newDisk, existing ? 1 : 0, 'raw')]),
      { id: 'cdrom0', kind: 'cdrom', slot: { bus: 'ide', channel: 1, unit: 0 }, path: null },
      ...(media['floppy0'] ? [{ id: 'floppy0', kind: 'floppy', unit: 0, path: null } as const] : []),
    ],
    ...(media['kernel'] ? { kernel: kernelOf(args) } : {}),
    newDisks: newDiskGiB === undefined ? {} : { [newDisk]: { sizeBytes: Math.floor((newDiskGiB * GIB) / 512) * 512 } },
    media: idsOf(media),
  };
} // prettier-ignore

/** A hard disk on the first IDE channel; the host puts the image's own path there. */
function ideDisk(id: string, unit: 0 | 1, format: ReturnType<typeof diskFormat>) {
  return { id, kind: 'disk', slot: { bus: 'ide', channel: 0, unit }, path: id, format } as const;
}

function idsOf(media: ChosenMedia): Record<string, string> {
  return Object.fromEntries(Object.entries(media).map(([key, { id }]) => [key, id]));
}

async function patchOf(session: HostSession, args: Arguments, current: MachineConfig): Promise<MachinePatch> {
  const media = await mediaOf(session, args);
  const drives = current.drives.map((drive) => ({ ...drive }));
  const missing = ['cdrom0', 'floppy0'].find((id) => media[id] && !drives.some((drive) => drive.id === id));
  if (missing) throw new UsageError(`This machine has no drive "${missing}".`);
  const name = args.string('name');
  return {
    ...(name === undefined ? {} : { name }),
    ...settingsOf(args),
    ...(await firmwareOf(session, args, media)),
    ...(await systemMapOf(session, args, media)),
    ...(media['kernel'] ? { kernel: kernelOf(args) } : {}),
    ...(media['cdrom0'] || media['floppy0'] ? { drives } : {}),
    ...(Object.keys(media).length > 0 ? { media: idsOf(media) } : {}),
  };
}

/** Settings that name no file. */
function settingsOf(args: Arguments): Omit<MachinePatch, 'kernel'> {
  const memoryMiB = args.number('memory', 4, 3072);
  const [notes, folder, boot] = [args.string('notes'), args.string('folder'), args.string('boot')];
  return {
    ...(memoryMiB === undefined ? {} : { memoryMiB: Math.floor(memoryMiB) }),
    ...(notes === undefined ? {} : { notes }),
    ...(folder === undefined ? {} : { folder }),
    ...(boot === undefined ? {} : { bootOrder: bootOrderOf(boot) }),
  };
}

async function firmwareOf(
  session: HostSession,
  args: Arguments,
  media: ChosenMedia,
): Promise<Pick<MachinePatch, 'firmware'>> {
  const firmware = args.string('firmware');
  if (firmware === undefined) return {};
  if (firmware === 'builtin' || firmware === 'seabios') return { firmware: { kind: firmware } };
  media['firmware'] = await addMedium(session, firmware);
  return { firmware: { kind: 'file', path: firmware } };
}

async function systemMapOf(
  session: HostSession,
  args: Arguments,
  media: ChosenMedia,
): Promise<Pick<MachinePatch, 'systemMap'>> {
  const systemMap = args.string('system-map');
  if (systemMap === undefined) return {};
  if (systemMap === 'none') return { systemMap: null };
  media['systemMap'] = await addMedium(session, systemMap);
  return { systemMap };
}

function kernelOf(args: Arguments): NonNullable<MachineConfig['kernel']> {
  const initrd = args.string('initrd');
  return { path: 'kernel', commandLine: args.string('append') ?? '', ...(initrd === undefined ? {} : { initrd }) };
}
