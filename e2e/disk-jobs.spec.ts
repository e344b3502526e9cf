import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DiskJobs } from '../src/main/host/disk-jobs/disk-jobs.js';
import { ForkStarter } from '../src/main/host/supervisor/fork-starter.js';
import type { ProcessStarter, VmChild } from '../src/main/host/supervisor/process-starter.js';
import type { DiskJobRequest, ImageRef } from '../src/shared/disk-jobs/protocol.js';
import { toolMissing } from '../src/testing/debian-packages.js';
import { openState, pageOf, stateFile } from '../src/testing/state-files.js';
import { BASE_PAGE, isStored } from '../src/main/vmm/snapshot/page-index.js';
import { patternBytes } from '../src/testing/storage/ide-rig.js';

const run = promisify(execFile);
const missing = toolMissing('qemu-img');
const MIB = 1 << 20;
/** Times a job is killed; more by KILL_POINTS. */
const KILL_POINTS = Number(process.env['KILL_POINTS'] ?? 12);
/** Times that each job may be done before it is killed once. */
const MOST_TRIES = 20;
/** A job's time to live at first, in ms; what it needs to end is more than it gets from then on. */
const LONGEST_LIFE_MS = 600;

const starter = new ForkStarter(path.resolve('out/main/disk-job.js'));

/** Starts jobs, and kills the last one when told. */
class MortalStarter implements ProcessStarter {
  readonly transfersPorts = false;
  private child: VmChild | undefined;

  async start(...args: Parameters<ProcessStarter['start']>): Promise<VmChild> {
    return (this.child = await starter.start(...args));
  }

  kill(): void {
    this.child?.kill();
  }
}

const control = () => ({ signal: new AbortController().signal, progress() {} });

let root: string;
beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'annex-kill-'));
  const qemuImg = (...args: string[]) => run('qemu-img', args, { cwd: path.join(root, 'good') });
  await mkdir(path.join(root, 'good'));
  await writeFile(path.join(root, 'good/base.raw'), patternBytes(24 * MIB));
  await qemuImg('convert', '-f', 'raw', '-O', 'qcow2', 'base.raw', 'base.qcow2');
  await qemuImg('create', '-q', '-f', 'qcow2', '-b', 'base.qcow2', '-F', 'qcow2', 'middle.qcow2');
  await qemuImg('create', '-q', '-f', 'qcow2', '-b', 'middle.qcow2', '-F', 'qcow2', 'head.qcow2');
  const qemuIo = (file: string, ...commands: string[]) =>
    run('qemu-io', ['-f', 'qcow2', ...commands.flatMap((c) => ['-c', c]), path.join(root, 'good', file)]);
  await qemuIo('middle.qcow2', 'write -P 1 1M 9M', 'write -z 12M 3M');
  await qemuIo('head.qcow2', 'write -P 2 5M 3M', 'write -P 0 20M 2M');
  await qemuImg('convert', '-O', 'raw', 'head.qcow2', 'model.raw');
  await writeStates(path.join(root, 'good'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const JOBS: readonly ((file: (name: string) => string) => DiskJobRequest)[] = [
  (file) => ({ job: 'compact', image: ref(file('head.qcow2')) }),
  (file) => ({ job: 'convert', source: ref(file('head.qcow2')), path: file('new.qcow2'), format: 'qcow2', layout: 'compressed' }),
  (file) => ({ job: 'resize', image: ref(file('head.qcow2')), size: 600 * MIB, allowShrink: false }),
  (file) => ({ job: 'merge-up', child: ref(file('middle.qcow2')), layer: file('base.qcow2') }),
  (file) => ({ job: 'merge-down', child: ref(file('head.qcow2')), layer: file('middle.qcow2') }),
  (file) => ({ job: 'merge-state', state: file('upper.state'), base: file('base.state') }),
  (file) => ({ job: 'rebase', image: ref(file('head.qcow2')), backing: { name: './middle.qcow2', format: 'qcow2' } }),
]; // prettier-ignore

const ref = (file: string): ImageRef => ({ path: file, format: 'qcow2', bases: null });

const BASE_STATE = '00000000-0000-4000-8000-00000000000a';
const STATE_PAGES = 4096;
const UPPER_PAGE = 8;

/** Two saved states, one on the other. */
async function writeStates(folder: string): Promise<void> {
  const content = new Map(Array.from({ length: STATE_PAGES / 2 }, (_, i) => [2 * i, pageOf(i)]));
  await writeFile(path.join(folder, 'base.state'), stateFile({ pages: STATE_PAGES, id: BASE_STATE, content }));
  const upper = { pages: STATE_PAGES, base: BASE_STATE, known: BASE_PAGE, content: new Map([[UPPER_PAGE, pageOf(0)]]) };
  await writeFile(path.join(folder, 'upper.state'), stateFile(upper));
}

/** The upper state is as it was, or holds all pages itself. */
async function expectSoundState(folder: string): Promise<void> {
  const { manifest, index } = openState(await readFile(path.join(folder, 'upper.state')));
  const stored = [...index].filter((word) => isStored(word)).length;
  expect(stored).toBe(manifest.base === null ? STATE_PAGES / 2 : 1);
}

/** No errors in any image, leaks at most; the disk reads as ever, but for zeros at its end. */
async function expectSound(folder: string): Promise<void> {
  for (const name of (await readdir(folder)).filter((name) => name.endsWith('.qcow2'))) {
    const { stdout } = await run('qemu-img', ['check', '--output=json', name], { cwd: folder }).catch(
      (error: { stdout: string }) => error,
    );
    const report = JSON.parse(stdout) as { 'check-errors': number; 'corruptions'?: number };
    expect([name, report['check-errors'], report.corruptions ?? 0]).toEqual([name, 0, 0]);
  }
  await run('qemu-img', ['compare', '-f', 'qcow2', '-F', 'raw', 'head.qcow2', 'model.raw'], { cwd: folder });
  await expectSoundState(folder);
}

describe.skipIf(missing)(`disk jobs killed at random${missing ? ` (skipped: ${missing})` : ''}`, () => {
  it('leave a disk that reads as before, and are done when they are done again', async () => {
    const longest = JOBS.map(() => LONGEST_LIFE_MS);
    let killed = 0;
    for (let i = 0; killed < KILL_POINTS; i++) {
      expect(i).toBeLessThan(KILL_POINTS * MOST_TRIES);
      const folder = path.join(root, `run${i}`);
      await cp(path.join(root, 'good'), folder, { recursive: true });
      const job = i % JOBS.length;
      const request = JOBS[job]!((name) => path.join(folder, name));
      const mortal = new MortalStarter();
      const begun = performance.now();
      const running = new DiskJobs(mortal).run(request, control());
      const ended = running.then(
        () => 'done' as const,
        () => 'killed' as const,
      );
      await Promise.race([sleep(Math.random() * longest[job]!), ended]);
      mortal.kill();
      const end = await ended;
      if (end === 'done') longest[job] = Math.min(longest[job]!, performance.now() - begun);
      await expectSound(folder);
      if (end === 'killed') {
        killed++;
        // What a killed process had made may already have its name.
        if (request.job === 'convert' && existsSync(request.path)) await rm(request.path);
        await new DiskJobs(starter).run(request, control()).catch((error: unknown) => {
          // A merge that was complete but for its answer has nothing left to merge.
          if (request.job !== 'merge-up') throw error;
          expect(error).toMatchObject({ code: 'image-unsupported' });
        });
        await expectSound(folder);
      }
      expect((await readdir(folder)).filter((name) => /\.(part|lock)/.test(name))).toEqual([]);
      await rm(folder, { recursive: true });
    }
  });
});
