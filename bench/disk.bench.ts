import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { encodeEmptyQcow2 } from '../src/shared/disk/empty-qcow2.js';
import { debianKernel, debianPackage } from '../src/testing/debian-packages.js';
import { busyboxInitramfs } from '../src/testing/initramfs.js';
import { kernelModules } from '../src/main/host/demo/kernel-modules.js';
import { median, spread, type Figure } from './lib/figure.js';
import { annex, qemuTcg, type LinuxGuest, type Peer } from './lib/peers.js';

/** Runs of each peer, unless `--rounds=N` says otherwise. */
const ROUNDS = '3';
const TIMEOUT_SECONDS = 120;
const DISK_BYTES = 2 ** 31;
const KERNEL = 'linux-image-cloud-amd64';

/** What the guest does to its disk, in order; each is measured from its begin mark to its end mark, in ms. */
const COLD_WORK = [
  { name: 'write-new', what: 'write 64 MiB to new clusters, fsync', command: 'dd if=/dev/zero of=/dev/sda bs=1M count=64 conv=fsync' },
  { name: 'write-again', what: 'write 64 MiB again, fsync', command: 'dd if=/dev/zero of=/dev/sda bs=1M count=64 conv=fsync' },
  { name: 'read', what: 'read 64 MiB', command: 'dd if=/dev/sda of=/dev/null bs=1M count=64' },
  { name: 'read-4k', what: '4 KiB reads, one at a time', command: 'dd if=/dev/sda of=/dev/null bs=4k count=1000 iflag=direct' },
  { name: 'write-4k', what: '4 KiB writes, one at a time', command: 'dd if=/dev/zero of=/dev/sda bs=4k count=1000 oflag=direct' },
  { name: 'random-read', what: '4 KiB reads at random places of 64 MiB', command: 'random-io r 64' },
  { name: 'random-write', what: '4 KiB writes at random places of 64 MiB', command: 'random-io w 64' },
  { name: 'random-new', what: '4 KiB writes at random places of 1 GiB, most of them new clusters', command: 'random-io w 1024' },
] as const; // prettier-ignore

/** The same at length, by a guest whose paths to the disk have been walked: what a disk does in steady use. */
const WARM_WORK = [
  { name: 'warm-new', what: 'warm: write 512 MiB to new clusters, fsync', command: 'dd if=/dev/zero of=/dev/sda bs=1M seek=1024 count=512 conv=fsync' },
  { name: 'warm-again', what: 'warm: write 512 MiB again, fsync', command: 'dd if=/dev/zero of=/dev/sda bs=1M seek=1024 count=512 conv=fsync' },
  { name: 'second-new', what: 'warm: write another 512 MiB to new clusters, fsync', command: 'dd if=/dev/zero of=/dev/sda bs=1M seek=1536 count=512 conv=fsync' },
  { name: 'warm-read', what: 'warm: read 512 MiB', command: 'dd if=/dev/sda of=/dev/null bs=1M skip=1024 count=512' },
  { name: 'direct-write', what: 'warm: write 512 MiB past the page cache', command: 'dd if=/dev/zero of=/dev/sda bs=1M seek=1024 count=512 oflag=direct' },
  { name: 'direct-read', what: 'warm: read 512 MiB past the page cache', command: 'dd if=/dev/sda of=/dev/null bs=1M skip=1024 count=512 iflag=direct' },
  { name: 'warm-read-4k', what: 'warm: 10,000 4 KiB reads, one at a time', command: 'dd if=/dev/sda of=/dev/null bs=4k count=10000 iflag=direct' },
  { name: 'warm-write-4k', what: 'warm: 10,000 4 KiB writes, one at a time', command: 'dd if=/dev/zero of=/dev/sda bs=4k count=10000 oflag=direct' },
  { name: 'warm-random-read', what: 'warm: 10,000 4 KiB reads at random places of 64 MiB', command: tenTimes('random-io r 64') },
  { name: 'warm-random-write', what: 'warm: 10,000 4 KiB writes at random places of 64 MiB', command: tenTimes('random-io w 64') },
] as const; // prettier-ignore

const WORK = [...COLD_WORK, ...WARM_WORK];

/** A shell line. */
function tenTimes(command: string): string {
  return `( for i in 0 1 2 3 4 5 6 7 8 9; do ${command} || exit 1; done )`;
}

