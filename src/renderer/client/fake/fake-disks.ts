import type { DriveConfig } from '../../../shared/config/machine-config.js';
import type { DiskView } from '../../../shared/contract/disk-commands.js';
import { AnnexError } from '../../../shared/contract/errors.js';
import type { DriveView, MachineView } from '../../../shared/contract/machine-view.js';

const SLOTS = [0, 1].flatMap((channel) => [0, 1].map((unit) => ({ bus: 'ide' as const, channel, unit })));

/** The disks of a machine with the files they are made of. */
export function fakeDisks(machine: MachineView, snapshots: number): DiskView[] {
  return machine.drives
    .filter(({ kind }) => kind === 'disk')
    .map((drive) => ({
      driveId: drive.id,
      format: 'qcow2',
      virtualBytes: drive.sizeBytes ?? 0,
      layers: Array.from({ length: snapshots + 1 }, (_, i) => ({
        name: i === snapshots ? (drive.mediumName ?? '') : `layer-${i + 1}.qcow2`,
        format: i === snapshots ? 'raw' : 'qcow2',
        usedBytes: (drive.usedBytes ?? 0) / (i + 1),
      })),
      snapshots,
    }));
}

/** The machine with another disk in the first free place. */
export function withDisk(
  machine: MachineView,
  path: string,
  sizeBytes: number,
): Pick<MachineView, 'config' | 'drives'> {
  const taken = machine.config.drives.flatMap((d) => (d.kind === 'floppy' ? [] : [`${d.slot.channel}:${d.slot.unit}`]));
  const slot = SLOTS.find(({ channel, unit }) => !taken.includes(`${channel}:${unit}`));
  if (!slot) throw new AnnexError('no-free-slot', 'Every place for a drive is taken; remove one first.');
  const id = `disk${machine.config.drives.length + 1}`;
  const config: DriveConfig = { id, kind: 'disk', slot, path, format: 'qcow2', readonly: false };
  const name = path.split('/').at(-1)!;
  const common = { id, kind: 'disk', mediumName: name, mediumPath: path, locked: false } as const;
  const view: DriveView = { ...common, sizeBytes, usedBytes: 200_704 };
  return {
    config: { ...machine.config, drives: [...machine.config.drives, config] },
    drives: [...machine.drives, view],
  };
}

/** The machine without one of its drives. */
export function withoutDisk(machine: MachineView, driveId: string): Pick<MachineView, 'config' | 'drives'> {
  const others = <T extends { id: string }>(drives: readonly T[]): T[] => drives.filter(({ id }) => id !== driveId);
  return { config: { ...machine.config, drives: others(machine.config.drives) }, drives: others(machine.drives) };
}

/** The machine with a larger disk. */
export function withGrownDisk(machine: MachineView, driveId: string, sizeBytes: number): Pick<MachineView, 'drives'> {
  const drives = machine.drives.map((drive) => (drive.id === driveId ? { ...drive, sizeBytes } : drive));
  if ((machine.drives.find(({ id }) => id === driveId)?.sizeBytes ?? 0) >= sizeBytes)
    throw new AnnexError('disk-too-small', 'A disk can only be made larger.');
  return { drives };
}
