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

/** Debian's amd64 cloud kernel from power-on to init: CPU seconds of the whole process tree, alternating with QEMU TCG. */
export default async function boot(): Promise<Figure[]> {
  const guest: LinuxGuest = {
    kernel: await debianKernel('linux-image-cloud-amd64'),
    initrd: await busyboxInitramfs('amd64', INIT),
    append: 'console=ttyS0 panic=-1',
    memoryMiB: 512,
  };
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    ours.push(await cpuToInit(annex('--engine', 'interpreter'), guest));
    theirs.push(await cpuToInit(qemuTcg(), guest));
  }
  const ratio = median(ours) / median(theirs);
  return [
    { figure: 'interpreter, CPU s to init', value: spread(ours), goal: '', met: undefined },
    { figure: 'QEMU TCG, CPU s to init', value: spread(theirs), goal: '', met: undefined },
    { figure: 'ratio of medians', value: ratio.toFixed(2), goal: '≤ 3', met: ratio <= 3 },
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
