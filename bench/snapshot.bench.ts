import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { debianKernel } from '../src/testing/debian-packages.js';
import { busyboxInitramfs } from '../src/testing/initramfs.js';
import { LiveMachine } from '../src/testing/live-machine.js';
import { median, spread, type Figure } from './lib/figure.js';

const BOOT_SECONDS = 300;
const MIB = 1 << 20;

/** Part of RAM that is filled: half noise, half a program's code, which compresses as RAM does. */
const FILLED = 0.7;

/** Bytes of a file of the fill, in MiB. */
const SEED_MIB = 4;

/** Times a machine goes back: how long the start of a process takes varies a lot. */
const REVERTS = 3;

/** What the automatic choice takes without hardware. */
const ENGINE = 'translator';

const MAX_PAUSE_MS = 200;
const MAX_REVERT_MS = 1000;

const ms = (value: number): string => `${Math.round(value)} ms`;
const mib = (bytes: number): string => `${Math.round(bytes / MIB)} MiB`;

/** Pause, background time, file size and time to go back for a guest that keeps writing to its memory. */
export default async function snapshot(): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const memoryMiB of [256, 1024, 2048]) figures.push(...(await measure(memoryMiB)));
  return figures;
}

async function measure(memoryMiB: number): Promise<Figure[]> {
  const folder = mkdtempSync(path.join(tmpdir(), 'annex-bench-'));
  const kernel = await debianKernel('linux-image-cloud-amd64');
  const initrd = await busyboxInitramfs('amd64');
  const config = { memoryMiB, kernel: { path: kernel, initrd, commandLine: 'console=ttyS0' } };
  const machines: LiveMachine[] = [];
  try {
    const busy = await LiveMachine.start({ folder, config, engine: ENGINE });
    machines.push(busy);
    await busy.waitFor('@@READY', BOOT_SECONDS);
    const used = await fill(busy, memoryMiB);
    const first = path.join(folder, 'first.state');
    const second = path.join(folder, 'second.state');
    const whole = await busy.snapshot(first);
    const again = await busy.snapshot(second);
    busy.kill();
    await busy.whenEnded();
    const reverts: number[] = [];
    const answers: number[] = [];
    for (let i = 0; i < REVERTS; i++) {
      const started = performance.now();
      const back = await LiveMachine.start({
        folder,
        config,
        engine: ENGINE,
        restoreFrom: { path: second, bases: [first] },
      });
      reverts.push(performance.now() - started);
      machines.push(back);
      await back.command('echo alive', 'alive\r\n');
      answers.push(performance.now() - started);
      back.kill();
      await back.whenEnded();
    }
    const name = (what: string): string => `${memoryMiB} MiB busy guest: ${what}`;
    const pauses = [whole, again].map(({ point }) => point.pauseMs);
    return [
      {
        figure: name('pause, whole and incremental'),
        value: pauses.map(ms).join(', '),
        goal: `< ${ms(MAX_PAUSE_MS)}`,
        met: Math.max(...pauses) < MAX_PAUSE_MS,
      },
      {
        figure: name('background time'),
        value: `${ms(whole.saved.saveMs)}, ${ms(again.saved.saveMs)}`,
        goal: '',
        met: undefined,
      },
      {
        figure: name('file size for RAM in use'),
        value: `${mib(whole.saved.fileBytes)}, ${mib(again.saved.fileBytes)} for ${used} MiB`,
        goal: '',
        met: undefined,
      },
      {
        figure: name('revert to a running guest, process start included; its shell answers'),
        value: `${spread(reverts, 0)} ms; ${spread(answers, 0)} ms`,
        goal: `< ${ms(MAX_REVERT_MS)}`,
        met: median(reverts) < MAX_REVERT_MS,
      },
    ];
  } finally {
    machines.forEach((machine) => machine.kill());
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Fills a part of the guest's RAM and goes on writing it. @returns MiB in use, as the guest says */
async function fill(machine: LiveMachine, memoryMiB: number): Promise<number> {
  const files = Math.floor((memoryMiB * FILLED) / SEED_MIB);
  const seed = `dd if=/dev/urandom of=/t/s bs=1M count=2 2>/dev/null; dd if=/bin/busybox bs=1M count=2 >>/t/s 2>/dev/null`;
  await machine.command(`mkdir /t; mount -t tmpfs -o size=90% t /t; ${seed}; echo seeded=1`, 'seeded=1\r\n');
  await machine.command(`for i in $(seq ${files}); do cat /t/s >/t/$i; done; echo filled=$?`, 'filled=0\r\n', 300);
  const used = await machine.command(`echo used=$(free -m | awk '/Mem/{print $3+$5}')`, /used=\d+\r\n/);
  await machine.command(
    `(while :; do for i in $(seq ${files}); do cat /t/s >/t/$i; done; done) & echo busy=1`,
    'busy=1\r\n',
  );
  return Number(/used=(\d+)\r/.exec(used)![1]);
}
