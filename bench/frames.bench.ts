import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import path from 'node:path';
import { build } from 'vite';
import { serveBenchPage } from './lib/bench-page.js';
import { PlainBrowser } from './lib/browser.js';
import { treeCpuSeconds } from './lib/process-tree.js';
import { type Figure } from './lib/figure.js';

const SECONDS = 8;
const WARM_UP_FRAMES = 30;
const GOAL_FRAMES = 30;
/** What the page counts. */
interface Counters {
  readonly painted: number;
  readonly paintMs: number;
  readonly at: number;
}
const FOLDER = path.resolve('bench/frames');

/**
 * The whole frame path in full motion at 1024 × 768: stream in a VM process, WebSocket, canvas in Chromium. The picture comes from a test pattern, so this is the path's own limit.
 */
export default async function frames(): Promise<Figure[]> {
  const work = path.resolve('build/frames');
  await buildVmProcess(work);
  const bench = await serveBenchPage(FOLDER, path.join(work, 'vm-process.js'));
  const draft = { name: `frames ${randomUUID().slice(0, 8)}`, memoryMiB: 16 };
  const machine = await bench.host.command('machine.create', { draft });
  await bench.host.command('machine.start', { id: machine.config.id });
  const browser = new PlainBrowser(bench.url);
  try {
    const before = await counted(browser, WARM_UP_FRAMES);
    const cpuBefore = treeCpuSeconds(process.pid);
    await sleep(SECONDS * 1000);
    const after = await counted(browser, before.painted + 1);
    const cpu = treeCpuSeconds(process.pid) - cpuBefore;
    const painted = after.painted - before.painted;
    const rate = painted / ((after.at - before.at) / 1000);
    const paint = (after.paintMs - before.paintMs) / painted;
    return [
      {
        figure: '1024×768 full motion, frames painted a second',
        value: rate.toFixed(1),
        goal: `≥ ${GOAL_FRAMES}`,
        met: rate >= GOAL_FRAMES,
        note: `paint ${paint.toFixed(1)} ms; CPU of all processes, browser included: ${((cpu / painted) * 1000).toFixed(0)} ms a frame`,
      },
    ];
  } finally {
    await browser.close();
    await bench.close();
  }
}

/** The page's counters once it has painted so many frames. */
async function counted(browser: PlainBrowser, frames: number): Promise<Counters> {
  for (let attempt = 0; attempt < 120; attempt++) {
    const [painted, paintMs, at] = (await browser.title()).split(' ').map(Number);
    if (painted !== undefined && painted >= frames) return { painted, paintMs: paintMs!, at: at! };
    await sleep(250);
  }
  throw new Error('the page paints no frames');
}

/** Into a folder of the project, where it finds the packages it imports. */
async function buildVmProcess(outDir: string): Promise<void> {
  await build({
    configFile: false,
    logLevel: 'warn',
    build: {
      ssr: path.join(FOLDER, 'vm-process.ts'),
      outDir,
      emptyOutDir: true,
      target: 'node20',
      rollupOptions: { output: { format: 'es', entryFileNames: '[name].js' } },
    },
    ssr: { noExternal: true, external: ['ws'] },
  });
}
