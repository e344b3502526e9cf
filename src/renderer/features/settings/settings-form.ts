import type { DriveConfig, MachineConfig } from '../../../shared/config/machine-config.js';
import type { MachinePatch } from '../../../shared/contract/commands.js';
import type { MediaView } from '../../../shared/contract/host-view.js';
import { cleanFolder, diskProblem, memoryProblem, nameProblem, type Problem } from './validation.js';

type BootDevice = MachineConfig['bootOrder'][number];
export type DriveKind = DriveConfig['kind'];

/** A drive being edited: as configured, or new with its medium or size. */
export interface DriveDraft {
  config: DriveConfig;
  /** Chosen in this dialog; replaces what the drive holds. */
  medium: MediaView | null;
  /** Size of a disk to be made, in GiB. */
  newSizeGiB: number | null;
}

/** A machine's settings as the dialog edits them. */
export interface SettingsForm {
  name: string;
  notes: string;
  folder: string;
  guestOs: MachineConfig['guestOs'];
  memoryMiB: number;
  engine: MachineConfig['engine'];
  processor: MachineConfig['processor'];
  firmware: MachineConfig['firmware'];
  firmwareMedium: MediaView | null;
  bootOrder: BootDevice[];
  bootMenuSeconds: number;
  drives: DriveDraft[];
  kernel: { path: string; initrd: string; commandLine: string } | null;
  kernelMedium: MediaView | null;
  initrdMedium: MediaView | null;
  videoMemoryMiB: MachineConfig['display']['videoMemoryMiB'];
  serials: { port: number; mode: 'console' | 'none' }[];
  pointer: MachineConfig['pointer'];
  clock: MachineConfig['clock'];
  /** Path of the kernel's System.map, null for none. */
  systemMap: string | null;
  systemMapMedium: MediaView | null;
}

const REPLACED_BY_HOST = 'medium';
/** Fields that may change while the machine is on. */
const ANY_TIME: readonly (keyof MachinePatch)[] = ['name', 'notes', 'folder', 'systemMap'];

export function formFromConfig(config: MachineConfig): SettingsForm {
  return {
    name: config.name,
    notes: config.notes,
    folder: config.folder,
    guestOs: config.guestOs,
    memoryMiB: config.memoryMiB,
    engine: config.engine,
    processor: config.processor,
    firmware: config.firmware,
    firmwareMedium: null,
    bootOrder: [...config.bootOrder],
    bootMenuSeconds: config.bootMenuMs / 1000,
    drives: config.drives.map((drive) => ({ config: drive, medium: null, newSizeGiB: null })),
    kernel: config.kernel
      ? { path: config.kernel.path, initrd: config.kernel.initrd ?? '', commandLine: config.kernel.commandLine }
      : null,
    kernelMedium: null,
    initrdMedium: null,
    videoMemoryMiB: config.display.videoMemoryMiB,
    serials: [1, 2].map((port) => ({
      port,
      mode: config.serials.find((serial) => serial.port === port)?.mode ?? 'none',
    })),
    pointer: config.pointer,
    clock: config.clock,
    systemMap: config.systemMap,
    systemMapMedium: null,
  };
}

/** The first IDE place no drive has: channel 0 before 1, master before slave. */
function freeIdeSlot(drives: readonly DriveDraft[]): { bus: 'ide'; channel: number; unit: number } | null {
  const used = new Set(
    drives.flatMap(({ config }) => (config.kind === 'floppy' ? [] : [config.slot.channel * 2 + config.slot.unit])),
  );
  const place = [0, 1, 2, 3].find((candidate) => !used.has(candidate));
  return place === undefined ? null : { bus: 'ide', channel: place >> 1, unit: place & 1 };
}

function freeFloppyUnit(drives: readonly DriveDraft[]): number | null {
  const used = new Set(drives.flatMap(({ config }) => (config.kind === 'floppy' ? [config.unit] : [])));
  return [0, 1].find((unit) => !used.has(unit)) ?? null;
}

function freeId(base: string, drives: readonly DriveDraft[]): string {
  const used = new Set(drives.map(({ config }) => config.id));
  let n = 1;
  while (used.has(`${base}${n}`)) n++;
  return `${base}${n}`;
}

/** Free IDE places and the drive's own, in order. */
export function placesFor(drive: DriveDraft, drives: readonly DriveDraft[]): { channel: number; unit: number }[] {
  const others = drives.filter((other) => other !== drive);
  const taken = others.flatMap(({ config }) => (config.kind === 'floppy' ? [] : [config.slot]));
  const isFree = (channel: number, unit: number) => !taken.some((s) => s.channel === channel && s.unit === unit);
  return [0, 1].flatMap((channel) => [0, 1].filter((unit) => isFree(channel, unit)).map((unit) => ({ channel, unit })));
}

export function canAdd(kind: DriveKind, drives: readonly DriveDraft[]): boolean {
  return kind === 'floppy' ? freeFloppyUnit(drives) !== null : freeIdeSlot(drives) !== null;
}

/** Adds a drive in the first free place; answers whether there was one. */
export function addDrive(
  form: SettingsForm,
  kind: DriveKind,
  disk: { medium: MediaView } | { sizeGiB: number } | null,
): boolean {
  const { drives } = form;
  if (kind === 'floppy') {
    const unit = freeFloppyUnit(drives);
    if (unit === null) return false;
    const config: DriveConfig = { id: freeId('floppy', drives), kind, unit, path: null, readonly: false };
    drives.push({ config, medium: null, newSizeGiB: null });
    return true;
  }
  const slot = freeIdeSlot(drives);
  if (!slot) return false;
  if (kind === 'cdrom') {
    drives.push({ config: { id: freeId('cd', drives), kind, slot, path: null }, medium: null, newSizeGiB: null });
    return true;
  }
  const medium = disk && 'medium' in disk ? disk.medium : null;
  const config: DriveConfig = {
    id: freeId('disk', drives),
    kind,
    slot,
    path: REPLACED_BY_HOST,
    format: medium?.format ?? 'raw',
    readonly: false,
  };
  drives.push({ config, medium, newSizeGiB: disk && 'sizeGiB' in disk ? disk.sizeGiB : null });
  return true;
}

