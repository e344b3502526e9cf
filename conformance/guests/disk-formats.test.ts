import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AnnexRun } from '../../src/testing/annex-run.js';
import { isolinuxIso } from '../../src/testing/boot-media.js';
import { debianKernel, debianMissing, debianPackage, toolMissing } from '../../src/testing/debian-packages.js';
import { busyboxInitramfs } from '../../src/testing/initramfs.js';
import { kernelModules } from '../../src/main/host/demo/kernel-modules.js';

const run = promisify(execFile);
const missing = debianMissing() ?? ['qemu-img', 'xorriso'].map(toolMissing).find((reason) => reason !== undefined);
const KERNEL = 'linux-image-cloud-amd64';
const MIB = 1 << 20;
const DISK_BYTES = 128 * MIB;
/** Where the guest writes: behind what it boots from. */
const WRITE_AT_MIB = 96;
const GUEST_SECONDS = 120;

/** Writes text to the disk, which is durable then. */
const INIT = `#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t devtmpfs dev /dev
exec >/dev/console 2>&1
for module in /modules/*.ko; do insmod $module; done
while [ ! -b /dev/sda ]; do sleep 0.1; done
seq 1 300000 | dd of=/dev/sda bs=64k seek=$((${WRITE_AT_MIB} * 16)) conv=fsync 2>/dev/null
echo "@@WRITTEN"
poweroff -f
`;

const FORMATS = [
  { name: 'vmdk', qemu: 'vmdk', options: 'subformat=monolithicSparse', checks: true },
  { name: 'vdi', qemu: 'vdi', options: 'static=off', checks: true },
  { name: 'vhd', qemu: 'vpc', options: 'subformat=dynamic,force_size=on', checks: false },
  { name: 'vhdx', qemu: 'vhdx', options: 'subformat=dynamic', checks: true },
] as const;

/** A raw disk that the built-in BIOS boots: an ISOLINUX medium with a boot sector, as large as a disk. */
async function bootableDisk(file: string): Promise<void> {
  const modules = await kernelModules(await debianPackage(KERNEL), ['sd_mod', 'ata_piix']);
  const iso = await isolinuxIso({
    config:
      'DEFAULT linux\nLABEL linux\n  LINUX /vmlinuz\n  INITRD /initrd.gz\n  APPEND console=ttyS0 quiet panic=-1\n',
    files: { 'vmlinuz': await debianKernel(KERNEL), 'initrd.gz': await busyboxInitramfs('amd64', INIT, modules) },
    bootsFromDisk: true,
  });
  await copyFile(iso, file);
  await truncate(file, DISK_BYTES);
}

let folder: string;
let guest: AnnexRun | undefined;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'annex-boot-'));
});
afterEach(async () => {
  guest?.kill();
  await rm(folder, { recursive: true, force: true });
});

describe.skipIf(missing)(`Linux on disks of other programs${missing ? ` (skipped: ${missing})` : ''}`, () => {
  it.each(FORMATS)('boots from $name, writes to it and shuts down', async ({ name, qemu, options, checks }) => {
    const raw = path.join(folder, 'disk.raw');
    const image = path.join(folder, `disk.${name}`);
    await bootableDisk(raw);
    await run('qemu-img', ['convert', '-f', 'raw', '-O', qemu, '-o', options, raw, image]);
    guest = new AnnexRun(['--disk', image, '--memory', '128', '--net', 'none', '--serial', 'stdio']);
    await guest.waitFor('@@WRITTEN', GUEST_SECONDS);
    expect(await guest.end()).toBe(0);
    const text = Array.from({ length: 300_000 }, (_, i) => `${i + 1}\n`).join('');
    const content = await readFile(raw);
    content.write(text, WRITE_AT_MIB * MIB);
    await writeFile(raw, content);
    await run('qemu-img', ['compare', '-f', 'raw', '-F', qemu, raw, image]);
    if (checks) await run('qemu-img', ['check', '-q', '-f', qemu, image]);
  });
});
