import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { createHash } from 'node:crypto';
import { CPIO_CHARACTER_DEVICE, CPIO_DIRECTORY, CPIO_EXECUTABLE, cpioArchive } from '../main/host/demo/cpio.js';
import { debianPackage, GUEST_CACHE, type DebianArch } from './debian-packages.js';

/** What `/init` does before it hands the console to a shell. */
export const SHELL_INIT = `#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev 2>/dev/null
exec </dev/console >/dev/console 2>&1
echo "@@READY $(uname -rm)"
exec setsid cttyhack sh
`;

/**
 * A busybox initramfs with the given `/init`, and kernel modules as `/modules/NN.ko`; kept in the guest cache.
 * @returns its file
 */
export async function busyboxInitramfs(
  arch: DebianArch,
  init: string = SHELL_INIT,
  modules: readonly Uint8Array[] = [],
): Promise<string> {
  const digest = createHash('sha256').update(init);
  for (const module of modules) digest.update(module);
  const hash = digest.digest('hex').slice(0, 12);
  const file = path.join(GUEST_CACHE, `initramfs-${arch}-${hash}.gz`);
  if (existsSync(file)) return file;
  const busybox = await readFile(path.join(await debianPackage('busybox-static', arch), 'bin/busybox'));
  const folders = ['bin', 'dev', 'proc', 'sys', 'tmp', 'root', 'modules'].map((name) => ({
    name,
    mode: CPIO_DIRECTORY,
  }));
  const archive = cpioArchive([
    ...folders,
    { name: 'bin/busybox', mode: CPIO_EXECUTABLE, data: busybox },
    { name: 'init', mode: CPIO_EXECUTABLE, data: Buffer.from(init) },
    { name: 'dev/console', mode: CPIO_CHARACTER_DEVICE, device: [5, 1] },
    { name: 'dev/null', mode: CPIO_CHARACTER_DEVICE, device: [1, 3] },
    ...modules.map((data, i) => ({ name: `modules/${String(i).padStart(2, '0')}.ko`, mode: CPIO_EXECUTABLE, data })),
  ]);
  await mkdir(GUEST_CACHE, { recursive: true });
  await writeFile(file, gzipSync(archive, { level: 6 }));
  return file;
}
