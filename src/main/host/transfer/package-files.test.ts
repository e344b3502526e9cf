import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bytesSource } from '../media/byte-source.js';
import { checkDigest, encodeManifest, parseManifest } from './manifest.js';
import { ArchiveFiles, FolderFiles } from './package-files.js';
import { encodeTarHeader, readTar, TAR_END, tarPadding } from './tar.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'annex-transfer-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const signal = new AbortController().signal;
const archiveOf = (...files: readonly (readonly [string, string])[]): Buffer =>
  Buffer.concat([
    ...files.flatMap(([name, text]) => [
      encodeTarHeader(name, text.length, 1),
      Buffer.from(text),
      tarPadding(text.length),
    ]),
    TAR_END,
  ]);

it.skipIf(process.platform === 'win32')('waits for no pipe beside a description (skipped on Windows)', async () => {
  await promisify(execFile)('mkfifo', [path.join(folder, 'disk.vmdk')]);
  const files = await FolderFiles.open(folder);
  await expect(files.size('disk.vmdk')).rejects.toMatchObject({ code: 'appliance-invalid' });
  await expect(files.materialize('disk.vmdk')).rejects.toMatchObject({ code: 'appliance-invalid' });
});

describe('tar', () => {
  it('agrees with the system’s tar in both directions', async () => {
    await writeFile(path.join(folder, 'ours.tar'), archiveOf(['a.ovf', 'hello'], ['b.vmdk', 'x'.repeat(1000)]));
    await promisify(execFile)('tar', ['-xf', 'ours.tar'], { cwd: folder });
    expect(await readFile(path.join(folder, 'a.ovf'), 'utf8')).toBe('hello');
    expect(await readFile(path.join(folder, 'b.vmdk'), 'utf8')).toHaveLength(1000);
    await promisify(execFile)('tar', ['--format=ustar', '-cf', 'theirs.tar', 'a.ovf', 'b.vmdk'], { cwd: folder });
    const files = await ArchiveFiles.open(path.join(folder, 'theirs.tar'));
    expect(files.names).toEqual(['a.ovf', 'b.vmdk']);
    expect(await files.text('a.ovf')).toBe('hello');
  });

  it('writes and reads sizes beyond 8 GiB', async () => {
    const header = encodeTarHeader('big', 2 ** 40, 1);
    const size = 2 ** 40 + 4096;
    const source = { size, read: (at: number, n: number) => Promise.resolve(at === 0 ? header : new Uint8Array(n)) };
    expect(await readTar(source, 'x')).toEqual([{ name: 'big', offset: 512, size: 2 ** 40 }]);
  });

  it.each([
    ['a truncated archive', archiveOf(['a', 'x'.repeat(2000)]).subarray(0, 1024), /incomplete/],
    ['a damaged header', Buffer.from(archiveOf(['a', 'x'])).fill(9, 100, 101), /damaged/],
    ['a link', linkTo('/etc/passwd'), /no file/],
  ])('refuses %s', async (_what, bytes, message) => {
    await expect(readTar(bytesSource(bytes), 'x')).rejects.toThrow(message);
  });
});

/** An archive with a symbolic link, its checksum right. */
function linkTo(target: string): Buffer {
  const archive = archiveOf(['link', '']);
  archive.write('2', 156);
  archive.write(target, 157);
  archive.fill(0x20, 148, 156);
  const sum = archive.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  archive.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return archive;
}

describe('ArchiveFiles', () => {
  it('puts content where it is told, whatever the archive calls it', async () => {
    const archive = path.join(folder, 'x.ova');
    await writeFile(archive, archiveOf(['../../evil', 'content']));
    const scratch = path.join(folder, 'scratch');
    await mkdir(scratch);
    const file = await (await ArchiveFiles.open(archive)).materialize('../../evil', scratch, signal);
    expect(path.dirname(file)).toBe(scratch);
    expect(await readFile(file, 'utf8')).toBe('content');
  });
});

describe('FolderFiles', () => {
  it('reaches files in its folder and below, and nothing else', async () => {
    const machine = path.join(folder, 'machine');
    await mkdir(path.join(machine, 'sub'), { recursive: true });
    await writeFile(path.join(machine, 'sub', 'disk.vmdk'), 'disk');
    await writeFile(path.join(folder, 'secret'), 'secret');
    await symlink('../secret', path.join(machine, 'link'));
    const files = await FolderFiles.open(machine);
    expect(await files.text('sub\\disk.vmdk')).toBe('disk');
    for (const name of ['../secret', path.join(folder, 'secret'), 'link', '.', 'sub'])
      await expect(files.text(name)).rejects.toMatchObject({ name: 'AnnexError' });
    await expect(files.materialize('../secret')).rejects.toMatchObject({ code: 'appliance-invalid', message: /outside/ });
    await expect(files.text('none')).rejects.toMatchObject({ message: /missing/ });
  });
}); // prettier-ignore

describe('manifest', () => {
  it('reads what programs write and what we do', () => {
    const sha256 = createHash('sha256').update('x').digest('hex');
    expect(parseManifest(encodeManifest(new Map([['a b.ovf', sha256]])), 'x.mf').get('a b.ovf')).toEqual({ algorithm: 'sha256', hex: sha256 }); // prettier-ignore
    expect(parseManifest('SHA1 (disk.vmdk) = AABB\r\n', 'x.mf').get('disk.vmdk')).toEqual({ algorithm: 'sha1', hex: 'aabb' }); // prettier-ignore
    expect(() => parseManifest('MD5(a)= 00', 'x.mf')).toThrow(/no digest/);
  });

  it('tells a file that was changed', () => {
    expect(() => checkDigest({ algorithm: 'sha1', hex: 'aa' }, 'ab', 'disk.vmdk')).toThrow(/damaged or was changed/);
  });
});
