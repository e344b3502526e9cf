import { execFile } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Host } from '../../src/main/host/host.js';
import { ForkStarter } from '../../src/main/host/supervisor/fork-starter.js';
import { toolMissing } from '../../src/testing/debian-packages.js';
import { Random } from '../../src/testing/random.js';
import type { CommandName, CommandRequest } from '../../src/shared/contract/commands.js';
import { CrashSite } from '../crash/crash-site.js';
import { annex, DoomedCommand, VICTIMS } from '../crash/doomed-command.js';

/** Times somebody pulls the plug; `npm run test:crash` asks for more. */
const POINTS = Number(process.env['KILL_POINTS'] ?? 10);
const SEED = Number(process.env['KILL_SEED'] ?? Date.now() % 2 ** 31);
/** Longest a command is left alone, in ms: about as long as the longest takes, start of its processes included or not. */
const LONGEST_LINE_MS = 1200;
const LONGEST_GIVEN_MS = 600;
const HOUR = 3_600_000;
const DISK_BYTES = 16 << 20;
/** Beyond this many snapshots some are deleted. */
const MAX_SNAPSHOTS = 6;

const execute = promisify(execFile);
const missing = process.platform === 'linux' ? toolMissing('qemu-img') : 'processes are looked up in /proc';
let site: CrashSite;
/** A machine without snapshots, whose disk is converted. */
let plain: CrashSite;

beforeAll(async () => {
  const diskJobs = new ForkStarter(path.resolve('out/main/disk-job.js'));
  site = await CrashSite.create(new ForkStarter(path.resolve('out/main/vmhost.js')), diskJobs, DISK_BYTES);
  plain = await site.another('Plain');
  await site.fill();
  await plain.fill();
});
afterAll(() => site.remove());

/** Something a person does, and what it may change. */
interface Deed {
  readonly what: string;
  begin(): Promise<DoomedCommand>;
  /** Whether the machine may be on meanwhile. */
  readonly live: boolean;
  /** Snapshot it deletes. */
  readonly deleted?: string;
  readonly reverts?: boolean;
  /** Bytes it makes the disk of. */
  readonly grows?: number;
}

function line(args: readonly string[], effects: Partial<Deed> = {}): Deed {
  return { what: `annex ${args.join(' ')}`, begin: () => Promise.resolve(DoomedCommand.line(site.root, args)), live: true, ...effects };
} // prettier-ignore

function given<N extends CommandName>(name: N, request: CommandRequest<N>, effects: Partial<Deed> = {}): Deed {
  const what = `${name} ${JSON.stringify(request)}`;
  return { what, begin: () => DoomedCommand.given(site.root, name, request), live: false, ...effects };
}

async function randomDeed(random: Random, number: number, ids: { test: string; plain: string }): Promise<Deed> {
  const snapshots = [...(await site.contents()).keys()];
  const pick = (): string => random.pick(snapshots);
  const remove = (): Deed => {
    const deleted = pick();
    return line(['snapshot', 'delete', 'Test', deleted], { deleted });
  };
  const onDisk = async (): Promise<Deed> => {
    const grows = (await site.size())! + (1 << 20);
    const disk1 = (await plain.present('disk1')) !== undefined;
    const format = random.below(2) ? 'raw' : 'qcow2';
    const second: Deed = disk1
      ? given('disk.remove', { id: ids.plain, driveId: 'disk1', deleteFile: true }, { live: true })
      : given('disk.add', { id: ids.plain, sizeBytes: 1 << 20, format }, { live: true });
    return random.pick<Deed>([
      given('disk.grow', { id: ids.test, driveId: 'disk0', sizeBytes: grows }, { grows }),
      given('disk.compact', { id: ids.test, driveId: 'disk0' }),
      given('disk.compact', { id: ids.plain, driveId: 'disk0' }, { live: true }),
      given('disk.convert', { id: ids.plain, driveId: 'disk0', format: 'raw' }, { live: true }),
      given('disk.convert', { id: ids.plain, driveId: 'disk0', format: 'qcow2' }, { live: true }),
      second,
    ]);
  };
  if (snapshots.length > MAX_SNAPSHOTS) return remove();
  switch (snapshots.length < 2 ? 0 : random.below(14)) {
    case 0:
    case 1:
      return line(['snapshot', 'take', 'Test', `s${number}`]);
    case 2:
      return line(['snapshot', 'revert', 'Test', pick()], { reverts: true });
    case 3:
    case 4:
      return remove();
    case 5:
      return line(['snapshot', 'tidy', 'Test']);
    case 6:
      return line(['suspend', 'Test']);
    case 7:
      return line(['clone', 'Test', `Copy ${number}`, ...(random.below(2) ? ['--snapshot', pick()] : [])]);
    case 8:
      return line(['edit', 'Test', '--notes', `${number}`]);
    case 9:
      return line(['create', `New ${number}`, '--new-disk', '0.01']);
    default:
      return onDisk();
  }
}

