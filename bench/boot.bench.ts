import { debianKernel } from '../src/testing/debian-packages.js';
import { busyboxInitramfs } from '../src/testing/initramfs.js';
import { median, spread, type Figure } from './lib/figure.js';
import { annex, qemuTcg, type LinuxGuest, type Peer } from './lib/peers.js';

const ROUNDS = 3;
const TIMEOUT_SECONDS = 300;
const MARKER = '@@INIT';

const INIT = `#!/bin/busybox sh
echo "${MARKER}"
/bin/busybox sleep 1000
`;

interface Kernel {
  readonly name: string;
  readonly packageName: 'linux-image-cloud-amd64' | 'linux-image-686';
  readonly arch: 'amd64' | 'i386';
  readonly qemu: Peer;
  /** Most that the interpreter may cost, as a multiple of the peer. */
  readonly goal: number | undefined;
}

const KERNELS: readonly Kernel[] = [
  { name: 'amd64', packageName: 'linux-image-cloud-amd64', arch: 'amd64', qemu: qemuTcg(), goal: 3 },
  // Packed with LZMA: four fifths of its instructions are the decompressor's.
  { name: '686', packageName: 'linux-image-686', arch: 'i386', qemu: qemuTcg('qemu-system-i386'), goal: undefined },
];

/** Debian kernels from power-on to init: CPU seconds of the whole process tree, alternating with QEMU TCG. */
export default async function boot(): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const kernel of KERNELS) figures.push(...(await compare(kernel)));
  return figures;
}

async function compare({ name, packageName, arch, qemu, goal }: Kernel): Promise<Figure[]> {
  const guest: LinuxGuest = {
    kernel: await debianKernel(packageName),
    initrd: await busyboxInitramfs(arch, INIT),
    append: 'console=ttyS0 panic=-1',
    memoryMiB: 512,
  };
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    ours.push(await cpuToInit(annex('--engine', 'interpreter'), guest));
    theirs.push(await cpuToInit(qemu, guest));
  }
  const ratio = median(ours) / median(theirs);
  const asked = goal === undefined ? { goal: '', met: undefined } : { goal: `≤ ${goal}`, met: ratio <= goal };
  return [
    { figure: `${name} on the interpreter, CPU s to init`, value: spread(ours), goal: '', met: undefined },
    { figure: `${name} on QEMU TCG, CPU s to init`, value: spread(theirs), goal: '', met: undefined },
    { figure: `${name}, ratio of medians`, value: ratio.toFixed(2), ...asked },
  ];
}

async function cpuToInit(peer: Peer, guest: LinuxGuest): Promise<number> {
  const run = peer(guest);
  try {
    await run.waitFor(MARKER, TIMEOUT_SECONDS);
    return run.cpuSeconds();
  } finally {
    await run.stop();
  }
}
