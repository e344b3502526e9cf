import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { AnnexError } from '../../../shared/contract/errors.js';
import { CPIO_CHARACTER_DEVICE, CPIO_DIRECTORY, CPIO_EXECUTABLE, cpioArchive, type CpioEntry } from './cpio.js';
import { DebianArchive, kernelFile, missingDebianTool } from './debian-archive.js';
import { kernelModules } from './kernel-modules.js';

/** Files a machine starts the small Debian from, and what to tell its kernel. */
export interface DemoGuest {
  readonly kernel: string;
  readonly initrd: string;
  readonly commandLine: string;
  readonly memoryMiB: number;
}

/** Steps a progress display can name, in order. */
export const DEMO_STEPS = ['kernel', 'programs', 'image'] as const;
export type DemoStep = (typeof DEMO_STEPS)[number];

/** Drivers of the power button; a kernel may have them built in. */
const MODULES = ['button', 'evdev'] as const;

/** Both consoles: the screen is /dev/console, the serial line gets the kernel's messages and a shell of its own. */
const COMMAND_LINE = 'console=ttyS0 console=tty0 quiet loglevel=3';

const INIT = `#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev 2>/dev/null
mount -t tmpfs -o mode=1777 tmp /tmp
hostname annex
for module in /modules/*.ko; do insmod "$module" 2>/dev/null; done
# The power button: what the window's "Shut down" presses.
for input in /sys/class/input/event*; do
  grep -q 'Power Button' "$input/device/name" || continue
  (dd if="/dev/input/\${input##*/}" bs=24 count=1 of=/dev/null 2>/dev/null && poweroff -f) &
done
export PATH=/bin HOME=/root TERM=linux PS1='annex:\\w# '
cd /root
(while :; do setsid sh -c 'exec sh </dev/ttyS0 >/dev/ttyS0 2>&1'; done) &
exec </dev/tty1 >/dev/tty1 2>&1
clear
cat /etc/motd
while :; do setsid cttyhack sh; done
`;

const MOTD = `
  This is Linux on Annex, started from Debian's own kernel.

  Everything lives in memory: what you change is gone at power-off.
  Try:  uname -a    free -m    cat /proc/cpuinfo    top    vi hello.txt
        poweroff -f    switches this machine off, as Shut down above does

`;

/** Why the one-click guest cannot be made here, for a person; `undefined` if it can. */
export async function demoUnavailable(): Promise<string | undefined> {
  const tool = await missingDebianTool();
  if (tool === undefined) return undefined;
  return `The one-click guest is made from Debian packages, and ${tool} is not on this computer. Choose an ISO instead.`;
}

/**
 * Makes the one-click guest's files in `folder`, or finds them there.
 * @param cache where downloaded packages are kept
 * @throws AnnexError `demo-unavailable` if a package cannot be had
 */
export async function makeDemoGuest(
  folder: string,
  cache: string,
  onStep: (step: DemoStep) => void,
  signal?: AbortSignal,
): Promise<DemoGuest> {
  const guest = {
    kernel: path.join(folder, 'vmlinuz'),
    initrd: path.join(folder, 'initrd.gz'),
    commandLine: COMMAND_LINE,
    memoryMiB: 256,
  };
  if (existsSync(guest.kernel) && existsSync(guest.initrd)) return guest;
  const reason = await demoUnavailable();
  if (reason !== undefined) throw new AnnexError('demo-unavailable', reason);
  await mkdir(folder, { recursive: true });
  const archive = new DebianArchive(cache);
  onStep('kernel');
  const kernelPackage = await unpacked(archive, 'linux-image-cloud-amd64', signal);
  onStep('programs');
  const busybox = path.join(await unpacked(archive, 'busybox-static', signal), 'bin/busybox');
  onStep('image');
  const modules = await kernelModules(kernelPackage, MODULES);
  await replace(guest.initrd, await promisify(gzip)(cpioArchive(rootFiles(await readFile(busybox), modules))));
  await copyFile(await kernelFile(kernelPackage), `${guest.kernel}.new`);
  await rename(`${guest.kernel}.new`, guest.kernel);
  return guest;
}

async function unpacked(archive: DebianArchive, name: string, signal?: AbortSignal): Promise<string> {
  try {
    return await archive.unpacked(name, signal);
  } catch (cause) {
    if (signal?.aborted) throw new AnnexError('cancelled', 'Making the guest was cancelled.', {}, { cause });
    throw new AnnexError(
      'demo-unavailable',
      `Debian's package ${name} could not be downloaded. Check the network and the computer's apt sources, then try again.`,
      { name },
      { cause },
    );
  }
}

function rootFiles(busybox: Uint8Array, modules: readonly Uint8Array[]): CpioEntry[] {
  const names = ['bin', 'dev', 'etc', 'modules', 'proc', 'sys', 'tmp', 'root'];
  const folders = names.map((name) => ({ name, mode: CPIO_DIRECTORY }));
  return [
    ...folders,
    { name: 'bin/busybox', mode: CPIO_EXECUTABLE, data: busybox },
    { name: 'init', mode: CPIO_EXECUTABLE, data: Buffer.from(INIT) },
    { name: 'etc/motd', mode: 0o100644, data: Buffer.from(MOTD) },
    { name: 'etc/passwd', mode: 0o100644, data: Buffer.from('root:x:0:0:root:/root:/bin/sh\n') },
    { name: 'dev/console', mode: CPIO_CHARACTER_DEVICE, device: [5, 1] },
    { name: 'dev/null', mode: CPIO_CHARACTER_DEVICE, device: [1, 3] },
    ...modules.map((data, i) => ({ name: `modules/${i}.ko`, mode: 0o100644, data })),
  ];
}

async function replace(file: string, bytes: Uint8Array): Promise<void> {
  await writeFile(`${file}.new`, bytes);
  await rename(`${file}.new`, file);
}
