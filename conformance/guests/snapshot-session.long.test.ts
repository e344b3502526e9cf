import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { copyDisk, debianDisk } from '../../src/testing/debian-disk.js';
import { debianDiskMissing } from '../../src/testing/debian-image.js';
import { Random } from '../../src/testing/random.js';
import { SnapshotSession } from '../../src/testing/snapshot-session.js';

const STEPS = Number(process.env['SESSION_STEPS'] ?? 100);
const SEED = Number(process.env['SESSION_SEED'] ?? Date.now() % 2 ** 31);
const HOUR = 3_600_000;
const missing = debianDiskMissing();

describe.skipIf(missing)(
  `snapshots of a running Debian${missing === undefined ? '' : ` (skipped: ${missing})`}`,
  () => {
    let folder: string;
    let session: SnapshotSession;

    beforeAll(async () => {
      folder = await mkdtemp(path.join(tmpdir(), 'annex-session-'));
      // Clones that are deleted go to a trash of the test's own.
      process.env['XDG_DATA_HOME'] = folder;
      const disk = path.join(folder, 'debian.raw');
      await copyDisk(await debianDisk(), disk);
      session = await SnapshotSession.start(path.join(folder, 'library'), disk);
    }, HOUR);

    afterAll(async () => {
      await session.close();
      await rm(folder, { recursive: true, force: true });
    });

    it(
      `keeps its files through ${STEPS} random steps (seed ${SEED})`,
      async () => {
        const random = new Random(SEED);
        for (let step = 1; step <= STEPS; step++) {
          const done = await session.step(random);
          console.info(`${step}: ${done}`);
        }
        expect(await session.finalCheck()).toMatchObject({ code: 0 });
      },
      4 * HOUR,
    );
  },
);
