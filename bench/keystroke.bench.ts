import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { debianKernel } from '../src/testing/debian-packages.js';
import { busyboxInitramfs } from '../src/testing/initramfs.js';
import { serveBenchPage } from './lib/bench-page.js';
import { PlainBrowser } from './lib/browser.js';
import { quantile, type Figure } from './lib/figure.js';
import { kernelMachine } from './lib/kernel-machine.js';

const BOOT_SECONDS = 120;
const MEASURE_SECONDS = 120;
const GOAL_MS = 50;

/** The kernel's terminal echoes what is typed; nothing else changes on the screen, since the cursor is hidden. */
const INIT = `#!/bin/busybox sh
/bin/busybox printf '\\033[2J\\033[?25l@@READY\\n'
exec /bin/busybox cat
`;

/** From a key pressed in Chromium, through Linux on its VGA console, to the changed pixel on the page's canvas. */
export default async function keystroke(): Promise<Figure[]> {
  const bench = await serveBenchPage(path.resolve('bench/keystroke'));
  const machine = await kernelMachine(bench.host, {
    kernel: await debianKernel('linux-image-cloud-amd64'),
    initrd: await busyboxInitramfs('amd64', INIT),
    commandLine: 'console=tty0 quiet',
    memoryMiB: 256,
  });
  await machine.waitForScreen(/@@READY/, BOOT_SECONDS);
  const browser = new PlainBrowser(bench.url);
  try {
    const delays = await measured(browser);
    const [median, p95] = [quantile(delays, 0.5), quantile(delays, 0.95)];
    const note = `${delays.length} keys; worst ${Math.max(...delays).toFixed(0)} ms`;
    return [
      { figure: 'key to changed pixel, median', value: `${median.toFixed(1)} ms`, goal: `< ${GOAL_MS} ms`, met: median < GOAL_MS, note },
      { figure: 'key to changed pixel, 95 of 100', value: `${p95.toFixed(1)} ms`, goal: `< ${GOAL_MS} ms`, met: p95 < GOAL_MS },
    ]; // prettier-ignore
  } finally {
    await browser.close();
    await bench.close();
  }
}

/** Delays the page has put in its title, in ms. */
async function measured(browser: PlainBrowser): Promise<number[]> {
  for (let left = MEASURE_SECONDS; left > 0; left--) {
    const [state, ...delays] = (await browser.title()).split(' ');
    if (state === 'done') return delays.map(Number);
    await sleep(1000);
  }
  throw new Error('the page does not come to an end');
}
