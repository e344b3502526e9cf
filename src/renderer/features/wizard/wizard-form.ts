import {
  guestOsSchema,
  type DriveConfig,
  type GuestOs,
  type MachineConfig,
} from '../../../shared/config/machine-config.js';
import type { MachineDraft } from '../../../shared/contract/commands.js';
import type { MediaView } from '../../../shared/contract/host-view.js';
import { osDefaults } from '../settings/os-defaults.js';
import {
  cleanFolder,
  diskProblem,
  freeName,
  memoryProblem,
  nameProblem,
  type Problem,
} from '../settings/validation.js';

/** How the new machine starts. */
export type Source = 'medium' | 'kernel' | 'empty';

/** What the wizard asks for. */
export interface WizardForm {
  source: Source;
  medium: MediaView | null;
  kernel: MediaView | null;
  initrd: MediaView | null;
  commandLine: string;
  guestOs: GuestOs;
  name: string;
  /** What the name was set to by itself. */
  suggestedName: string;
  folder: string;
  memoryMiB: number;
  /** Size of a new disk; null for none. */
  diskGiB: number | null;
  firmware: 'builtin' | 'seabios';
  engine: MachineConfig['engine'];
  videoMemoryMiB: MachineConfig['display']['videoMemoryMiB'];
  clock: MachineConfig['clock'];
  pointer: MachineConfig['pointer'];
  serial: boolean;
  floppy: boolean;
}

export const DEFAULT_COMMAND_LINE = 'console=ttyS0 console=tty0';
/** A schema needs a path; the host puts that of the medium or of the new disk there. */
const REPLACED_BY_HOST = 'medium';

export function emptyForm(taken: readonly string[], baseName: string): WizardForm {
  const defaults = osDefaults('other');
  const name = freeName(baseName, taken);
  return {
    source: 'medium',
    medium: null,
    kernel: null,
    initrd: null,
    commandLine: DEFAULT_COMMAND_LINE,
    guestOs: 'other',
    name,
    suggestedName: name,
    folder: '',
    memoryMiB: defaults.memoryMiB,
    diskGiB: defaults.diskGiB,
    firmware: 'builtin',
    engine: 'auto',
    videoMemoryMiB: 16,
    clock: defaults.clock,
    pointer: 'auto',
    serial: true,
    floppy: false,
  };
}

/** The system a medium was recognised as, or null. */
export function detectedOs(medium: MediaView | null): GuestOs | null {
  const found = guestOsSchema.safeParse(medium?.detected?.guestOs);
  return found.success && found.data !== 'other' ? found.data : null;
}

