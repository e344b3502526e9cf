import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ImageError } from '../src/main/vmm/block/disk-image.js';
import { imagePorts, openImageFile, type OpenLayer } from '../src/main/vmhost/files/image-ports.js';
import { encodeEmptyQcow2 } from '../src/shared/disk/empty-qcow2.js';
import { Random } from '../src/testing/random.js';

/** `FUZZ_SEED` repeats a run; `FUZZ_RUNS` makes it longer. */
const SEED = Number(process.env['FUZZ_SEED'] ?? 20240607);
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 60);
const IMAGES = 6;

let folder: string;
let outside: string;
beforeAll(async () => {
  folder = await realpath(await mkdtemp(path.join(tmpdir(), 'annex-chains-')));
  outside = path.join(folder, 'secret.raw');
  await writeFile(outside, Buffer.alloc(512, 'secret'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Ways to name a file of the folder, or one that is none of the image's business. */
function backingName(random: Random, inside: string): string {
  const target = `${random.below(IMAGES)}.qcow2`;
  return random.pick([
    target,
    `./${target}`,
    path.join(inside, target),
    `../inside/${target}`,
    'link.qcow2',
    'missing.qcow2',
    '../secret.raw',
    outside,
    'escape.raw',
    '.',
    '/dev/zero',
  ]);
}

describe('images that build on each other at random', () => {
  it('open or are refused, never go in circles, and reach nothing outside their folder', async () => {
    const random = new Random(SEED);
    const inside = path.join(folder, 'inside');
    let opened = 0;
    const refusals = new Set<string>();
    for (let run = 0; run < RUNS; run++) {
      await rm(inside, { recursive: true, force: true });
      await mkdir(inside);
      await symlink(`${random.below(IMAGES)}.qcow2`, path.join(inside, 'link.qcow2'));
      await symlink('../secret.raw', path.join(inside, 'escape.raw'));
      for (let i = 0; i < IMAGES; i++) {
        const name = backingName(random, inside);
        const backing = { name, format: name.endsWith('raw') ? 'raw' : 'qcow2' };
        const bytes = encodeEmptyQcow2({ size: 1 << 16, clusterBytes: 512, ...(random.below(4) ? { backing } : {}) });
        await writeFile(path.join(inside, `${i}.qcow2`), bytes);
      }
      const first = path.join(inside, '0.qcow2');
      const layers: OpenLayer[] = [];
      try {
        const ports = await imagePorts(first, { opened: (layer) => layers.push(layer) });
        const image = await openImageFile(first, 'qcow2', false, ports);
        const content = new Uint8Array(512);
        await image.read(0, [content]);
        expect(content.every((byte) => byte === 0)).toBe(true);
        await image.close();
        opened++;
      } catch (error) {
        expect(error).toBeInstanceOf(ImageError);
        refusals.add(/“.*”: (.*)\./.exec((error as Error).message)?.[1] ?? (error as Error).message);
      }
      for (const { path: file } of layers) expect(path.dirname(file)).toBe(inside);
    }
    expect(opened).toBeGreaterThan(0);
    expect([...refusals]).toEqual(
      expect.arrayContaining([
        'the chain of disks never ends',
        'that file is missing',
        'that file is outside the folder of the disk',
      ]),
    );
  });
});
