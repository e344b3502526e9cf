import { z } from 'zod';

/** Newest version of `machine.json` this build reads and the one it writes. Older ones are migrated, newer refused. */
export const MACHINE_CONFIG_VERSION = 1;

export const MIN_MEMORY_MIB = 4;
export const MAX_MEMORY_MIB = 3072;

/** Running time from one automatic snapshot to the next. */
export const AUTO_SNAPSHOT_INTERVALS = ['half-hour', 'hour', 'day'] as const;
/** How many of them a machine can keep. */
export const MAX_AUTO_SNAPSHOTS = 100;

const name = z
  .string()
  .trim()
  .min(1)
  .max(80)
  .regex(/^[^/\\:*?"<>|\p{Cc}]+$/u, 'must not contain / \\ : * ? " < > | or control characters');

/** A path in `machine.json`: absolute, or relative to the machine's folder. */
const path = z
  .string()
  .min(1)
  .max(4096)
  .refine((p) => !p.includes('\0'), 'must not contain NUL');

export const diskFormatSchema = z.enum(['raw', 'qcow2', 'vmdk', 'vhd', 'vhdx', 'vdi', 'iso']);

/** Where a drive sits: IDE channel × unit. */
export const ideSlotSchema = z.object({
  bus: z.literal('ide'),
  channel: z.int().min(0).max(1),
  unit: z.int().min(0).max(1),
});

export const driveSchema = z.discriminatedUnion('kind', [
  z.object({
    id: z.string().min(1).max(40),
    kind: z.literal('disk'),
    slot: ideSlotSchema,
    path,
    format: diskFormatSchema.default('raw'),
    readonly: z.boolean().default(false),
  }),
  z.object({ id: z.string().min(1).max(40), kind: z.literal('cdrom'), slot: ideSlotSchema, path: path.nullable() }),
  z.object({
    id: z.string().min(1).max(40),
    kind: z.literal('floppy'),
    unit: z.int().min(0).max(1),
    path: path.nullable(),
    readonly: z.boolean().default(false),
  }),
]);
export type DriveConfig = z.infer<typeof driveSchema>;

export const bootDeviceSchema = z.enum(['cdrom', 'disk', 'floppy', 'network']);

export const serialConfigSchema = z.object({
  /** COM port, 1 or 2. */
  port: z.int().min(1).max(2),
  /** `console` shows it in the serial tab; `none` leaves the port present but unconnected. */
  mode: z.enum(['console', 'none']).default('console'),
});

export const guestOsSchema = z.enum([
  'debian', 'ubuntu', 'fedora', 'alpine', 'arch', 'linux', 'freebsd', 'openbsd', 'netbsd', 'windows', 'dos', 'memtest', 'other',
]); // prettier-ignore
export type GuestOs = z.infer<typeof guestOsSchema>;

/** Everything that defines a machine: the content of `machine.json`. */
export const machineConfigSchema = z.object({
  version: z.literal(MACHINE_CONFIG_VERSION),
  /** RFC 4122 UUID, also the SMBIOS system UUID. */
  id: z.uuid(),
  name,
  guestOs: guestOsSchema.default('other'),
  notes: z.string().max(10_000).default(''),
  /** Folder in the library, `/`-separated, empty for none. */
  folder: z.string().max(200).default(''),
  memoryMiB: z.int().min(MIN_MEMORY_MIB).max(MAX_MEMORY_MIB),
  cpus: z.literal(1).default(1),
  engine: z.enum(['auto', 'interpreter', 'translator', 'kvm']).default('auto'),
  /** `movable`: without what the host's KVM lacks, so that the machine can go from software to KVM and back. */
  processor: z.enum(['full', 'movable']).default('full'),
  firmware: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('builtin') }),
    z.object({ kind: z.literal('seabios') }),
    z.object({ kind: z.literal('file'), path }),
  ]).default({ kind: 'builtin' }),
  bootOrder: z.array(bootDeviceSchema).max(4).default(['cdrom', 'disk', 'floppy']),
  /** Shows the firmware's boot menu key for this long at start, in milliseconds. */
  bootMenuMs: z.int().min(0).max(30_000).default(0),
  /** Direct Linux, PVH or multiboot start; bypasses boot devices. */
  kernel: z.object({ path, initrd: path.optional(), commandLine: z.string().max(4095).default('') }).optional(),
  drives: z.array(driveSchema).max(6).default([]),
  serials: z.array(serialConfigSchema).max(2).default([{ port: 1, mode: 'console' }]),
  display: z.object({ videoMemoryMiB: z.union([z.literal(4), z.literal(8), z.literal(16), z.literal(32)]).default(16) }).default({ videoMemoryMiB: 16 }),
  pointer: z.enum(['auto', 'relative']).default('auto'),
  /** Real-time clock shows UTC (Linux, BSD) or local time (Windows, DOS). */
  clock: z.enum(['utc', 'local']).default('utc'),
  /** Snapshots Annex takes by itself while the machine runs; null for none. */
  autoSnapshots: z.object({ every: z.enum(AUTO_SNAPSHOT_INTERVALS), keep: z.int().min(1).max(MAX_AUTO_SNAPSHOTS) }).nullable().default(null),
  /** System.map of the guest's kernel, which names its code in the translator's figures; null for none. */
  systemMap: path.nullable().default(null),
  createdAt: z.iso.datetime(),
}); // prettier-ignore
export type MachineConfig = z.infer<typeof machineConfigSchema>;

/** The schedule of automatic snapshots where a person has not said otherwise. */
export const USUAL_AUTO_SNAPSHOTS = {
  every: 'hour',
  keep: 10,
} as const satisfies MachineConfig['autoSnapshots'];
