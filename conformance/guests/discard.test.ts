import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AnnexRun } from '../../src/testing/annex-run.js';
import { debianKernel, debianMissing, debianPackage, toolMissing } from '../../src/testing/debian-packages.js';
import { busyboxInitramfs } from '../../src/testing/initramfs.js';
import { kernelModules } from '../../src/main/host/demo/kernel-modules.js';

const run = promisify(execFile);
const missing = debianMissing() ?? toolMissing('qemu-img');
const KERNEL = 'linux-image-cloud-amd64';
const MIB = 1 << 20;
const GUEST_SECONDS = 120;
/** Of eight MiB. */
const ZEROS_MD5 = createHash('md5')
  .update(Buffer.alloc(8 * MIB))
  .digest('hex');

/** Fills 24 MiB, lets go of the middle 8, which are free after a flush, fills them again and lets go of the last 8. */
const INIT = `#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t devtmpfs dev /dev
exec >/dev/console 2>&1
for module in /modules/*.ko; do insmod $module; done
while [ ! -b /dev/sda ]; do sleep 0.1; done
yes annex | dd of=/dev/sda bs=1M count=24 iflag=fullblock conv=fsync 2>/dev/null
blkdiscard -o $((8 << 20)) -l $((8 << 20)) /dev/sda && echo "@@DISCARDED"
dd if=/dev/zero of=/dev/sda bs=4k count=1 conv=fsync 2>/dev/null
yes again | dd of=/dev/sda bs=1M seek=8 count=8 iflag=fullblock conv=fsync 2>/dev/null
blkdiscard -o $((16 << 20)) -l $((8 << 20)) /dev/sda && echo "@@DISCARDED AGAIN"
echo 3 >/proc/sys/vm/drop_caches
for at in 0 8 16; do dd if=/dev/sda bs=1M skip=$at count=8 2>/dev/null | md5sum; done
dd if=/dev/zero of=/dev/sda bs=4k count=1 conv=fsync 2>/dev/null
echo "@@READ"
poweroff -f
`;

let folder: string;
let guest: AnnexRun | undefined;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'annex-discard-'));
});
afterEach(async () => {
  guest?.kill();
  await rm(folder, { recursive: true, force: true });
});

describe.skipIf(missing)(`a guest's TRIM${missing ? ` (skipped: ${missing})` : ''}`, () => {
  it('frees clusters of the disk, which are used again, and leaves a sound image', async () => {
    const image = path.join(folder, 'disk.qcow2');
    await run('qemu-img', ['create', '-q', '-f', 'qcow2', image, '64M']);
    const modules = await kernelModules(await debianPackage(KERNEL), ['sd_mod', 'ata_piix']);
    const kernel = ['--kernel', await debianKernel(KERNEL), '--append', 'console=ttyS0 quiet panic=-1'];
    const initrd = ['--initrd', await busyboxInitramfs('amd64', INIT, modules)];
    guest = new AnnexRun([
      ...kernel,
      ...initrd,
      '--disk',
      image,
      '--memory',
      '128',
      '--net',
      'none',
      '--serial',
      'stdio',
    ]);
    await guest.waitFor('@@DISCARDED', GUEST_SECONDS);
    await guest.waitFor('@@READ', GUEST_SECONDS);
    await guest.waitFor('@@DISCARDED AGAIN', 0);
    await guest.waitFor(ZEROS_MD5, 0);
    expect(await guest.end()).toBe(0);
    await run('qemu-img', ['check', '-q', image]);
    const { stdout } = await run('qemu-img', ['map', '--output=json', image]);
    const mapped = (JSON.parse(stdout) as { length: number; data: boolean }[]).filter(({ data }) => data);
    expect(mapped.reduce((sum, { length }) => sum + length, 0)).toBe(16 * MIB);
    expect((await stat(image)).size).toBeLessThan(26 * MIB);
  });
});
