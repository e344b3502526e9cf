import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lockImage } from './image-lock.js';

let folder: string;
let image: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'annex-lock-'));
  image = path.join(folder, 'disk.raw');
  await writeFile(image, '');
});
afterEach(() => rm(folder, { recursive: true }));

describe('lockImage', () => {
  it('gives an image to one owner at a time and leaves nothing behind', async () => {
    const lock = await lockImage(image);
    await expect(lockImage(image)).rejects.toMatchObject({ code: 'locked' });
    await lock.release();
    const again = await lockImage(image);
    await again.release();
    expect(await readdir(folder)).toEqual(['disk.raw']);
  });

  it('lets exactly one of many win', async () => {
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => lockImage(image)));
    expect(results.filter((r) => r.status === 'fulfilled')).toHaveLength(1);
  });

  it('takes over from an owner that died, or whose process number is used again', async () => {
    const owner = { host: hostname(), pid: 2 ** 22 + 1, startedAt: '1' };
    await writeFile(`${image}.lock`, JSON.stringify(owner));
    await (await lockImage(image)).release();
    if (process.platform !== 'linux') return;
    await writeFile(`${image}.lock`, JSON.stringify({ ...owner, pid: process.pid }));
    await (await lockImage(image)).release();
  });

  it('takes over a lock that is damaged', async () => {
    await writeFile(`${image}.lock`, '{"host":');
    await (await lockImage(image)).release();
  });

  it('clears away what a process left that was killed on its way to the lock, and nothing else', async () => {
    const [dead, alive] = [`${image}.lock.${2 ** 22 + 1}.3`, `${image}.lock.${process.pid}.99`];
    await writeFile(dead, '{}');
    await writeFile(alive, '{}');
    await writeFile(`${image}.lock.old`, '');
    await (await lockImage(image)).release();
    expect((await readdir(folder)).sort()).toEqual(['disk.raw', path.basename(alive), 'disk.raw.lock.old'].sort());
  });

  it('respects an owner on another host', async () => {
    await writeFile(`${image}.lock`, JSON.stringify({ host: 'elsewhere', pid: 1, startedAt: '1' }));
    await expect(lockImage(image)).rejects.toMatchObject({ code: 'locked', message: /elsewhere/ });
  });

  it('says that the image is missing', async () => {
    await expect(lockImage(path.join(folder, 'none'))).rejects.toMatchObject({ code: 'not-found' });
  });
});
