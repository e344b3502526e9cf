import path from 'node:path';
import { diskFormatSchema } from '../../../shared/config/machine-config.js';
import {
  imageLayoutSchema,
  repairModeSchema,
  type DiskCheckReport,
  type DiskDetails,
  type ImageRef,
} from '../../../shared/disk-jobs/protocol.js';
import type { Arguments, Command, OptionSpec } from '../command.js';
import { bytes } from '../describe-machine.js';
import { runDiskJob } from '../disk-job.js';
import { diskSize } from '../disk-size.js';
import { refuseNeeded } from '../library-guard.js';
import { json, table, type Terminal } from '../terminal.js';
import { UsageError } from '../usage-error.js';

type DiskFormat = NonNullable<ImageRef['format']>;

const OK = 0;
/** The disks differ, or the image is not sound. */
const FOUND = 1;

const FORMATS = diskFormatSchema.options.join(', ');
const BASE: OptionSpec = { value: 'FILE', help: 'file outside its folder that it may build on', multiple: true };
const FORMAT: OptionSpec = { value: 'FORMAT', help: `${FORMATS} (default: recognised)` };
const LAYOUT: OptionSpec = { value: 'LAYOUT', help: 'sparse, fixed or compressed (default: sparse)' };

/** Format by the end of a file's name. */
const EXTENSIONS: Readonly<Record<string, DiskFormat>> = {
  '.raw': 'raw', '.img': 'raw', '.qcow2': 'qcow2', '.vmdk': 'vmdk', '.vhd': 'vhd', '.vhdx': 'vhdx', '.vdi': 'vdi',
}; // prettier-ignore

/** One of the values a schema names. @throws UsageError */
function choice<T extends string>(option: string, text: string, options: readonly T[]): T {
  const found = options.find((candidate) => candidate === text);
  if (found !== undefined) return found;
  throw new UsageError(`--${option} takes ${options.join(', ')}, not "${text}".`);
}

function formatOption(args: Arguments, option: string): DiskFormat | undefined {
  const text = args.string(option);
  return text === undefined ? undefined : choice(option, text, diskFormatSchema.options);
}

function basesOf(args: Arguments): string[] | null {
  const bases = args.strings('base').map((file) => path.resolve(file));
  return bases.length === 0 ? null : bases;
}

function imageOf(args: Arguments, position = 0, option = 'format'): ImageRef {
  return {
    path: path.resolve(args.positionals[position]!),
    format: formatOption(args, option) ?? null,
    bases: basesOf(args),
  };
}

/** Format of a file to be made: as asked, or as its name says. */
function newFormat(args: Arguments, file: string): DiskFormat {
  const format = formatOption(args, 'format') ?? EXTENSIONS[path.extname(file).toLowerCase()];
  if (format !== undefined) return format;
  throw new UsageError(`What format "${path.basename(file)}" is to have is not clear from its name. Say --format.`);
}

const layoutOf = (args: Arguments) => choice('layout', args.string('layout') ?? 'sparse', imageLayoutSchema.options);

/** The details of an image are the answer of every command that makes or changes one. */
async function answer(image: ImageRef, args: Arguments, terminal: Terminal): Promise<number> {
  const details = await runDiskJob({ job: 'info', image }, args, terminal);
  terminal.out(args.flag('json') ? json(details) : describe(details));
  return OK;
}

function describe(details: DiskDetails): string {
  const { format, variant, layout, size, fileBytes, clusterBytes, backing, snapshots, needsRepair } = details;
  return table([
    ['File', details.path],
    ['Format', [format, variant, layout === 'sparse' ? null : layout].filter((part) => part !== null).join(' ')],
    ['Disk', `${bytes(size)} (${size} bytes)`],
    ['Takes', bytes(fileBytes)],
    ...(clusterBytes === null ? [] : [['Cluster', `${clusterBytes} bytes`]]),
    ...(backing === null ? [] : [['Builds on', `${backing.name} (${backing.format ?? 'format not stated'})`]]),
    ...snapshots.map(({ id, name, size: then }) => ['Snapshot', `${id} ${name}, ${bytes(then)}`]),
    ...(needsRepair ? [['State', 'needs repair: "annex disk check --repair all"']] : []),
  ]);
}

export const create: Command = {
  name: 'disk create',
  positionals: ['FILE', '[SIZE]'],
  summary: 'Makes an empty disk image, or an overlay over another one.',
  options: {
    'format': { value: 'FORMAT', help: `${FORMATS} (default: by the name)` },
    'layout': LAYOUT,
    'cluster': { value: 'SIZE', help: 'unit of allocation' },
    'backing': { value: 'FILE', help: 'image that is read where nothing has been written' },
    'backing-format': { value: 'FORMAT', help: `its format: ${FORMATS} (default: recognised)` },
  },
  run: async (args, terminal) => {
    const [name, size] = args.positionals;
    const file = path.resolve(name!);
    const backing = await backingOf(args, file, terminal);
    if (size === undefined && backing === null)
      throw new UsageError('SIZE is missing. See "annex disk create --help".');
    const cluster = args.string('cluster');
    const request = {
      job: 'create',
      path: file,
      format: newFormat(args, file),
      layout: layoutOf(args),
      size: size === undefined ? null : diskSize(size),
      clusterBytes: cluster === undefined ? null : diskSize(cluster),
      backing: backing?.reference ?? null,
      bases: backing && [backing.file],
    } as const;
    await runDiskJob(request, args, terminal);
    return answer({ path: file, format: request.format, bases: request.bases }, args, terminal);
  },
};