export interface SettingsProblems {
  readonly name: Problem | null;
  readonly memory: Problem | null;
  readonly disks: Problem | null;
  readonly boot: Problem | null;
  readonly kernel: Problem | null;
  readonly notes: Problem | null;
}

export function settingsProblems(
  form: SettingsForm,
  otherNames: readonly string[],
  hostBytes: number | null,
): SettingsProblems {
  const sizes = form.drives.flatMap((drive) => (drive.newSizeGiB === null ? [] : [drive.newSizeGiB]));
  const noKernel = form.kernel !== null && form.kernel.path === '' && form.kernelMedium === null;
  const longLine = (form.kernel?.commandLine.length ?? 0) > 4095;
  return {
    name: nameProblem(form.name, otherNames),
    memory: memoryProblem(form.memoryMiB, hostBytes),
    disks: sizes.map(diskProblem).find((problem) => problem !== null) ?? null,
    boot: form.bootOrder.length === 0 ? { key: 'validate.bootEmpty' } : null,
    kernel: noKernel ? { key: 'validate.kernelMissing' } : longLine ? { key: 'validate.commandLineLong' } : null,
    notes: form.notes.length > 10_000 ? { key: 'validate.notesLong' } : null,
  };
}

function kernelOf(form: SettingsForm): MachineConfig['kernel'] {
  if (!form.kernel) return undefined;
  const initrd = form.initrdMedium ? REPLACED_BY_HOST : form.kernel.initrd;
  return {
    path: form.kernelMedium ? REPLACED_BY_HOST : form.kernel.path,
    commandLine: form.kernel.commandLine,
    ...(initrd === '' ? {} : { initrd }),
  };
}

function firmwareOf({ firmware, firmwareMedium }: SettingsForm): MachineConfig['firmware'] {
  return firmware.kind === 'file' && firmwareMedium ? { kind: 'file', path: REPLACED_BY_HOST } : firmware;
}

function mediaOf(form: SettingsForm): Record<string, string> {
  const drives = form.drives.flatMap(({ config, medium }) => (medium ? [[config.id, medium.id] as const] : []));
  const kernel = form.kernel && form.kernelMedium ? [['kernel', form.kernelMedium.id] as const] : [];
  const initrd = form.kernel && form.initrdMedium ? [['initrd', form.initrdMedium.id] as const] : [];
  const firmware =
    form.firmware.kind === 'file' && form.firmwareMedium ? [['firmware', form.firmwareMedium.id] as const] : [];
  return Object.fromEntries([...drives, ...kernel, ...initrd, ...firmware]);
}

/** Only the fields that differ from the present configuration, and while the machine is on only those that may. */
export function patchFromForm(form: SettingsForm, config: MachineConfig, on: boolean): MachinePatch {
  const wanted: Partial<MachineConfig> = {
    name: form.name.trim(),
    notes: form.notes,
    folder: cleanFolder(form.folder),
    guestOs: form.guestOs,
    memoryMiB: form.memoryMiB,
    engine: form.engine,
    processor: form.processor,
    firmware: firmwareOf(form),
    bootOrder: form.bootOrder,
    bootMenuMs: Math.round(form.bootMenuSeconds * 1000),
    drives: form.drives.map((drive) => drive.config),
    display: { videoMemoryMiB: form.videoMemoryMiB },
    serials: form.serials,
    pointer: form.pointer,
    clock: form.clock,
    systemMap: form.systemMapMedium ? REPLACED_BY_HOST : form.systemMap,
  };
  const present: Partial<MachineConfig> = { ...config, serials: formFromConfig(config).serials };
  const changed = (Object.keys(wanted) as (keyof MachinePatch & keyof MachineConfig)[]).filter(
    (key) => JSON.stringify(wanted[key]) !== JSON.stringify(present[key]) && (!on || ANY_TIME.includes(key)),
  );
  const patch: MachinePatch = Object.fromEntries(changed.map((key) => [key, wanted[key]]));
  const systemMap = form.systemMapMedium ? { systemMap: form.systemMapMedium.id } : {};
  if (on) return form.systemMapMedium ? { ...patch, media: systemMap } : patch;
  const kernel = kernelOf(form);
  const media = { ...mediaOf(form), ...systemMap };
  const newDisks = form.drives.flatMap(({ config: drive, newSizeGiB }) =>
    newSizeGiB === null ? [] : [[drive.id, { sizeBytes: newSizeGiB * 2 ** 30 }] as const],
  );
  const placed = form.drives.some(({ medium }) => medium !== null) || newDisks.length > 0;
  return {
    ...patch,
    // Media and new disks are placed into the drives they come with.
    ...(placed ? { drives: form.drives.map((drive) => drive.config) } : {}),
    ...(form.kernel === null && config.kernel ? { kernel: null } : {}),
    ...(kernel && (form.kernelMedium || form.initrdMedium || JSON.stringify(kernel) !== JSON.stringify(config.kernel))
      ? { kernel }
      : {}),
    ...(Object.keys(media).length > 0 ? { media } : {}),
    ...(newDisks.length > 0 ? { newDisks: Object.fromEntries(newDisks) } : {}),
  };
}
