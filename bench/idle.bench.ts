import { setTimeout as sleep } from 'node:timers/promises';
import { debianKernel } from '../src/testing/debian-packages.js';
import { busyboxInitramfs } from '../src/testing/initramfs.js';
import type { Figure } from './lib/figure.js';
import { annex } from './lib/peers.js';

const SETTLE_SECONDS = 5;
const SAMPLE_SECONDS = 20;

/** A Linux guest at its shell prompt: share of one core the whole process tree takes. */
export default async function idle(): Promise<Figure[]> {
  const guest = {
    kernel: await debianKernel('linux-image-cloud-amd64'),
    initrd: await busyboxInitramfs('amd64'),
    append: 'console=ttyS0',
    memoryMiB: 256,
  };
  const run = annex()(guest);
  try {
    await run.waitFor('@@READY', 300);
    await sleep(SETTLE_SECONDS * 1000);
    const before = run.cpuSeconds();
    await sleep(SAMPLE_SECONDS * 1000);
    const share = (run.cpuSeconds() - before) / SAMPLE_SECONDS;
    return [
      {
        figure: 'idle guest, share of a core',
        value: `${(share * 100).toFixed(1)} %`,
        goal: '< 3 %',
        met: share < 0.03,
      },
    ];
  } finally {
    await run.stop();
  }
}
