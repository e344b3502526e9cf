import type { DirectoryView, HostFacts, MediaView } from '../../../shared/contract/host-view.js';
import { FAKE_ENGINE } from './fake-machines.js';

export const FAKE_FACTS: HostFacts = {
  platform: 'linux',
  version: '0.1.0',
  cpuModel: 'AMD Ryzen 7 7840U',
  cpus: 16,
  cpuLoad: 0.14,
  memoryBytes: 32e9,
  freeMemoryBytes: 19.2e9,
  libraryPath: '/home/ada/Annex',
  libraryFreeBytes: 412e9,
  engine: FAKE_ENGINE,
  firmware: [
    { kind: 'builtin', path: null, version: '1' },
    { kind: 'seabios', path: '/usr/share/seabios/bios-256k.bin', version: '1.16.2' },
  ],
  demo: { available: true, reason: null },
};

function medium(name: string, kind: MediaView['kind'], sizeBytes: number): MediaView {
  const isDebian = name.startsWith('debian');
  return {
    id: `media-${name}`,
    name,
    path: `/home/ada/Downloads/${name}`,
    sizeBytes,
    kind,
    format: kind === 'iso' ? 'iso' : kind === 'disk' ? 'qcow2' : null,
    detected: isDebian
      ? {
          guestOs: 'debian',
          title: 'Debian 12.11.0 amd64 n',
          bootable: true,
          recommendedMemoryMiB: 1024,
          recommendedDiskGiB: 20,
        }
      : null,
    problem: null,
  };
}

export const FAKE_MEDIA: readonly MediaView[] = [
  medium('debian-12.11.0-amd64-netinst.iso', 'iso', 670e6),
  medium('memtest86+.iso', 'iso', 12e6),
  medium('server.qcow2', 'disk', 7.9e9),
  medium('grub.img', 'floppy', 1_474_560),
  medium('vmlinuz', 'kernel', 8.2e6),
  medium('initrd.img', 'initrd', 31e6),
];

export function fakeDirectory(path: string | null): DirectoryView {
  const here = path ?? '/home/ada';
  const parent = here === '/' ? null : here.replace(/\/[^/]+$/, '') || '/';
  const at = Date.now() - 3 * 86_400_000;
  if (here !== '/home/ada/Downloads')
    return {
      path: here,
      parent,
      entries: ['Annex', 'Downloads', 'Projects'].map((name) => ({
        name,
        kind: 'folder',
        sizeBytes: 0,
        modifiedAt: at,
      })),
    };
  const entries = FAKE_MEDIA.map((m) => ({
    name: m.name,
    kind: 'file' as const,
    sizeBytes: m.sizeBytes,
    modifiedAt: at,
  }));
  return { path: here, parent, entries };
}
