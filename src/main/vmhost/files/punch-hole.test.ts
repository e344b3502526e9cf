import { execFile } from 'node:child_process';
import { mkdtemp, open, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toolMissing } from '../../../testing/debian-packages.js';
import type { ImageFormat } from '../../vmm/block/formats/format-driver.js';
import { imagePorts, openImageFile } from './image-ports.js';
import { canPunchHoles, punchHole } from './punch-hole.js';

const MIB = 1 << 20;
const execute = promisify(execFile);
const noHoles = canPunchHoles() ? undefined : 'this host has no way to make holes in files';
const noImages = noHoles ?? toolMissing('qemu-img');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'annex-holes-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Bytes of its file system that a file takes. */
const roomOf = async (name: string): Promise<number> => (await stat(name)).blocks * 512;

describe.skipIf(noHoles)(`punchHole${noHoles ? ` (skipped: ${noHoles})` : ''}`, () => {
  it('gives back what lies in the range and nothing else', async () => {
    const name = path.join(folder, 'file');
    const file = await open(name, 'w+');
    await file.write(Buffer.alloc(4 * MIB, 1));
    await file.sync();
    const before = await roomOf(name);
    await punchHole(file.fd, MIB, 2 * MIB);
    expect(await roomOf(name)).toBe(before - 2 * MIB);
    const content = Buffer.alloc(4 * MIB);
    await file.read(content, 0, content.length, 0);
    const expected = Buffer.alloc(4 * MIB, 1).fill(0, MIB, 3 * MIB);
    expect(Buffer.compare(content, expected)).toBe(0);
    expect((await file.stat()).size).toBe(4 * MIB);
    await file.close();
  });

  it('says nothing of a file that cannot have holes made in it', async () => {
    const file = await open(path.join(folder, 'read-only'), 'w');
    await file.close();
    const reader = await open(path.join(folder, 'read-only'), 'r');
    await expect(punchHole(reader.fd, 0, MIB)).resolves.toBeUndefined();
    await reader.close();
  });
});

describe.skipIf(noImages)(`discarding${noImages ? ` (skipped: ${noImages})` : ''}`, () => {
  it.each<[ImageFormat, string]>([
    ['raw', ''],
    ['qcow2', ''],
    ['vmdk', 'subformat=monolithicSparse'],
    ['vmdk', 'subformat=monolithicFlat'],
    ['vdi', ''],
    ['vhd', 'subformat=dynamic,force_size=on'],
    ['vhdx', 'subformat=dynamic,block_size=1M'],
  ])('makes the file of a %s disk (%s) smaller while it is open', async (format, options) => {
    const name = path.join(folder, `${format}-${options.length}`);
    const made = ['create', '-q', '-f', format === 'vhd' ? 'vpc' : format, ...(options ? ['-o', options] : [])];
    await execute('qemu-img', [...made, name, '32M']);
    const data = options.includes('Flat') ? `${name}-flat` : name;
    const image = await openImageFile(name, format, false, await imagePorts(name, { readonly: false }));
    await image.write(0, [new Uint8Array(32 * MIB).fill(7)]);
    await image.flush();
    const before = await roomOf(data);
    await image.discard(8 * MIB, 16 * MIB);
    await image.flush();
    await image.flush();
    expect(await roomOf(data)).toBeLessThan(before - 15 * MIB);
    const [kept, gone] = [new Uint8Array(MIB), new Uint8Array(MIB)];
    await image.read(7 * MIB, [kept]);
    await image.read(9 * MIB, [gone]);
    expect(kept.every((byte) => byte === 7)).toBe(true);
    expect(gone.every((byte) => byte === 0)).toBe(true);
    await image.close();
    await execute('qemu-img', [
      'convert',
      '-O',
      'raw',
      ...(format === 'vhd' ? ['-f', 'vpc'] : []),
      name,
      `${name}.raw`,
    ]);
  });
});
