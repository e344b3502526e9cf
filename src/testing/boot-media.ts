import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { debianPackage, GUEST_CACHE, withLock, type DebianArch } from './debian-packages.js';

const run = promisify(execFile);

/** Memtest86+ as Debian ships it, for a CD drive. */
export async function memtestIso(flavour: 'x64' | 'ia32'): Promise<string> {
  return path.join(await debianPackage('memtest86+'), `usr/lib/memtest86+/memtest86+${flavour}.iso`);
}

/** GRUB's rescue shell as Debian ships it. */
export async function grubRescue(medium: 'cdrom.iso' | 'floppy.img'): Promise<string> {
  return path.join(await debianPackage('grub-rescue-pc'), `usr/lib/grub-rescue/grub-rescue-${medium}`);
}

/** A CD that ISOLINUX starts: its configuration and the files it names. */
export interface IsolinuxMedium {
  /** Text of isolinux.cfg. */
  readonly config: string;
  /** Name on the medium → file on the host. */
  readonly files?: Readonly<Record<string, string>>;
  /** Modules beside ldlinux.c32, such as `menu.c32`. */
  readonly modules?: readonly string[];
  readonly label?: string;
  /** With a master boot record, so that it also boots from a hard disk. */
  readonly bootsFromDisk?: boolean;
}

/** Masters the medium with xorriso; kept in the guest cache by what is on it. @returns the ISO */
export async function isolinuxIso(medium: IsolinuxMedium): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(medium)).digest('hex').slice(0, 12);
  const iso = path.join(GUEST_CACHE, `isolinux-${hash}.iso`);
  return withLock(`isolinux-${hash}`, async () => {
    if (!existsSync(iso)) await master(medium, iso);
    return iso;
  });
}

async function master(
  { config, files = {}, modules = [], label = 'ANNEX', bootsFromDisk = false }: IsolinuxMedium,
  iso: string,
): Promise<void> {
  const tree = `${iso}.tree`;
  await mkdir(path.join(tree, 'isolinux'), { recursive: true });
  const isolinuxFolder = path.join(await debianPackage('isolinux'), 'usr/lib/ISOLINUX');
  await copyFile(path.join(isolinuxFolder, 'isolinux.bin'), path.join(tree, 'isolinux/isolinux.bin'));
  const moduleFolder = path.join(await debianPackage('syslinux-common'), 'usr/lib/syslinux/modules/bios');
  for (const name of ['ldlinux.c32', ...modules]) {
    await copyFile(path.join(moduleFolder, name), path.join(tree, 'isolinux', name));
  }
  await writeFile(path.join(tree, 'isolinux/isolinux.cfg'), config);
  for (const [name, file] of Object.entries(files)) await copyFile(file, path.join(tree, name));
  const boot = [
    ...(bootsFromDisk ? ['-isohybrid-mbr', path.join(isolinuxFolder, 'isohdpfx.bin')] : []),
    '-b',
    'isolinux/isolinux.bin',
    '-c',
    'isolinux/boot.cat',
    '-no-emul-boot',
    '-boot-load-size',
    '4',
    '-boot-info-table',
  ];
  await run('xorriso', ['-as', 'mkisofs', '-quiet', '-R', '-J', '-V', label, ...boot, '-o', `${iso}.new`, tree]);
  await rename(`${iso}.new`, iso);
  await rm(tree, { recursive: true });
}

/**
 * Debian's installer, text or graphical, on a CD of its own: starts at once, as the installer's own menu would.
 * @param options added to the kernel's command line
 */
export async function debianInstallerIso(
  arch: DebianArch,
  interfaceKind: 'text' | 'gtk' = 'text',
  options = '',
): Promise<string> {
  const name = `debian-installer-12-netboot-${arch}`;
  const images = `usr/lib/debian-installer/images/12/${arch}/${interfaceKind}/debian-installer/${arch}`;
  // The installer's images are architecture-independent packages.
  const folder = path.join(await debianPackage(name), images);
  return isolinuxIso({
    label: 'Debian 12 netboot',
    config: `default install\nlabel install\n  kernel /linux\n  append initrd=/initrd.gz vga=normal ${options}\n`,
    files: { 'linux': path.join(folder, 'linux'), 'initrd.gz': path.join(folder, 'initrd.gz') },
  });
}
