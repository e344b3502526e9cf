import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { debianPackage } from '../src/testing/debian-packages.js';
import { serveBenchPage } from './lib/bench-page.js';
import { PlainBrowser } from './lib/browser.js';
import { median, spread, type Figure } from './lib/figure.js';
import { kernelMachine, type KernelMachine } from './lib/kernel-machine.js';

const PHASES = 9;
const POLL_MS = 50;
/** Left out at both ends of a phase, while things change over. */
const MARGIN_MS = 1500;
const SAMPLE_MS = 5000;
const WARM_UP_MS = 6000;
const GOAL_FRAMES = 30;
const GOAL_SLOWDOWN = 0.1;

interface Sample {
  readonly shown: boolean;
  /** Guest instructions a second. */
  readonly speed: number;
  /** Painted a second. */
  readonly frames: number;
}

/** A guest that draws 1024 × 768 anew without end, in a browser: frames a second, and what showing them costs the guest. */
export default async function motion(): Promise<Figure[]> {
  const work = await mkdtemp(path.join(tmpdir(), 'annex-motion-'));
  const kernel = path.join(work, 'motion.bin');
  const nasm = path.join(await debianPackage('nasm'), 'usr/bin/nasm');
  execFileSync(nasm, ['-f', 'bin', '-o', kernel, 'bench/motion/guest.asm']);
  const bench = await serveBenchPage(path.resolve('bench/motion'));
  const machine = await kernelMachine(bench.host, { kernel, commandLine: '', memoryMiB: 64 });
  await sleep(WARM_UP_MS);
  const browser = new PlainBrowser(bench.url);
  try {
    const samples: Sample[] = [];
    // The first phase pays for starting the browser.
    for (let phase = 1; phase < PHASES; phase++) samples.push(await sample(browser, machine, phase));
    return figures(samples);
  } finally {
    await browser.close();
    await bench.close();
    await rm(work, { recursive: true, force: true });
  }
}

async function sample(browser: PlainBrowser, machine: KernelMachine, phase: number): Promise<Sample> {
  while ((await told(browser)).phase < phase) await sleep(POLL_MS);
  await sleep(MARGIN_MS);
  const before = { at: performance.now(), instructions: await machine.instructions(), page: await told(browser) };
  await sleep(SAMPLE_MS);
  const after = { at: performance.now(), instructions: await machine.instructions(), page: await told(browser) };
  return {
    shown: phase % 2 === 0,
    speed: (after.instructions - before.instructions) / ((after.at - before.at) / 1000),
    frames: (after.page.frames - before.page.frames) / ((after.page.at - before.page.at) / 1000),
  };
}

async function told(browser: PlainBrowser): Promise<{ phase: number; frames: number; at: number }> {
  const [phase = -1, frames = 0, , at = 0] = (await browser.title()).split(' ').map(Number);
  return { phase: Number.isNaN(phase) ? -1 : phase, frames, at };
}

function figures(samples: readonly Sample[]): Figure[] {
  const shown = samples.filter((one) => one.shown);
  const hidden = samples.filter((one) => !one.shown);
  const frames = shown.map((one) => one.frames);
  const mips = (some: readonly Sample[]) => some.map(({ speed }) => speed / 1e6);
  const slowdown = 1 - median(mips(shown)) / median(mips(hidden));
  return [
    {
      figure: '1024×768 drawn by a guest, frames painted a second',
      value: spread(frames, 1),
      goal: `≥ ${GOAL_FRAMES}`,
      met: median(frames) >= GOAL_FRAMES,
    },
    {
      figure: 'slowdown of the guest while it is shown',
      value: `${(slowdown * 100).toFixed(1)} %`,
      goal: `≤ ${GOAL_SLOWDOWN * 100} %`,
      met: slowdown <= GOAL_SLOWDOWN,
      note: `${spread(mips(shown), 0)} MIPS shown, ${spread(mips(hidden), 0)} not`,
    },
  ];
}
