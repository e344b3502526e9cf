import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, open, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { GUEST_CACHE, debianMissing, toolMissing, withLock } from './debian-packages.js';

/** The tools are the administrator's, and write a lot. */
const TOOL_OPTIONS = { env: { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin:/sbin` }, maxBuffer: 64 << 20 };

const execute = promisify(execFile);

/** Runs one of the administrator's tools. @throws what it wrote, if it fails */
export const runTool = (tool: string, args: readonly string[]) => execute(tool, args, TOOL_OPTIONS);

/** Runs a shell script inside a root file system. */
export const runInRoot = (root: string, script: string) => runTool('chroot', [root, 'sh', '-ec', script]);

const SECTOR = 512;
/** Where the one partition begins; GRUB's core lies in the gap before it. */
export const PARTITION_OFFSET = 1024 ** 2;
const ROOT_UUID = '3f1c0f4e-5a0a-4b52-9d3c-0a4e6d1b7c11';

/** Bytes of the boot sector that are code; disk signature and partition table follow. */
const BOOT_CODE_BYTES = 440;
const PARTITION_TABLE = 446;
const LINUX_PARTITION = 0x83;

export const DEBIAN_ROOT_PASSWORD = 'annex';

const BASE_PACKAGES = ['systemd-sysv', 'udev', 'kmod', 'login', 'passwd', 'e2fsprogs', 'zstd', 'initramfs-tools', 'grub-pc-bin']; // prettier-ignore

const TOOLS = ['debootstrap', 'mke2fs', 'chroot'];

/** A disk with Debian 12 on it. */
export interface DebianImage {
  /** Name of the file in the guest cache. A change of the recipe must change it, so that no stale disk is used. */
  readonly name: string;
  readonly bytes: number;
  readonly kernel: 'linux-image-cloud-amd64' | 'linux-image-amd64';
  /** Besides what a Debian needs to start and to let somebody log in. */
  readonly packages?: readonly string[];
  /** On the kernel's command line. */
  readonly kernelOptions: string;
  /** Finishes the root file system. */
  readonly prepare?: (root: string) => Promise<void>;
}

/** Why a Debian disk cannot be made on this machine, or `undefined` if it can. */
export function debianDiskMissing(): string | undefined {
  if (process.getuid?.() !== 0) return 'debootstrap needs to run as root';
  return debianMissing() ?? TOOLS.map(toolMissing).find((reason) => reason !== undefined);
}

/**
 * The disk as debootstrap installs it, with GRUB in the master boot record; made without loop devices or mounts. Log in
 * as root with {@link DEBIAN_ROOT_PASSWORD}. Kept in the guest cache and never to be written: tests copy it.
 * @returns path of a raw image
 */
export async function debianImage(image: DebianImage): Promise<string> {
  const disk = path.join(GUEST_CACHE, `${image.name}.raw`);
  if (existsSync(disk)) return disk;
  return withLock(image.name, async () => {
    if (existsSync(disk)) return disk;
    const root = path.join(GUEST_CACHE, `${image.name}-root.making`);
    await rm(root, { recursive: true, force: true });
    await install(root, [...BASE_PACKAGES, image.kernel, ...(image.packages ?? [])]);
    await configure(root);
    await image.prepare?.(root);
    await runInRoot(root, 'apt-get clean; rm -rf /var/lib/apt/lists/*');
    await linkKernel(root);
    const core = await installGrubFiles(root, image.kernelOptions);
    await makeDisk(`${disk}.making`, image.bytes, root, core);
    await rename(`${disk}.making`, disk);
    await rm(root, { recursive: true, force: true });
    return disk;
  });
}

/** Images share the packages they have in common. */
async function install(root: string, packages: readonly string[]): Promise<void> {
  const archive = path.join(GUEST_CACHE, 'debootstrap');
  await mkdir(root, { recursive: true });
  await mkdir(archive, { recursive: true });
  const options = ['--variant=minbase', `--cache-dir=${archive}`, `--include=${packages.join(',')}`];
  await runTool('debootstrap', [...options, 'bookworm', root]);
}

async function configure(root: string): Promise<void> {
  await writeFile(path.join(root, 'etc/hostname'), 'annex-guest\n');
  await writeFile(path.join(root, 'etc/fstab'), `UUID=${ROOT_UUID} / ext4 errors=remount-ro 0 1\n`);
  await runInRoot(root, `echo root:${DEBIAN_ROOT_PASSWORD} | chpasswd`);
}

async function linkKernel(root: string): Promise<void> {
  const boot = await readdir(path.join(root, 'boot'));
  for (const kind of ['vmlinuz', 'initrd.img']) {
    const file = boot.find((name) => name.startsWith(`${kind}-`));
    if (file === undefined) throw new Error(`debootstrap left no /boot/${kind}`);
    await runTool('ln', ['-sf', `boot/${file}`, path.join(root, kind)]);
  }
}

const grubConfig = (kernelOptions: string): string => `set timeout=1
set default=0
insmod part_msdos
insmod ext2
set root=(hd0,msdos1)
menuentry 'Debian GNU/Linux' {
  linux /vmlinuz root=UUID=${ROOT_UUID} ${kernelOptions}
  initrd /initrd.img
}
`;

/** What grub-install does below /boot; returns the core image that goes behind the boot sector. */
async function installGrubFiles(root: string, kernelOptions: string): Promise<{ boot: Buffer; core: Buffer }> {
  const modules = path.join(root, 'usr/lib/grub/i386-pc');
  const target = path.join(root, 'boot/grub/i386-pc');
  await mkdir(target, { recursive: true });
  for (const file of await readdir(modules)) {
    if (/\.(mod|lst)$/.test(file)) await copyFile(path.join(modules, file), path.join(target, file));
  }
  await writeFile(path.join(root, 'boot/grub/grub.cfg'), grubConfig(kernelOptions));
  const core = 'boot/grub/i386-pc/core.img';
  const options = ['-O', 'i386-pc', '-o', `/${core}`, '-p', '(hd0,msdos1)/boot/grub', 'biosdisk', 'part_msdos', 'ext2'];
  await runTool('chroot', [root, 'grub-mkimage', ...options]);
  return { boot: await readFile(path.join(modules, 'boot.img')), core: await readFile(path.join(root, core)) };
}

async function makeDisk(
  file: string,
  bytes: number,
  root: string,
  grub: { boot: Buffer; core: Buffer },
): Promise<void> {
  if (SECTOR + grub.core.length > PARTITION_OFFSET) throw new Error('GRUB does not fit before the partition');
  const handle = await open(file, 'w');
  try {
    await handle.truncate(bytes);
    await handle.write(bootSector(grub.boot, bytes), 0, SECTOR, 0);
    // boot.img loads what follows it; core.img brings the list of its own sectors, made for just this place.
    await handle.write(grub.core, 0, grub.core.length, SECTOR);
  } finally {
    await handle.close();
  }
  const blocks = String((bytes - PARTITION_OFFSET) / 4096);
  const layout = ['-E', `offset=${PARTITION_OFFSET}`, '-b', '4096', '-U', ROOT_UUID];
  await runTool('mke2fs', ['-q', '-F', '-t', 'ext4', ...layout, '-d', root, file, blocks]);
}

/** Boot code with a table of one bootable Linux partition that takes the rest of the disk. */
function bootSector(code: Buffer, diskBytes: number): Buffer {
  const sector = Buffer.alloc(SECTOR);
  code.copy(sector, 0, 0, BOOT_CODE_BYTES);
  sector[PARTITION_TABLE] = 0x80;
  // CHS fields at their limit: the LBA ones count.
  sector.set([0xfe, 0xff, 0xff, LINUX_PARTITION, 0xfe, 0xff, 0xff], PARTITION_TABLE + 1);
  sector.writeUInt32LE(PARTITION_OFFSET / SECTOR, PARTITION_TABLE + 8);
  sector.writeUInt32LE((diskBytes - PARTITION_OFFSET) / SECTOR, PARTITION_TABLE + 12);
  sector.writeUInt16LE(0xaa55, 510);
  return sector;
}
