import { randomUUID } from 'node:crypto';
import path from 'node:path';
import type { MachineConfig } from '../../shared/config/machine-config.js';
import { checkMachineConfig } from '../../shared/config/migrations.js';
import { detectMedia } from '../host/media/detect-media.js';
import { withFileSource } from '../host/media/file-source.js';
import { bootOrderOf } from './boot-order.js';
import { UsageError } from './usage-error.js';

/** What `annex run` was told of the machine. */
export interface ThrowAwayOptions {
  readonly kernel: string | undefined;
  readonly initrd: string | undefined;
  readonly append: string | undefined;
  readonly cdrom: string | undefined;
  readonly floppy: string | undefined;
  readonly disks: readonly string[];
  readonly firmware: string;
  readonly boot: string | undefined;
  readonly memoryMiB: number;
  readonly engine: MachineConfig['engine'];
}

/** IDE places of disks; the CD drive has the remaining one. */
const DISK_SLOTS = [
  { bus: 'ide', channel: 0, unit: 0 },
  { bus: 'ide', channel: 0, unit: 1 },
  { bus: 'ide', channel: 1, unit: 1 },
] as const;

/** A machine that is in no library. Media that were named come first in the boot order. @throws UsageError, AnnexError */
export async function throwAwayConfig(options: ThrowAwayOptions): Promise<MachineConfig> {
  if (options.disks.length > DISK_SLOTS.length) throw new UsageError(`At most ${DISK_SLOTS.length} disks fit.`);
  if (options.kernel === undefined && (options.initrd ?? options.append) !== undefined)
    throw new UsageError('--initrd and --append need --kernel.');
  return checkMachineConfig({
    version: 1,
    id: randomUUID(),
    name: 'run',
    createdAt: new Date().toISOString(),
    memoryMiB: options.memoryMiB,
    engine: options.engine,
    firmware: firmwareOf(options.firmware),
    bootOrder: options.boot === undefined ? ['cdrom', 'floppy', 'disk'] : bootOrderOf(options.boot),
    drives: await drivesOf(options),
    ...kernelOf(options),
  });
}

async function drivesOf({ disks, cdrom, floppy }: ThrowAwayOptions): Promise<unknown[]> {
  return [
    ...(await Promise.all(disks.map((file, i) => diskOf(path.resolve(file), i)))),
    { id: 'cdrom0', kind: 'cdrom', slot: { bus: 'ide', channel: 1, unit: 0 }, path: cdrom === undefined ? null : path.resolve(cdrom) },
    ...(floppy === undefined ? [] : [{ id: 'floppy0', kind: 'floppy', unit: 0, path: path.resolve(floppy) }]),
  ];
} // prettier-ignore

/** The format is what the content says: a file named on the command line was never asked about before. */
async function diskOf(file: string, number: number): Promise<object> {
  const { format } = await withFileSource(file, path.basename(file), (source) =>
    detectMedia(source, path.basename(file)),
  );
  const drive = { id: `disk${number}`, kind: 'disk', slot: DISK_SLOTS[number], path: file };
  return { ...drive, format: format === 'iso' ? 'raw' : (format ?? 'raw') };
}

function kernelOf({ kernel, initrd, append = '' }: ThrowAwayOptions): { kernel?: object } {
  if (kernel === undefined) return {};
  const disk = initrd === undefined ? {} : { initrd: path.resolve(initrd) };
  return { kernel: { path: path.resolve(kernel), commandLine: append, ...disk } };
}

function firmwareOf(firmware: string): object {
  if (firmware === 'builtin' || firmware === 'seabios') return { kind: firmware };
  return { kind: 'file', path: path.resolve(firmware) };
}