/** @param randomIo the program of that name */
const initScript = (randomIo: Buffer): string => `#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t devtmpfs dev /dev
for module in /modules/*.ko; do insmod $module; done
while [ ! -b /dev/sda ]; do sleep 0.1; done
echo ${randomIo.toString('base64')} | base64 -d >/bin/random-io
chmod +x /bin/random-io
${WORK.map(
  ({ name, command }) => `echo 3 >/proc/sys/vm/drop_caches
sleep 1
echo "@@BEGIN ${name}"
${command} 2>/dev/null && echo "@@END ${name}"`,
).join('\n')}
dd if=/dev/zero of=/dev/sda bs=4k count=1 conv=fsync
echo "@@FLUSHED"
poweroff -f
`;

async function randomIoProgram(folder: string): Promise<Buffer> {
  const file = path.join(folder, 'random-io');
  const nasm = path.join(await debianPackage('nasm'), 'usr/bin/nasm');
  execFileSync(nasm, ['-f', 'bin', '-o', file, 'bench/disk/random-io.asm']);
  return readFile(file);
}

/** What one piece of work took: by the clock, and of the processor, for the whole process tree. */
interface Cost {
  readonly ms: number;
  /** In seconds. */
  readonly cpu: number;
}

/** Reading and writing a qcow2 disk over IDE, the same guest and image here and under QEMU's translator, in turn. */
export default async function disk(args: readonly string[]): Promise<Figure[]> {
  const { values } = parseArgs({ args: [...args], options: { rounds: { type: 'string', default: ROUNDS } } });
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds takes a number from 1 on.');
  const folder = await mkdtemp(path.join(tmpdir(), 'annex-bench-disk-'));
  const image = path.join(folder, 'disk.qcow2');
  const modules = await kernelModules(await debianPackage(KERNEL), ['sd_mod', 'ata_piix']);
  const guest: LinuxGuest = {
    kernel: await debianKernel(KERNEL),
    initrd: await busyboxInitramfs('amd64', initScript(await randomIoProgram(folder)), modules),
    append: 'console=ttyS0 quiet panic=-1',
    memoryMiB: 256,
    disk: image,
  };
  const ours = WORK.map((): Cost[] => []);
  const theirs = WORK.map((): Cost[] => []);
  try {
    for (let round = 0; round < rounds; round++) {
      for (const [peer, costs] of [
        [annex(), ours],
        [qemuTcg(), theirs],
      ] as const) {
        await rm(image, { force: true });
        await writeFile(image, encodeEmptyQcow2({ size: DISK_BYTES }));
        (await workCosts(peer, guest)).forEach((cost, i) => costs[i]!.push(cost));
        execFileSync('qemu-img', ['check', '-q', image]);
      }
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return WORK.flatMap(({ what }, i) => [
    figureOf(
      `${what}, ms`,
      ours[i]!.map(({ ms }) => ms),
      theirs[i]!.map(({ ms }) => ms),
      0,
    ),
    figureOf(
      `${what}, CPU s`,
      ours[i]!.map(({ cpu }) => cpu),
      theirs[i]!.map(({ cpu }) => cpu),
      2,
    ),
  ]);
}

function figureOf(figure: string, ours: readonly number[], theirs: readonly number[], digits: number): Figure {
  const ratio = median(ours) / median(theirs);
  const value = `${spread(ours, digits)}; QEMU ${spread(theirs, digits)}; ratio ${ratio.toFixed(2)}`;
  return { figure, value, goal: 'ratio ≤ 1', met: ratio <= 1 };
}

async function workCosts(peer: Peer, guest: LinuxGuest): Promise<Cost[]> {
  const run = peer(guest);
  const costs: Cost[] = [];
  try {
    for (const { name } of WORK) {
      await run.waitFor(`@@BEGIN ${name}`, TIMEOUT_SECONDS);
      const begin = { ms: performance.now(), cpu: run.cpuSeconds() };
      await run.waitFor(`@@END ${name}`, TIMEOUT_SECONDS);
      costs.push({ ms: performance.now() - begin.ms, cpu: run.cpuSeconds() - begin.cpu });
    }
    await run.waitFor('@@FLUSHED', TIMEOUT_SECONDS);
  } finally {
    await run.stop();
  }
  return costs;
}