async function checkImages(machine: CrashSite): Promise<void> {
  for (const { path: file, format } of (await machine.tree())?.layers ?? [])
    if (format === 'qcow2') await checkImage(machine.folder(file));
}

/** Exit code 3: clusters nobody uses, which a crash may leave and the next check frees. */
async function checkImage(file: string): Promise<void> {
  const code = await execute('qemu-img', ['check', '-q', '-f', 'qcow2', file]).then(
    () => 0,
    (error: { code: number }) => error.code,
  );
  expect([0, 3], file).toContain(code);
}

/** Ids of the two machines; anything else that was made is deleted. */
async function tidied(host: Host, what: string): Promise<{ test: string; plain: string }> {
  const { machines, broken } = await host.command('library.list', {});
  expect(broken, what).toEqual([]);
  const idOf = (name: string): string => machines.find(({ config }) => config.name === name)!.config.id;
  for (const { config } of machines)
    if (!['Test', 'Plain'].includes(config.name)) await host.command('machine.delete', { id: config.id });
  return { test: idOf('Test'), plain: idOf('Plain') };
}

describe.skipIf(missing)(`processes killed${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  it(
    `lose nothing at ${POINTS} random times (seed ${SEED})`,
    async () => {
      const random = new Random(SEED);
      const first = await site.open();
      const ids = await tidied(first, 'at first');
      await first.close();
      const other = await plain.present();
      for (let number = 1; number <= POINTS; number++) {
        if (random.below(6) === 0) await site.fill();
        for (let scribbles = random.below(12); scribbles >= 0; scribbles--) await site.scribble();
        const before = { contents: await site.contents(), present: await site.present(), size: await site.size() };
        const { what: command, begin, live, deleted, reverts = false, grows } = await randomDeed(random, number, ids);
        const victim = random.pick(VICTIMS);
        const what = `${number}: ${victim} killed during ${command}`;
        if (random.below(3) === 0 && live) await once(annex(site.root, ['start', 'Test']), 'exit');
        const doomed = await begin();
        await doomed.cutOff(random.below(command.startsWith('annex') ? LONGEST_LINE_MS : LONGEST_GIVEN_MS), victim);
        const host = await site.open();
        await tidied(host, what);
        const after = await site.contents();
        for (const [id, content] of before.contents)
          if (after.has(id) || id !== deleted) expect(after.get(id), what).toBe(content);
        const present = await site.present();
        expect(reverts ? [before.present, ...before.contents.values()] : [before.present], what).toContain(present);
        if (!reverts) expect([before.size, grows], what).toContain(await site.size());
        expect(await plain.present(), what).toBe(other);
        for (const machine of [site, plain]) {
          expect(await machine.orphans(), what).toEqual([]);
          await checkImages(machine);
        }
        await host.close();
      }
    },
    HOUR,
  );
});
