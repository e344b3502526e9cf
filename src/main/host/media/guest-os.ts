import type { GuestOs } from '../../../shared/config/machine-config.js';
import { latin1, type ByteSource } from './byte-source.js';
import { isoHas, readIsoFile, type IsoVolume } from './iso9660.js';

export interface DetectedOs {
  readonly guestOs: GuestOs;
  readonly title: string;
}

/** Systems by the volume label their installers carry. */
const LABELS: readonly (readonly [RegExp, GuestOs, string])[] = [
  [/^debian\b/i, 'debian', 'Debian'],
  [/^(ubuntu|kubuntu|xubuntu|lubuntu)/i, 'ubuntu', 'Ubuntu'],
  [/^fedora/i, 'fedora', 'Fedora'],
  [/^alpine/i, 'alpine', 'Alpine Linux'],
  [/^arch_/i, 'arch', 'Arch Linux'],
  [/^(\d+_\d+_RELEASE|freebsd)/i, 'freebsd', 'FreeBSD'],
  [/^openbsd/i, 'openbsd', 'OpenBSD'],
  [/^netbsd/i, 'netbsd', 'NetBSD'],
  [/memtest|mt86plus/i, 'memtest', 'Memtest86+'],
  [/^(CCCOMA|CPBA|CENA|CPRA|GRMC|WIN|GSP1RM|SSS_X64|J_CCSA|IR\d_)/, 'windows', 'Windows'],
  [/^(freedos|fd\d+)/i, 'dos', 'FreeDOS'],
];

/** Systems by a file their media carry. */
const FILES: readonly (readonly [string, GuestOs, string])[] = [
  ['sources/boot.wim', 'windows', 'Windows'],
  ['i386/ntldr', 'windows', 'Windows'],
  ['etc/debian_version', 'debian', 'Debian'],
  ['arch/boot', 'arch', 'Arch Linux'],
  ['apks', 'alpine', 'Alpine Linux'],
  ['casper', 'ubuntu', 'Ubuntu'],
  ['boot/kernel/kernel', 'freebsd', 'FreeBSD'],
  ['freedos', 'dos', 'FreeDOS'],
  ['isolinux', 'linux', 'Linux'],
  ['boot/grub', 'linux', 'Linux'],
];

/** Recognises the system on an ISO: its own description first, then label, then tell-tale files. */
export async function detectIsoOs(source: ByteSource, volume: IsoVolume): Promise<DetectedOs | undefined> {
  const info = await readIsoFile(source, volume, '.disk/info');
  const described = info && fromDescription(latin1(info).split('\n')[0]!.trim());
  if (described) return described;
  for (const [pattern, guestOs, title] of LABELS) {
    if (pattern.test(volume.label)) return { guestOs, title: titleFromLabel(title, volume.label) };
  }
  for (const [path, guestOs, title] of FILES) if (await isoHas(source, volume, path)) return { guestOs, title };
  return undefined;
}

/** `Debian GNU/Linux 12.5.0 "Bookworm" - Official amd64 NETINST …` → `Debian GNU/Linux 12.5.0 "Bookworm"`. */
function fromDescription(text: string): DetectedOs | undefined {
  const guestOs = (['debian', 'ubuntu'] as const).find((os) => text.toLowerCase().includes(os));
  const title = text.split(' - ')[0]!.slice(0, 80);
  return guestOs && { guestOs, title };
}

/** Adds a version the label gives: `Fedora-WS-Live-42` → `Fedora 42`. */
function titleFromLabel(title: string, label: string): string {
  const version = /\d+([._]\d+)*/
    .exec(label.replace(/x86_64|amd64|i[36]86|86\+?|x64/gi, ''))?.[0]
    ?.replaceAll('_', '.');
  return version === undefined ? title : `${title} ${version}`;
}
