import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bytesSource } from './byte-source.js';
import { detectMedia } from './detect-media.js';

const detect = (bytes: Uint8Array, name = 'file.img') => detectMedia(bytesSource(bytes), name);

/** A volume with a root directory that holds `name`, made to ECMA-119 by hand. */
function handMadeIso({ label = '', elTorito = false, file = 'README', claims = 24 } = {}): Uint8Array {
  const iso = Buffer.alloc(24 * 2048);
  const descriptor = (index: number, type: number): Buffer => {
    const sector = iso.subarray((16 + index) * 2048, (17 + index) * 2048);
    sector[0] = type;
    sector.write('CD001\x01', 1, 'latin1');
    return sector;
  };
  const primary = descriptor(0, 1);
  primary.write(label.padEnd(32), 40, 'latin1');
  primary.writeUInt32LE(claims, 80);
  primary.writeUInt32LE(20, 158);
  primary.writeUInt32LE(2048, 166);
  if (elTorito) descriptor(1, 0).write('EL TORITO SPECIFICATION', 7, 'latin1');
  descriptor(elTorito ? 2 : 1, 255);
  const record = iso.subarray(20 * 2048);
  record[0] = 33 + file.length + ((file.length + 1) % 2);
  record.writeUInt32LE(21, 2);
  record.writeUInt32LE(100, 10);
  record[32] = file.length;
  record.write(file, 33, 'latin1');
  return iso;
}

describe('optical media', () => {
  test('an installer is known by its label', async () => {
    const media = await detect(handMadeIso({ label: 'Fedora-S-dvd-x86_64-42', elTorito: true }));
    expect(media).toMatchObject({ kind: 'iso', format: 'iso', problem: null });
    expect(media.detected).toMatchObject({ guestOs: 'fedora', title: 'Fedora 42', bootable: true });
  });

  test('a tell-tale file is found whatever its case and version suffix', async () => {
    const media = await detect(handMadeIso({ label: 'X', elTorito: true, file: 'CASPER;1' }));
    expect(media.detected?.guestOs).toBe('ubuntu');
  });

  test('a volume without a boot record says that no machine starts from it', async () => {
    const media = await detect(handMadeIso({ label: 'PHOTOS' }), 'photos.iso');
    expect(media.problem).toMatchObject({ code: 'media-not-bootable', details: { name: 'photos.iso' } });
  });

  test('a file shorter than its volume is truncated', async () => {
    const media = await detect(handMadeIso({ elTorito: true, claims: 100 }), 'cut.iso');
    expect(media.problem).toMatchObject({
      code: 'media-truncated',
      details: { bytes: 24 * 2048, expected: 100 * 2048 },
    });
  });

  test('a directory that lies about its size or records is survived', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ minLength: 2048, maxLength: 2048 }),
        fc.nat(0xffffffff),
        async (garbage, size) => {
          const iso = Buffer.from(handMadeIso({ elTorito: true }));
          iso.set(garbage, 20 * 2048);
          iso.writeUInt32LE(size, 16 * 2048 + 166);
          expect((await detect(iso)).kind).toBe('iso');
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('disk images and kernels', () => {
  const withBytes = (size: number, at: number, bytes: readonly number[] | string): Uint8Array => {
    const image = Buffer.alloc(size);
    image.set(Buffer.from(bytes as string, 'latin1'), at);
    return image;
  };

  test.each([
    ['qcow2', withBytes(1024, 0, 'QFI\xfb')],
    ['vmdk', withBytes(1024, 0, 'KDMV')],
    ['vmdk', withBytes(1024, 0, '# Disk DescriptorFile\n')],
    ['vhdx', withBytes(1024, 0, 'vhdxfile')],
    ['vdi', withBytes(1024, 0x40, '\x7f\x10\xda\xbe')],
    ['vhd', withBytes(1536, 1024, 'conectix')],
  ])('%s is known by its magic', async (format, image) => {
    expect(await detect(image)).toMatchObject({ kind: 'disk', format, problem: null });
  });

  test('a raw disk with a boot signature is bootable, one without is a data disk', async () => {
    expect((await detect(withBytes(1 << 20, 510, '\x55\xaa'))).detected?.bootable).toBe(true);
    expect(await detect(new Uint8Array(1 << 20))).toMatchObject({ kind: 'disk', format: 'raw', detected: null });
  });

  test('a 1.44 MB image is a floppy', async () => {
    expect((await detect(new Uint8Array(1440 * 1024))).kind).toBe('floppy');
  });

  test('kernels and initial RAM disks are told apart', async () => {
    expect((await detect(withBytes(4096, 0x202, 'HdrS'))).kind).toBe('kernel');
    expect((await detect(withBytes(4096, 0, '\x7fELF'))).kind).toBe('kernel');
    expect((await detect(withBytes(4096, 0, '\x1f\x8b'))).kind).toBe('initrd');
    expect((await detect(withBytes(4096, 0, '070701'))).kind).toBe('initrd');
  });

  test('a saved error page is called what it is', async () => {
    const media = await detect(Buffer.from('<!DOCTYPE html><title>404</title>'), 'debian.iso');
    expect(media).toMatchObject({ kind: 'unknown', problem: { code: 'media-not-readable' } });
    expect(media.problem?.message).toContain('web page');
  });

  test('an empty file is truncated, and odd bytes are nothing we know', async () => {
    expect((await detect(new Uint8Array())).problem?.code).toBe('media-truncated');
    expect((await detect(Buffer.from('hello'))).problem?.code).toBe('media-not-readable');
  });
});

const xorriso = (() => {
  try {
    execFileSync('xorriso', ['-version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

describe.skipIf(!xorriso)('an ISO mastered by xorriso (skipped where xorriso is missing)', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'annex-media-'));
    mkdirSync(path.join(folder, 'tree/.disk'), { recursive: true });
    writeFileSync(
      path.join(folder, 'tree/.disk/info'),
      'Debian GNU/Linux 12.5.0 "Bookworm" - Official amd64 NETINST\n',
    );
    execFileSync(
      'xorriso',
      ['-as', 'mkisofs', '-quiet', '-R', '-o', path.join(folder, 'd.iso'), path.join(folder, 'tree')],
      {
        stdio: 'ignore',
      },
    );
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test('describes itself by .disk/info under its Rock Ridge name', async () => {
    const media = await detect(readFileSync(path.join(folder, 'd.iso')), 'd.iso');
    expect(media.detected).toMatchObject({
      guestOs: 'debian',
      title: 'Debian GNU/Linux 12.5.0 "Bookworm"',
      bootable: false,
    });
    expect(media.problem?.code).toBe('media-not-bootable');
  });
});
