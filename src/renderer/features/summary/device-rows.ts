import {
  Cable,
  Clock,
  Cpu,
  Disc,
  HardDrive,
  MemoryStick,
  Microchip,
  Monitor,
  Mouse,
  Save,
  SquareTerminal,
} from '@lucide/vue';
import type { Component } from 'vue';
import type { MachineConfig } from '../../../shared/config/machine-config.js';
import type { DriveView, MachineView } from '../../../shared/contract/machine-view.js';
import type { MessageKey } from '../../app/i18n/en.js';
import type { Translate } from '../../app/i18n/use-text.js';
import type { Formats } from '../../composables/formats.js';
import type { SettingsSection } from '../../stores/dialogs.js';

export type EditableRow = 'memory';

/** One device of the summary page: what it is, its value, and a quieter remark. */
export interface DeviceRow {
  readonly key: string;
  readonly icon: Component;
  readonly label: string;
  readonly value: string;
  readonly remark: string;
  readonly section: SettingsSection;
  /** The value is a file name, to be shortened in its middle. */
  readonly file?: boolean;
  /** Edited in its row; the others open the settings dialog. */
  readonly editor?: EditableRow;
  /** A drive whose medium can be changed, at any time. */
  readonly removable?: DriveView;
}

export interface DeviceGroup {
  readonly label: MessageKey;
  readonly rows: readonly DeviceRow[];
}

type Words = { readonly t: Translate; readonly formats: Formats };

/** `CD, then hard disk`, in the words of the language. */
export function bootOrderText(order: MachineConfig['bootOrder'], t: Translate): string {
  const names = order.map((device) => t(`boot.${device}`));
  return names.length > 1
    ? names.slice(1).reduce((first, second) => t('boot.then', { first, second }), names[0]!)
    : (names[0] ?? t('common.none'));
}

function systemRows({ config, engine }: MachineView, { t, formats }: Words): DeviceRow[] {
  const firmware = config.firmware.kind === 'file' ? t('firmware.file') : t(`firmware.${config.firmware.kind}`);
  const starts = config.kernel
    ? t('summary.bootsKernel')
    : t('summary.bootsFrom', { order: bootOrderText(config.bootOrder, t) });
  const rows: DeviceRow[] = [
    { key: 'processor', icon: Cpu, label: t('summary.processor'), value: t('summary.oneCore'), remark: engine ? t(`engine.${engine.engine}`) : '', section: 'system' },
    { key: 'memory', icon: MemoryStick, label: t('summary.memory'), value: formats.binaryBytes(config.memoryMiB * 2 ** 20), remark: '', section: 'system', editor: 'memory' },
    { key: 'firmware', icon: Microchip, label: t('summary.firmware'), value: firmware, remark: starts, section: 'system' },
  ]; // prettier-ignore
  if (config.kernel) {
    const name = config.kernel.path.split(/[/\\]/).at(-1) ?? config.kernel.path;
    rows.push({ key: 'kernel', icon: SquareTerminal, label: t('summary.kernel'), value: name, remark: config.kernel.commandLine, section: 'system', file: true }); // prettier-ignore
  }
  return rows;
}

const DRIVE_ICONS: Readonly<Record<DriveView['kind'], Component>> = { disk: HardDrive, cdrom: Disc, floppy: Save };

function driveRemark(drive: DriveView, config: MachineConfig, { t, formats }: Words): string {
  const configured = config.drives.find((other) => other.id === drive.id);
  const parts: string[] = [];
  if (drive.sizeBytes !== null)
    parts.push(drive.kind === 'disk' ? formats.binaryBytes(drive.sizeBytes) : formats.bytes(drive.sizeBytes));
  if (drive.kind === 'disk' && drive.usedBytes !== null)
    parts.push(t('summary.onThisHost', { size: formats.bytes(drive.usedBytes) }));
  if (configured?.kind === 'disk') parts.push(configured.format === 'raw' ? 'IDE' : `IDE, ${configured.format}`);
  if (configured && 'readonly' in configured && configured.readonly) parts.push(t('summary.readOnly'));
  if (drive.locked) parts.push(t('summary.locked'));
  return formats.list(parts);
}

function driveLabel(drive: DriveView, all: readonly DriveView[], t: Translate): string {
  const same = all.filter((other) => other.kind === drive.kind);
  const n = same.indexOf(drive) + 1;
  if (drive.kind === 'disk') return t('summary.hardDisk', { n });
  if (drive.kind === 'floppy') return t('summary.floppy', { n });
  return same.length > 1 ? t('summary.cdN', { n }) : t('summary.cd');
}

function storageRows({ config, drives }: MachineView, words: Words): DeviceRow[] {
  return drives.map((drive) => ({
    key: drive.id,
    icon: DRIVE_ICONS[drive.kind],
    label: driveLabel(drive, drives, words.t),
    value: drive.mediumName ?? words.t('common.empty'),
    remark: driveRemark(drive, config, words),
    section: 'storage',
    file: true,
    ...(drive.kind === 'disk' ? {} : { removable: drive }),
  }));
}

function connectionRows({ config }: MachineView, { t }: Words): DeviceRow[] {
  const serials = config.serials.map((serial): DeviceRow => ({
    key: `serial${serial.port}`,
    icon: Cable,
    label: t('summary.serial', { n: serial.port }),
    value: t(serial.mode === 'console' ? 'summary.serialConsole' : 'summary.serialNone'),
    remark: `COM${serial.port}`,
    section: 'connections',
  }));
  const absolute = config.pointer === 'auto';
  const utc = config.clock === 'utc';
  return [
    { key: 'display', icon: Monitor, label: t('summary.display'), value: t('summary.videoMemory'), remark: t('summary.videoMemoryHint', { n: config.display.videoMemoryMiB }), section: 'connections' },
    ...serials,
    { key: 'pointer', icon: Mouse, label: t('summary.pointer'), value: t(absolute ? 'summary.pointerAuto' : 'summary.pointerRelative'), remark: '', section: 'connections' },
    { key: 'clock', icon: Clock, label: t('summary.clock'), value: t(utc ? 'summary.clockUtc' : 'summary.clockLocal'), remark: t(utc ? 'summary.clockUtcHint' : 'summary.clockLocalHint'), section: 'connections' },
  ]; // prettier-ignore
}

/** The devices of a machine as the summary lists them. */
export function deviceGroups(machine: MachineView, words: Words): DeviceGroup[] {
  return [
    { label: 'summary.system', rows: systemRows(machine, words) },
    { label: 'summary.storage', rows: storageRows(machine, words) },
    { label: 'summary.connections', rows: connectionRows(machine, words) },
  ];
}