/** `debian-12.11.0-amd64-netinst.iso` → `debian-12`; what is left of a file name that says what is on it. */
export function nameFromMedium(medium: MediaView): string {
  const stem = medium.name.replace(/\.[^.]{1,6}$/, '').replace(/[/\\:*?"<>|\p{Cc}]/gu, ' ');
  const short = /^[a-z]+[-_ ]?\d+/i.exec(stem)?.[0] ?? stem;
  return short.replaceAll('_', '-').trim().slice(0, 80) || medium.name.slice(0, 80);
}

/** Defaults of a system, and where the medium recommends something, its figures. */
export function applySystem(form: WizardForm, guestOs: GuestOs): void {
  const defaults = osDefaults(guestOs);
  const advice = detectedOs(form.medium) === guestOs ? form.medium?.detected : null;
  form.guestOs = guestOs;
  form.memoryMiB = advice?.recommendedMemoryMiB || defaults.memoryMiB;
  form.clock = defaults.clock;
  if (form.medium?.kind === 'disk') form.diskGiB = null;
  else form.diskGiB = (advice ? advice.recommendedDiskGiB : defaults.diskGiB) || null;
}

/** Takes a medium as what to start from, and sets everything that follows from it. */
export function takeMedium(form: WizardForm, medium: MediaView, taken: readonly string[]): void {
  if (medium.kind === 'kernel') {
    form.source = 'kernel';
    form.kernel = medium;
    applySystem(form, 'linux');
    form.diskGiB = null;
  } else if (medium.kind === 'initrd') {
    form.source = 'kernel';
    form.initrd = medium;
    return;
  } else {
    form.source = 'medium';
    form.medium = medium;
    form.floppy = medium.kind === 'floppy';
    applySystem(form, detectedOs(medium) ?? 'other');
  }
  suggestName(form, freeName(nameFromMedium(medium), taken));
}

/** A name the person has typed stays: a large medium is recognised only after a while. */
function suggestName(form: WizardForm, name: string): void {
  if (form.name === form.suggestedName || form.name.trim() === '') form.name = name;
  form.suggestedName = name;
}

export interface FormProblems {
  readonly source: Problem | null;
  readonly name: Problem | null;
  readonly memory: Problem | null;
  readonly disk: Problem | null;
  readonly commandLine: Problem | null;
}

/** What keeps the form from being sent, by field. */
export function formProblems(form: WizardForm, taken: readonly string[], hostBytes: number | null): FormProblems {
  const noMedium = form.source === 'medium' && form.medium === null;
  const noKernel = form.source === 'kernel' && form.kernel === null;
  return {
    source: noMedium ? { key: 'validate.sourceMissing' } : noKernel ? { key: 'validate.kernelMissing' } : null,
    name: nameProblem(form.name, taken),
    memory: memoryProblem(form.memoryMiB, hostBytes),
    disk: form.diskGiB === null ? null : diskProblem(form.diskGiB),
    commandLine: form.commandLine.length > 4095 ? { key: 'validate.commandLineLong' } : null,
  };
}

/** The draft the host makes the machine from. */
export function draftFromForm(form: WizardForm): MachineDraft {
  const media: Record<string, string> = {};
  const drives: DriveConfig[] = [];
  const slot = { bus: 'ide', channel: 0, unit: 0 } as const;
  const medium = form.source === 'medium' ? form.medium : null;
  if (medium?.kind === 'disk') {
    drives.push({
      id: 'disk1',
      kind: 'disk',
      slot,
      path: REPLACED_BY_HOST,
      format: medium.format ?? 'raw',
      readonly: false,
    });
    media['disk1'] = medium.id;
  } else if (form.diskGiB !== null) {
    drives.push({ id: 'disk1', kind: 'disk', slot, path: REPLACED_BY_HOST, format: 'raw', readonly: false });
  }
  const cd = medium && medium.kind !== 'disk' && medium.kind !== 'floppy' ? medium : null;
  drives.push({ id: 'cd1', kind: 'cdrom', slot: { bus: 'ide', channel: 1, unit: 0 }, path: null });
  if (cd) media['cd1'] = cd.id;
  if (form.floppy) {
    drives.push({ id: 'floppy1', kind: 'floppy', unit: 0, path: null, readonly: false });
    if (medium?.kind === 'floppy') media['floppy1'] = medium.id;
  }
  const kernel = form.source === 'kernel' && form.kernel ? form.kernel : null;
  if (kernel) media['kernel'] = kernel.id;
  if (kernel && form.initrd) media['initrd'] = form.initrd.id;
  return {
    name: form.name.trim(),
    guestOs: form.guestOs,
    folder: cleanFolder(form.folder),
    memoryMiB: form.memoryMiB,
    engine: form.engine,
    firmware: { kind: form.firmware },
    bootOrder: medium?.kind === 'floppy' ? ['floppy', 'cdrom', 'disk'] : ['cdrom', 'disk', 'floppy'],
    drives,
    serials: form.serial ? [{ port: 1, mode: 'console' }] : [{ port: 1, mode: 'none' }],
    display: { videoMemoryMiB: form.videoMemoryMiB },
    pointer: form.pointer,
    clock: form.clock,
    ...(kernel
      ? {
          kernel: {
            path: REPLACED_BY_HOST,
            commandLine: form.commandLine,
            ...(form.initrd ? { initrd: REPLACED_BY_HOST } : {}),
          },
        }
      : {}),
    newDisks: medium?.kind !== 'disk' && form.diskGiB !== null ? { disk1: { sizeBytes: form.diskGiB * 2 ** 30 } } : {},
    media,
  };
}
