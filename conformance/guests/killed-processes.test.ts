import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ForkStarter } from '../../src/main/host/supervisor/fork-starter.js';
import { toolMissing } from '../../src/testing/debian-packages.js';
import { Random } from '../../src/testing/random.js';
import { CrashSite } from '../crash/crash-site.js';

const ANNEX = path.resolve('out/main/annex.js');
/** Times somebody pulls the plug; `npm run test:crash` asks for more. */
const POINTS = Number(process.env['KILL_POINTS'] ?? 12);
const SEED = Number(process.env['KILL_SEED'] ?? Date.now() % 2 ** 31);
/** Longest a command is left alone, in ms: about as long as the longest takes. */
const LONGEST_MS = 1200;
/** Longest a command may take before it counts as stuck. */
const COMMAND_LIMIT_MS = 60_000;
const HOUR = 3_600_000;

const execute = promisify(execFile);
const qemuImg = toolMissing('qemu-img');
let site: CrashSite;

beforeAll(async () => {
  const diskJobs = new ForkStarter(path.resolve('out/main/disk-job.js'));
  site = await CrashSite.create(new ForkStarter(path.resolve('out/main/vmhost.js')), diskJobs);
});
afterAll(() => site.remove());

/** Who is killed: one process, whose children are left behind, or also those. */
type Victim = 'client' | 'host' | 'machine' | 'everything';
const VICTIMS: readonly Victim[] = ['client', 'host', 'machine', 'everything'];

function annex(args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [ANNEX, ...args, '--library', site.root], { detached: true, stdio: 'ignore' });
}

/** One command line, cut off by SIGKILL. Whatever host it has started is killed in the end, as its machine is. */
async function killed(args: readonly string[], afterMs: number, victim: Victim): Promise<void> {
  const child = annex(args);
  const groups = [child.pid!];
  const strike = async (at: Victim): Promise<void> => {
    const host = await pidIn('.host/endpoint.json');
    const machine = await pidIn('Test.annex/machine.lock');
    if (host !== undefined && !groups.includes(host)) groups.push(host);
    if (at === 'client' || at === 'everything') kill(at === 'client' ? child.pid! : -child.pid!);
    if ((at === 'host' || at === 'everything') && host !== undefined) kill(at === 'host' ? host : -host);
    if (at === 'machine' && machine !== undefined && machine !== process.pid) kill(machine);
  };
  const timer = setTimeout(() => void strike(victim), afterMs);
  const limit = setTimeout(() => void strike('everything'), COMMAND_LIMIT_MS);
  await once(child, 'exit');
  clearTimeout(timer);
  clearTimeout(limit);
  await strike('everything');
  // What was left behind notices that it is alone.
  for (const group of groups) await expect.poll(() => groupIsGone(group), { timeout: 20_000 }).toBe(true);
}

/** Process named by a file of the library, if there is one. */
async function pidIn(file: string): Promise<number | undefined> {
  const text = await readFile(path.join(site.root, file), 'utf8').catch(() => '{}');
  const { pid } = JSON.parse(text === '' ? '{}' : text) as { pid?: number };
  return pid;
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It is gone already.
  }
}

function groupIsGone(group: number): boolean {
  try {
    process.kill(-group, 0);
    return false;
  } catch {
    return true;
  }
}

async function randomCommand(random: Random, number: number): Promise<{ args: string[]; deleted?: string; reverts?: boolean }> {
  const ids = [...(await site.contents()).keys()];
  const pick = (): string => random.pick(ids);
  switch (ids.length < 2 ? 0 : random.below(8)) {
    case 0:
    case 1:
      return { args: ['snapshot', 'take', 'Test', `s${number}`] };
    case 2:
      return { args: ['snapshot', 'revert', 'Test', pick()], reverts: true };
    case 3:
    case 4: {
      const deleted = pick();
      return { args: ['snapshot', 'delete', 'Test', deleted], deleted };
    }
    case 5:
      return { args: ['snapshot', 'tidy', 'Test'] };
    case 6:
      return { args: ['suspend', 'Test'] };
    default:
      return { args: ['clone', 'Test', `Copy ${number}`, ...(random.below(2) ? ['--snapshot', pick()] : [])] };
  }
} // prettier-ignore

async function checkImages(): Promise<void> {
  for (const { path: file, format } of (await site.tree())?.layers ?? []) {
    if (format !== 'qcow2') continue;
    // Exit code 3: clusters nobody uses, which a crash may leave and the next check frees.
    const code = await execute('qemu-img', ['check', '-q', '-f', 'qcow2', site.folder(file)]).then(
      () => 0,
      (error: { code: number }) => error.code,
    );
    expect([0, 3], file).toContain(code);
  }
}

describe.skipIf(qemuImg)(`processes killed${qemuImg === undefined ? '' : ` (skipped: ${qemuImg})`}`, () => {
  it(
    `lose nothing at ${POINTS} random times (seed ${SEED})`,
    async () => {
      const random = new Random(SEED);
      for (let number = 1; number <= POINTS; number++) {
        for (let scribbles = random.below(12); scribbles >= 0; scribbles--) await site.scribble();
        const before = { contents: await site.contents(), present: await site.present() };
        const { args, deleted, reverts = false } = await randomCommand(random, number);
        const what = `${number}: annex ${args.join(' ')}`;
        if (random.below(3) === 0) await once(annex(['start', 'Test']), 'exit');
        await killed(args, random.below(LONGEST_MS), random.pick(VICTIMS));
        const host = await site.open();
        const { machines, broken } = await host.command('library.list', {});
        expect(broken, what).toEqual([]);
        const after = await site.contents();
        for (const [id, content] of before.contents)
          if (after.has(id) || id !== deleted) expect(after.get(id), what).toBe(content);
        const present = await site.present();
        expect(reverts ? [before.present, ...before.contents.values()] : [before.present], what).toContain(present);
        expect(await site.orphans(), what).toEqual([]);
        await checkImages();
        for (const { config } of machines)
          if (config.name !== 'Test') await host.command('machine.delete', { id: config.id });
        await host.close();
      }
    },
    HOUR,
  );
});
