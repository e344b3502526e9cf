import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { imagePorts } from './image-ports.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'annex-ports-'));
  await writeFile(path.join(folder, 'disk.vmdk'), '');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it.skipIf(process.platform === 'win32')('waits for no pipe that an image names (skipped on Windows)', async () => {
  await promisify(execFile)('mkfifo', [path.join(folder, 'pipe')]);
  const ports = await imagePorts(path.join(folder, 'disk.vmdk'));
  await expect(ports.openPart('pipe')).rejects.toThrow(/no file/);
  await expect(ports.openBacking('pipe', 'raw')).rejects.toThrow(/no file/);
});

it('reaches nothing outside its folder, and no folder', async () => {
  const ports = await imagePorts(path.join(folder, 'disk.vmdk'));
  await expect(ports.openPart('/etc/hostname')).rejects.toThrow(/outside|missing/);
  await expect(ports.openPart('.')).rejects.toThrow(/outside/);
});
