import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { AnnexRun } from '../../src/testing/annex-run.js';
import { checkFileSystem, copyDisk, debianDisk, readGuestFile } from '../../src/testing/debian-disk.js';
import { DEBIAN_ROOT_PASSWORD, debianDiskMissing } from '../../src/testing/debian-image.js';
import { seaBiosMissing } from '../../src/testing/firmwares.js';
import { bootInQemu, qemuMissing } from '../../src/testing/qemu.js';

const BOOT_SECONDS = 15 * 60;
const ANSWER_SECONDS = 120;
const missing = debianDiskMissing();

/** A guest's serial line, whatever runs the guest. */
interface SerialLine {
  say(line: string): void;
  /** Waits for what follows the last thing waited for. */
  hear(pattern: RegExp, seconds: number): Promise<unknown>;
  /** Exit code of whatever runs the guest, once the guest is off. */
  readonly ended: Promise<number | null>;
}

function inAnnex(run: AnnexRun): SerialLine {
  let heard = 0;
  return {
    say: (line) => run.type(`${line}\n`),
    hear: async (pattern, seconds) => {
      await run.waitFor(pattern, seconds, heard);
      heard = run.screen.length;
    },
    ended: run.end(),
  };
}

async function logIn(line: SerialLine): Promise<void> {
  await line.hear(/annex-guest login: /, BOOT_SECONDS);
  line.say('root');
  await line.hear(/Password: /, ANSWER_SECONDS);
  line.say(DEBIAN_ROOT_PASSWORD);
  await line.hear(/root@annex-guest:~# /, ANSWER_SECONDS);
}

/** Logs in, writes a line to a file, powers off. */
async function writeFileInGuest(line: SerialLine, file: string, text: string): Promise<void> {
  await logIn(line);
  line.say(`echo ${text} > ${file}; echo written $?`);
  await line.hear(/written 0/, ANSWER_SECONDS);
  line.say('poweroff');
  expect(await line.ended).toBe(0);
}

describe.skipIf(missing)(`a Debian 12 disk${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  let folder: string;
  let pristine: string;
  let stop: () => void = () => undefined;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'annex-debian-'));
    pristine = await debianDisk();
  });
  afterEach(() => stop());
  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function freshDisk(name: string): Promise<string> {
    const disk = path.join(folder, name);
    await copyDisk(pristine, disk);
    return disk;
  }

  function annex(disk: string, firmware: 'builtin' | 'seabios' = 'builtin'): SerialLine {
    const options = ['--memory', '512', '--firmware', firmware, '--net', 'none', '--serial', 'stdio'];
    const run = new AnnexRun(['--disk', disk, ...options]);
    stop = () => run.kill();
    return inAnnex(run);
  }

  function qemu(disk: string): SerialLine {
    const { dialogue, ended, kill } = bootInQemu(disk);
    stop = kill;
    return { say: (line) => dialogue.say(line), hear: (p, seconds) => dialogue.expect(p, seconds * 1000), ended };
  }

  it('boots here through GRUB in its master boot record, keeps a file, and shuts down cleanly', async () => {
    const disk = await freshDisk('annex.raw');
    await writeFileInGuest(annex(disk), '/root/from-annex', 'hello');
    expect(await checkFileSystem(disk)).toMatchObject({ code: 0 });
    expect(await readGuestFile(disk, '/root/from-annex')).toBe('hello\n');
  });

  it.skipIf(seaBiosMissing())('does the same under SeaBIOS', async () => {
    const disk = await freshDisk('seabios.raw');
    await writeFileInGuest(annex(disk, 'seabios'), '/root/from-seabios', 'hello');
    expect(await checkFileSystem(disk)).toMatchObject({ code: 0 });
    expect(await readGuestFile(disk, '/root/from-seabios')).toBe('hello\n');
  });

  it.skipIf(qemuMissing())('written here boots under QEMU, and written there boots here', async () => {
    const disk = await freshDisk('both.raw');
    await writeFileInGuest(qemu(disk), '/root/from-qemu', 'one');
    expect(await checkFileSystem(disk)).toMatchObject({ code: 0 });
    expect(await readGuestFile(disk, '/root/from-qemu')).toBe('one\n');
    await writeFileInGuest(annex(disk), '/root/from-annex', '$(cat /root/from-qemu) two');
    expect(await checkFileSystem(disk)).toMatchObject({ code: 0 });
    expect(await readGuestFile(disk, '/root/from-annex')).toBe('one two\n');
    await writeFileInGuest(qemu(disk), '/root/again', '$(cat /root/from-annex) three');
    expect(await readGuestFile(disk, '/root/again')).toBe('one two three\n');
  });
});
