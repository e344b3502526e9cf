import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { requireUsable } from './usable-folder.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'annex-usable-'));
});
afterAll(() => rm(folder, { recursive: true }));

test('takes a folder that may be written to', async () => {
  await expect(requireUsable(folder)).resolves.toBeUndefined();
});

test('names a folder that is not there, or is a file', async () => {
  const file = path.join(folder, 'file');
  await writeFile(file, '');
  for (const gone of [path.join(folder, 'nowhere'), path.join(file, 'below')])
    await expect(requireUsable(gone)).rejects.toMatchObject({
      code: 'media-not-found',
      message: expect.stringContaining(gone) as string,
    });
});

test.skipIf(process.getuid?.() === 0)(
  'names a folder that may not be written to (skipped for root, who may)',
  async () => {
    await expect(requireUsable('/')).rejects.toMatchObject({ code: 'no-permission' });
  },
);
