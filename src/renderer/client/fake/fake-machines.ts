import type { DriveConfig, GuestOs, MachineConfig } from '../../../shared/config/machine-config.js';
import { MACHINE_CONFIG_VERSION } from '../../../shared/config/machine-config.js';
import type { MachineDraft } from '../../../shared/contract/commands.js';
import { machineDraftSchema } from '../../../shared/contract/commands.js';
import type { DriveView, EngineReport, MachineView, PowerState } from '../../../shared/contract/machine-view.js';

export const FAKE_ENGINE: EngineReport = {
  engine: 'interpreter',
  reasonCode: 'only-software-engine',
  reason: 'Guest code runs in software, which works on every computer.',
  measuredMips: { interpreter: 318 },
};

const GB = 1e9;

let counter = 0;
export function fakeId(): string {
  return `00000000-0000-4000-8000-${String(++counter).padStart(12, '0')}`;
}

function driveView(drive: DriveConfig, sizeBytes: number, usedBytes: number): DriveView {
  const path = drive.path;
  const name = path?.split('/').at(-1) ?? null;
  const size = path === null ? null : sizeBytes;
  const common = { id: drive.id, kind: drive.kind, mediumName: name, mediumPath: path, locked: false };
  return { ...common, sizeBytes: size, usedBytes: size === null ? null : usedBytes };
}

/** A machine view as the host would answer it, from a draft and what only the host knows. */
export function fakeMachine(draft: MachineDraft, host: Partial<MachineView> = {}): MachineView {
  const { newDisks, media, ...described } = machineDraftSchema.parse(draft);
  const drives = described.drives.map((drive) => (media[drive.id] ? { ...drive, path: media[drive.id]! } : drive));
  const config: MachineConfig = {
    ...described,
    drives,
    version: MACHINE_CONFIG_VERSION,
    id: fakeId(),
    createdAt: new Date(Date.now() - 30 * 86_400_000).toISOString(),
  };
  const views = drives.map((drive) => {
    const size = newDisks[drive.id]?.sizeBytes ?? (drive.kind === 'disk' ? 24 * 2 ** 30 : 0.67 * GB);
    return driveView(drive, size, newDisks[drive.id] ? 200_704 : drive.kind === 'disk' ? 7.9 * GB : size);
  });
  return {
    config,
    path: `/home/ada/Annex/${config.name}.annex`,
    state: 'stopped',
    problem: null,
    engine: FAKE_ENGINE,
    startedAt: null,
    lastUsedAt: null,
    drives: views,
    diskBytes: views.filter((d) => d.kind === 'disk').reduce((sum, d) => sum + (d.usedBytes ?? 0), 0) + 42_000_000,
    disposable: false,
    snapshots: { count: 0, currentId: null },
    thumbnailVersion: null,
    ...host,
  };
}

function disk(path: string): DriveConfig {
  return { id: 'disk1', kind: 'disk', slot: { bus: 'ide', channel: 0, unit: 0 }, path, format: 'raw', readonly: false };
}

function cdrom(path: string | null): DriveConfig {
  return { id: 'cd1', kind: 'cdrom', slot: { bus: 'ide', channel: 1, unit: 0 }, path };
}

interface Entry {
  readonly name: string;
  readonly folder?: string;
  readonly os: GuestOs;
  readonly state: PowerState;
  readonly memoryMiB?: number;
  readonly cd?: string;
  readonly notes?: string;
  readonly never?: boolean;
}

const ENTRIES: readonly Entry[] = [
  { name: 'debian-12-web', folder: 'Lab', os: 'debian', state: 'running', memoryMiB: 2048 },
  {
    name: 'freebsd-14',
    folder: 'Lab',
    os: 'freebsd',
    state: 'stopped',
    memoryMiB: 2048,
    notes:
      'Ports build host. Jails under /usr/jails; do not upgrade base before 14.3 is out.\n\nThe scratch disk may be thrown away at any time. Nightly poudriere run starts at 02:00 if the machine is up.',
  },
  { name: 'alpine-edge-router', folder: 'Lab', os: 'alpine', state: 'running', memoryMiB: 256 },
  { name: 'fedora-server-42', folder: 'Lab', os: 'fedora', state: 'stopped', memoryMiB: 2048 },
  { name: 'win10-ltsc-qa', folder: 'Customers/Northwind', os: 'windows', state: 'running', memoryMiB: 3072 },
  { name: 'centos7-legacy-billing-reports', folder: 'Customers/Northwind', os: 'linux', state: 'stopped' },
  { name: 'contoso-sso', folder: 'Customers', os: 'ubuntu', state: 'stopped' },
  { name: 'reactos-nightly', os: 'other', state: 'paused' },
  { name: 'memtest86', os: 'memtest', state: 'stopped', cd: '/home/ada/Downloads/memtest86+.iso' },
  { name: 'netboot-scratch', os: 'other', state: 'crashed', never: true },
];

export function fakeLibrary(now: number): MachineView[] {
  return ENTRIES.map((entry) => {
    const on = entry.state === 'running' || entry.state === 'paused';
    const draft: MachineDraft = {
      name: entry.name,
      folder: entry.folder ?? '',
      guestOs: entry.os,
      memoryMiB: entry.memoryMiB ?? 1024,
      notes: entry.notes ?? '',
      drives: [disk(`disks/${entry.name}.img`), cdrom(entry.cd ?? null)],
    };
    const problem =
      entry.state === 'crashed'
        ? {
            code: 'vm-process-died' as const,
            message:
              'The process of this machine ended unexpectedly (signal SIGKILL). The library and the disks are intact; start it again.',
          }
        : null;
    return fakeMachine(draft, {
      state: entry.state,
      problem,
      startedAt: entry.never ? null : now - (on ? 8_040_000 : 86_400_000),
      lastUsedAt: entry.never ? null : now - (on ? 0 : 72_000_000),
      thumbnailVersion: entry.never ? null : 1,
    });
  });
}