async function backingOf(args: Arguments, file: string, terminal: Terminal) {
  const name = args.string('backing');
  if (name === undefined) return null;
  const backing = path.resolve(name);
  const image = { path: backing, format: formatOption(args, 'backing-format') ?? null, bases: null };
  const { format } = await runDiskJob({ job: 'info', image }, args, terminal);
  return { file: backing, reference: { name: path.relative(path.dirname(file), backing), format } };
}

export const info: Command = {
  name: 'disk info',
  positionals: ['FILE'],
  summary: 'Shows what a disk image is.',
  options: { format: FORMAT, base: BASE },
  run: (args, terminal) => answer(imageOf(args), args, terminal),
};

export const convert: Command = {
  name: 'disk convert',
  positionals: ['SOURCE', 'TARGET'],
  summary: 'Writes what a disk reads as, with all it builds on, into a new image.',
  options: {
    'format': { value: 'FORMAT', help: `of TARGET: ${FORMATS} (default: by the name)` },
    'layout': LAYOUT,
    'source-format': { ...FORMAT, help: `of SOURCE: ${FORMATS} (default: recognised)` },
    'base': BASE,
  },
  run: async (args, terminal) => {
    const target = path.resolve(args.positionals[1]!);
    const source = imageOf(args, 0, 'source-format');
    const made = { path: target, format: newFormat(args, target) };
    await runDiskJob({ job: 'convert', source, ...made, layout: layoutOf(args) }, args, terminal);
    return answer({ ...made, bases: null }, args, terminal);
  },
};

export const resize: Command = {
  name: 'disk resize',
  positionals: ['FILE', 'SIZE'],
  summary: 'Makes a disk larger (20G, or +5G for so much more), or smaller with --shrink.',
  options: { format: FORMAT, base: BASE, shrink: { help: 'cut the disk, and lose what lies beyond the new end' } },
  run: async (args, terminal) => {
    const image = imageOf(args);
    const { size: present } = await runDiskJob({ job: 'info', image }, args, terminal);
    const size = diskSize(args.positionals[1]!, present);
    await refuseNeeded(args, [image.path]);
    await runDiskJob({ job: 'resize', image, size, allowShrink: args.flag('shrink') }, args, terminal);
    return answer(image, args, terminal);
  },
};

export const compact: Command = {
  name: 'disk compact',
  positionals: ['FILE'],
  summary: 'Gives room back to the host that a disk image does not need.',
  options: { format: FORMAT, base: BASE },
  run: async (args, terminal) => {
    const image = imageOf(args);
    await refuseNeeded(args, [image.path]);
    const saved = await runDiskJob({ job: 'compact', image }, args, terminal);
    const { bytesBefore, bytesAfter } = saved;
    terminal.out(args.flag('json') ? json(saved) : `${bytes(bytesBefore)} before, ${bytes(bytesAfter)} now\n`);
    return OK;
  },
};

export const check: Command = {
  name: 'disk check',
  positionals: ['FILE'],
  summary: 'Looks for damage in a disk image, and repairs it if asked; exit code 1 if some is left.',
  options: { format: FORMAT, base: BASE, repair: { value: 'WHAT', help: 'leaks: only give room back; all' } },
  run: async (args, terminal) => {
    const repair = choice('repair', args.string('repair') ?? 'none', repairModeSchema.options);
    const image = imageOf(args);
    if (repair !== 'none') await refuseNeeded(args, [image.path]);
    const report = await runDiskJob({ job: 'check', image, repair }, args, terminal);
    terminal.out(args.flag('json') ? json(report) : verdict(report));
    return report.errors + report.leaks === 0 ? OK : FOUND;
  },
};

function verdict({ errors, leaks, repairedErrors, repairedLeaks, problems }: DiskCheckReport): string {
  const sums = [
    [errors, 'errors'],
    [leaks, 'leaked clusters'],
    [repairedErrors, 'errors repaired'],
    [repairedLeaks, 'leaks given back'],
  ] as const;
  const found = sums.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
  return [...problems, found.length === 0 ? 'No damage found.' : `${found.join(', ')}.`, ''].join('\n');
}

export const compare: Command = {
  name: 'disk compare',
  positionals: ['A', 'B'],
  summary: 'Compares what two disks read as; exit code 1 if they differ.',
  options: {
    'format': FORMAT,
    'other-format': { ...FORMAT, help: `of B: ${FORMATS} (default: recognised)` },
    'base': BASE,
  },
  run: async (args, terminal) => {
    const images = { a: imageOf(args, 0), b: imageOf(args, 1, 'other-format') };
    const difference = await runDiskJob({ job: 'compare', ...images }, args, terminal);
    const { differentBytes, ranges } = difference;
    const first = ranges[0];
    if (args.flag('json')) terminal.out(json(difference));
    else if (first === undefined) terminal.out('The disks are the same.\n');
    else terminal.out(`${bytes(differentBytes)} differ, the first at ${first.offset}.\n`);
    return differentBytes === 0 ? OK : FOUND;
  },
};
