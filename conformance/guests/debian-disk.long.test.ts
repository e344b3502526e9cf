import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkFileSystem, copyDisk, debianDisk, debianDiskMissing, readGuestFile, DEBIAN_ROOT_PASSWORD } from '../../src/testing/debian-disk.js'; // prettier-ignore
import { bootInQemu, qemuMissing } from '../../src/testing/qemu.js';
import type { SerialDialogue } from '../../src/testing/serial-dialogue.js';

const MINUTE = 60_000;
const missing = debianDiskMissing();

/** Logs in on the serial line, writes a line to a file, powers off. */
async function writeFileInGuest(dialogue: SerialDialogue, file: string, line: string): Promise<void> {
  await dialogue.expect(/annex-guest login: /, 15 * MINUTE);
  dialogue.say('root');
  await dialogue.expect(/Password: /);
  dialogue.say(DEBIAN_ROOT_PASSWORD);
  await dialogue.expect(/root@annex-guest:~# /);
  dialogue.say(`echo ${line} > ${file}; echo written $?`);
  await dialogue.expect(/written 0/);
  dialogue.say('poweroff');
}

describe.skipIf(missing !== undefined)(
  `a Debian 12 disk${missing === undefined ? '' : ` (skipped: ${missing})`}`,
  () => {
    let folder: string;
    let pristine: string;

    beforeAll(async () => {
      folder = await mkdtemp(path.join(tmpdir(), 'annex-debian-'));
      pristine = await debianDisk();
    });
    afterAll(() => rm(folder, { recursive: true, force: true }));

    async function freshDisk(name: string): Promise<string> {
      const disk = path.join(folder, name);
      await copyDisk(pristine, disk);
      return disk;
    }

    it.skipIf(qemuMissing() !== undefined)('boots under QEMU', async () => {
      const disk = await freshDisk('qemu.raw');
      const { dialogue, ended, kill } = bootInQemu(disk);
      try {
        await writeFileInGuest(dialogue, '/root/from-qemu', 'hello');
        expect(await ended).toBe(0);
      } finally {
        kill();
      }
      expect(await checkFileSystem(disk)).toMatchObject({ code: 0 });
      expect(await readGuestFile(disk, '/root/from-qemu')).toBe('hello\n');
    });
  },
);
