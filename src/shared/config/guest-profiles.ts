import type { GuestOs, MachineConfig } from './machine-config.js';

/** Defaults for a machine of a kind of guest: what the wizard starts from. */
export interface GuestProfile {
  readonly title: string;
  readonly memoryMiB: number;
  readonly diskGiB: number;
  readonly clock: MachineConfig['clock'];
}

/** Sizes by the systems' own published recommendations, at the low end: the engine is software and RAM is 3 GiB at most. */
export const GUEST_PROFILES: Readonly<Record<GuestOs, GuestProfile>> = {
  debian: { title: 'Debian', memoryMiB: 1024, diskGiB: 20, clock: 'utc' },
  ubuntu: { title: 'Ubuntu', memoryMiB: 2048, diskGiB: 25, clock: 'utc' },
  fedora: { title: 'Fedora', memoryMiB: 2048, diskGiB: 20, clock: 'utc' },
  alpine: { title: 'Alpine Linux', memoryMiB: 512, diskGiB: 8, clock: 'utc' },
  arch: { title: 'Arch Linux', memoryMiB: 1024, diskGiB: 20, clock: 'utc' },
  linux: { title: 'Linux', memoryMiB: 1024, diskGiB: 16, clock: 'utc' },
  freebsd: { title: 'FreeBSD', memoryMiB: 1024, diskGiB: 16, clock: 'utc' },
  openbsd: { title: 'OpenBSD', memoryMiB: 512, diskGiB: 16, clock: 'utc' },
  netbsd: { title: 'NetBSD', memoryMiB: 512, diskGiB: 8, clock: 'utc' },
  windows: { title: 'Windows', memoryMiB: 2048, diskGiB: 40, clock: 'local' },
  dos: { title: 'DOS', memoryMiB: 32, diskGiB: 1, clock: 'local' },
  memtest: { title: 'Memory test', memoryMiB: 256, diskGiB: 0, clock: 'utc' },
  other: { title: 'Other', memoryMiB: 512, diskGiB: 8, clock: 'utc' },
};
