import {
  MAX_MEMORY_MIB,
  MIN_MEMORY_MIB,
  type GuestOs,
  type MachineConfig,
} from '../../../shared/config/machine-config.js';
import { AnnexError } from '../../../shared/contract/errors.js';

/** A disk of a machine as another program describes it. */
export type ForeignDisk =
  /** Content in a file, by the name the description has for it: untrusted. */
  | { readonly kind: 'file'; readonly name: string }
  /** Never written to. */
  | { readonly kind: 'empty'; readonly sizeBytes: number };

/** A machine as another program describes it, as far as we can use it. */
export interface ForeignMachine {
  readonly name: string;
  readonly notes: string;
  readonly memoryMiB: number;
  readonly guestOs: GuestOs;
  readonly disks: readonly ForeignDisk[];
  readonly floppy: boolean;
  /** What it has and ours will not, a sentence each, for the person. */
  readonly warnings: readonly string[];
}

const MAX_NAME = 80;
const MAX_NOTES = 10_000;
/** Places for disks: the CD-ROM drive has the fourth. */
const DISK_SLOTS = [
  { channel: 0, unit: 0 },
  { channel: 0, unit: 1 },
  { channel: 1, unit: 1 },
] as const;

export type MachineDraftConfig = Omit<MachineConfig, 'version' | 'id' | 'createdAt'>;

/**
 * Settings of our machine like the foreign one. Disks get paths that stand for themselves until their files are there.
 * @throws AnnexError `not-supported` if it has more disks than ours can
 */
export function draftOf(machine: ForeignMachine, name: string): MachineDraftConfig {
  if (machine.disks.length > DISK_SLOTS.length)
    throw new AnnexError(
      'not-supported',
      `This machine has ${machine.disks.length} disks; ${DISK_SLOTS.length} are possible. Import its disks one by one instead.`,
      { disks: machine.disks.length },
    );
  const disks = machine.disks.map((_, i) => ({
    id: `disk${i}`,
    kind: 'disk' as const,
    slot: { bus: 'ide' as const, ...DISK_SLOTS[i]! },
    path: `disk${i}.qcow2`,
    format: 'qcow2' as const,
    readonly: false,
  }));
  const cdrom = {
    id: 'cdrom0',
    kind: 'cdrom' as const,
    slot: { bus: 'ide' as const, channel: 1, unit: 0 },
    path: null,
  };
  const floppy = { id: 'floppy0', kind: 'floppy' as const, unit: 0, path: null, readonly: false };
  return {
    name,
    guestOs: machine.guestOs,
    notes: machine.notes.slice(0, MAX_NOTES),
    folder: '',
    autoSnapshots: null,
    systemMap: null,
    memoryMiB: Math.max(MIN_MEMORY_MIB, Math.min(machine.memoryMiB, MAX_MEMORY_MIB)),
    cpus: 1,
    engine: 'auto',
    processor: 'full',
    firmware: { kind: 'builtin' },
    bootOrder: ['disk', 'cdrom', 'floppy'],
    bootMenuMs: 0,
    drives: [...disks, cdrom, ...(machine.floppy ? [floppy] : [])],
    serials: [{ port: 1, mode: 'console' }],
    display: { videoMemoryMiB: 16 },
    pointer: 'auto',
    clock: machine.guestOs === 'windows' || machine.guestOs === 'dos' ? 'local' : 'utc',
  };
}

/** The machine with warnings about what cannot be had here. */
export function withLimits(machine: ForeignMachine, cpus: number, uefi: boolean): ForeignMachine {
  const { memoryMiB } = machine;
  const warnings = [
    ...machine.warnings,
    ...(memoryMiB > MAX_MEMORY_MIB ? [`It had ${memoryMiB} MiB of memory and gets ${MAX_MEMORY_MIB} MiB.`] : []),
    ...(cpus > 1 ? [`It had ${cpus} processors and gets one.`] : []),
    ...(uefi ? ['It starts through UEFI firmware; a system installed that way may not start through a BIOS.'] : []),
  ];
  return { ...machine, warnings };
}

/** A name our machines may have, made of any text. */
export function machineName(text: string): string {
  const name = text.replace(/[/\\:*?"<>|\p{Cc}]+/gu, ' ').replace(/\s+/g, ' ').trim().slice(0, MAX_NAME).trim();
  return name === '' ? 'Imported machine' : name;
} // prettier-ignore

const GUESTS: readonly (readonly [RegExp, GuestOs])[] = [
  [/debian/i, 'debian'],
  [/ubuntu/i, 'ubuntu'],
  [/fedora/i, 'fedora'],
  [/alpine/i, 'alpine'],
  [/arch ?linux/i, 'arch'],
  [/freebsd/i, 'freebsd'],
  [/openbsd/i, 'openbsd'],
  [/netbsd/i, 'netbsd'],
  [/windows|^win/i, 'windows'],
  [/\bdos\b|msdos/i, 'dos'],
  [/linux|centos|red ?hat|rhel|suse|oracle|rocky|alma/i, 'linux'],
];

/** The system other programs mean by an identifier or a description. */
export function guestOsOf(text: string): GuestOs {
  return GUESTS.find(([pattern]) => pattern.test(text))?.[1] ?? 'other';
}
