import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { debianPackage } from '../src/testing/debian-packages.js';
import { serveBenchPage } from './lib/bench-page.js';
import { PlainBrowser } from './lib/browser.js';
import { cpuSplit, timesBetween, type CpuSplit, type Part } from './lib/cpu-split.js';
import { median, spread, type Figure } from './lib/figure.js';
import { kernelMachine, type KernelMachine } from './lib/kernel-machine.js';

const PHASES = 12;
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
  readonly seconds: number;
  readonly cpu: CpuSplit;
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
  const before = await look(browser, machine);
  await sleep(SAMPLE_MS);
  const after = await look(browser, machine);
  const seconds = (after.at - before.at) / 1000;
  return {
    shown: phase % 2 === 0,
    speed: (after.instructions - before.instructions) / seconds,
    frames: (after.page.frames - before.page.frames) / ((after.page.at - before.page.at) / 1000),
    seconds,
    cpu: timesBetween(before.cpu, after.cpu),
  };
}

async function look(browser: PlainBrowser, machine: KernelMachine) {
  const [instructions, page] = [await machine.instructions(), await told(browser)];
  return { at: performance.now(), instructions, page, cpu: cpuSplit() };
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
  const slowdowns = slowdownsOf(samples);
  const slowdown = median(slowdowns);
  return [
    {
      figure: '1024×768 drawn by a guest, frames painted a second',
      value: spread(frames, 1),
      goal: `≥ ${GOAL_FRAMES}`,
      met: median(frames) >= GOAL_FRAMES,
    },
    {
      figure: 'slowdown of the guest while it is shown',
      value: `${spread(
        slowdowns.map((share) => share * 100),
        1,
      )} %`,
      goal: `≤ ${GOAL_SLOWDOWN * 100} %`,
      met: slowdown <= GOAL_SLOWDOWN,
      note: `${spread(mips(shown), 0)} MIPS shown, ${spread(mips(hidden), 0)} not`,
    },
    {
      figure: 'of it, the guest waiting for a processor',
      value: `${((waiting(shown) - waiting(hidden)) * 100).toFixed(1)} %`,
      goal: '',
      met: undefined,
      note: `share of time: ${(waiting(shown) * 100).toFixed(1)} % shown, ${(waiting(hidden) * 100).toFixed(1)} % not`,
    },
    ...perFrame(shown),
  ];
}

/** Of each phase in which the guest was shown, against the phases before and after: the host's own speed drifts. */
function slowdownsOf(samples: readonly Sample[]): number[] {
  return samples.flatMap(({ shown, speed }, index) => {
    const [before, after] = [samples[index - 1], samples[index + 1]];
    return shown && before && after ? [1 - speed / ((before.speed + after.speed) / 2)] : [];
  });
}

/** Share of the time in which the guest could have run and did not. */
function waiting(samples: readonly Sample[]): number {
  return median(samples.map(({ cpu, seconds }) => (cpu.get('guest')?.waited ?? 0) / (seconds * 1000)));
}

/** Processor time a frame, by part of the frame path. */
function perFrame(shown: readonly Sample[]): Figure[] {
  const parts = [...new Set(shown.flatMap(({ cpu }) => [...cpu.keys()]))].filter((part) => part !== 'guest');
  const times = (part: Part) =>
    shown.map(({ cpu, frames, seconds }) => (cpu.get(part)?.ran ?? 0) / Math.max(1, frames * seconds));
  const total = parts.reduce((sum, part) => sum + median(times(part)), 0);
  const row = (figure: string, ms: string): Figure => ({ figure, value: `${ms} ms`, goal: '', met: undefined });
  return [
    row('CPU a frame, guest not counted', total.toFixed(1)),
    ...parts.map((part) => row(`CPU a frame: ${part}`, spread(times(part), 1))),
  ];
}
