import type { GuestOs } from '../../../shared/config/machine-config.js';

/** What a system needs to run well, where its medium does not say. */
interface OsDefaults {
  readonly memoryMiB: number;
  /** 0: it needs no disk. */
  readonly diskGiB: number;
  readonly clock: 'utc' | 'local';
}

const DEFAULTS: Readonly<Record<GuestOs, OsDefaults>> = {
  debian: { memoryMiB: 1024, diskGiB: 20, clock: 'utc' },
  ubuntu: { memoryMiB: 2048, diskGiB: 25, clock: 'utc' },
  fedora: { memoryMiB: 2048, diskGiB: 20, clock: 'utc' },
  alpine: { memoryMiB: 256, diskGiB: 4, clock: 'utc' },
  arch: { memoryMiB: 1024, diskGiB: 20, clock: 'utc' },
  linux: { memoryMiB: 1024, diskGiB: 20, clock: 'utc' },
  freebsd: { memoryMiB: 1024, diskGiB: 20, clock: 'utc' },
  openbsd: { memoryMiB: 512, diskGiB: 16, clock: 'utc' },
  netbsd: { memoryMiB: 512, diskGiB: 16, clock: 'utc' },
  windows: { memoryMiB: 2048, diskGiB: 40, clock: 'local' },
  dos: { memoryMiB: 64, diskGiB: 2, clock: 'local' },
  memtest: { memoryMiB: 256, diskGiB: 0, clock: 'utc' },
  other: { memoryMiB: 512, diskGiB: 8, clock: 'utc' },
};

export const osDefaults = (os: GuestOs): OsDefaults => DEFAULTS[os];
export const recommendedMemoryMiB = (os: GuestOs): number => DEFAULTS[os].memoryMiB;
