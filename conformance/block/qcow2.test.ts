import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DiskImage, FilePort } from '../../src/main/vmm/block/disk-image.js';
import { openImage } from '../../src/main/vmm/block/formats/image-format.js';
import { imagePorts } from '../../src/main/vmhost/files/image-ports.js';
import { openNodeFile } from '../../src/main/vmhost/files/node-file.js';
import { toolMissing } from '../../src/testing/debian-packages.js';
import { patternBytes } from '../../src/testing/storage/ide-rig.js';

const run = promisify(execFile);
const missing = toolMissing('qemu-img');
const MIB = 1 << 20;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'annex-qcow2-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const inFolder = (name: string) => path.join(folder, name);
const qemuImg = async (...args: string[]) => (await run('qemu-img', args)).stdout;

async function open(name: string, options: { readonly readonly?: boolean } = {}): Promise<DiskImage> {
  const file = await openNodeFile(inFolder(name), { readonly: options.readonly ?? false });
  return openImage('qcow2', file, await imagePorts(inFolder(name)));
}

async function readAll(image: DiskImage): Promise<Buffer> {
  const bytes = Buffer.alloc(image.size);
  await image.read(0, [bytes.subarray(0, 1000), bytes.subarray(1000)]);
  return bytes;
}

/** qemu-img finds nothing wrong, and reads the same bytes as we say are there. */
async function expectSound(name: string, content: Uint8Array): Promise<void> {
  await qemuImg('check', '-f', 'qcow2', inFolder(name));
  await writeFile(inFolder('model.raw'), content);
  await qemuImg('compare', '-f', 'qcow2', '-F', 'raw', inFolder(name), inFolder('model.raw'));
}

const operation = fc.record({
  kind: fc.constantFrom('write', 'write', 'write', 'read', 'discard', 'flush', 'reopen'),
  sector: fc.nat(2047),
  count: fc.integer({ min: 1, max: 300 }),
  seed: fc.integer({ min: 1, max: 255 }),
});
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

/** Applies operations to the image and to the model, some of them at once. */
async function apply(
  name: string,
  operations: readonly Operation[],
  model: Buffer,
  zeroOnDiscard: boolean,
): Promise<void> {
  let image = await open(name);
  for (const { kind, sector, count, seed } of operations) {
    const from = sector * 512;
    const bytes = Math.min(count * 512, model.length - from);
    if (kind === 'write') {
      const data = patternBytes(bytes).map((b) => b ^ seed);
      await image.write(from, [data.subarray(0, 100), data.subarray(100)]);
      model.set(data, from);
    } else if (kind === 'read') {
      const got = Buffer.alloc(bytes);
      await image.read(from, [got]);
      expect(got.equals(model.subarray(from, from + bytes))).toBe(true);
    } else if (kind === 'flush') await image.flush();
    else if (kind === 'discard') {
      await image.discard(from, bytes);
      const got = Buffer.alloc(bytes);
      await image.read(from, [got]);
      // What a discard leaves is old data or zeros, cluster by cluster.
      for (let at = 0; at < bytes; at += 512) {
        const part = got.subarray(at, at + 512);
        const kept = part.equals(model.subarray(from + at, from + at + 512));
        expect(kept || (zeroOnDiscard && part.every((b) => b === 0))).toBe(true);
      }
      model.set(got, from);
    } else {
      await image.close();
      image = await open(name);
    }
  }
  expect((await readAll(image)).equals(model)).toBe(true);
  await image.close();
}

const VARIANTS = [
  { options: 'compat=1.1', backing: false },
  { options: 'compat=0.10', backing: false },
  { options: 'compat=1.1,cluster_size=512,refcount_bits=1', backing: false },
  { options: 'compat=1.1,cluster_size=512,refcount_bits=64', backing: true },
  { options: 'compat=1.1,cluster_size=4096,refcount_bits=2,preallocation=metadata', backing: false },
  { options: 'compat=1.1,cluster_size=1024,refcount_bits=8', backing: true },
  { options: 'compat=0.10,cluster_size=2048', backing: true },
  { options: 'compat=1.1,cluster_size=65536,refcount_bits=32,lazy_refcounts=on', backing: true },
];

describe.skipIf(missing)(`qcow2 against qemu-img${missing ? ` (skipped: ${missing})` : ''}`, () => {
  it.each(VARIANTS)('reads and writes $options, backing file: $backing', async ({ options, backing }) => {
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 25 }), async (operations) => {
        const model = Buffer.alloc(MIB);
        const from: string[] = [];
        if (backing) {
          // Shorter than the disk on top of it.
          model.set(patternBytes(700 * 1024));
          await writeFile(inFolder('base.raw'), model.subarray(0, 700 * 1024));
          from.push('-b', 'base.raw', '-F', 'raw');
        }
        await qemuImg('create', '-q', '-f', 'qcow2', '-o', options, ...from, inFolder('disk.qcow2'), String(MIB));
        await apply('disk.qcow2', operations, model, true);
        await expectSound('disk.qcow2', model);
      }),
      { numRuns: 3 },
    );
  });

  it('grows its refcount table when small clusters need more than it has', async () => {
    await qemuImg(
      'create',
      '-q',
      '-f',
      'qcow2',
      '-o',
      'cluster_size=512,refcount_bits=64',
      inFolder('disk.qcow2'),
      '16M',
    );
    const image = await open('disk.qcow2');
    const model = Buffer.from(patternBytes(16 * MIB));
    for (let at = 0; at < model.length; at += 256 * 1024) await image.write(at, [model.subarray(at, at + 256 * 1024)]);
    await image.close();
    await expectSound('disk.qcow2', model);
  });

  it('reads compressed clusters and replaces them by writing', async () => {
    const model = Buffer.from(patternBytes(MIB));
    await writeFile(inFolder('source.raw'), model);
    await qemuImg('convert', '-c', '-f', 'raw', '-O', 'qcow2', inFolder('source.raw'), inFolder('disk.qcow2'));
    const image = await open('disk.qcow2');
    expect((await readAll(image)).equals(model)).toBe(true);
    model.fill(0x42, 100_000, 100_000 + 70_000 - (70_000 % 512));
    await image.write(100_000 - (100_000 % 512), [model.subarray(100_000 - (100_000 % 512), 180_224)]);
    await image.close();
    await expectSound('disk.qcow2', model);
  });

  it('leaves internal snapshots as they are', async () => {
    const model = Buffer.from(patternBytes(MIB));
    await writeFile(inFolder('source.raw'), model);
    await qemuImg(
      'convert',
      '-f',
      'raw',
      '-O',
      'qcow2',
      '-o',
      'cluster_size=4096',
      inFolder('source.raw'),
      inFolder('disk.qcow2'),
    );
    await qemuImg('snapshot', '-c', 'before', inFolder('disk.qcow2'));
    const image = await open('disk.qcow2');
    const changed = Buffer.from(model);
    changed.fill(7, 5000 - (5000 % 512), 51_200);
    await image.write(5000 - (5000 % 512), [changed.subarray(5000 - (5000 % 512), 51_200)]);
    await image.discard(200 * 1024, 100 * 1024);
    changed.fill(0, 200 * 1024, 300 * 1024);
    await image.close();
    await expectSound('disk.qcow2', changed);
    await qemuImg('snapshot', '-a', 'before', inFolder('disk.qcow2'));
    await expectSound('disk.qcow2', model);
  });

  it('takes many writes at once, also to one cluster', async () => {
    await qemuImg('create', '-q', '-f', 'qcow2', inFolder('disk.qcow2'), String(MIB));
    const image = await open('disk.qcow2');
    const model = Buffer.from(patternBytes(MIB));
    const pieces = Array.from({ length: MIB / 2048 }, (_, i) => i * 2048).sort(
      (a, b) => ((a * 7919) % 1009) - ((b * 7919) % 1009),
    );
    await Promise.all(pieces.map((at) => image.write(at, [model.subarray(at, at + 2048)])));
    expect((await readAll(image)).equals(model)).toBe(true);
    await image.close();
    await expectSound('disk.qcow2', model);
  });

  it('is sound, with what was flushed, wherever the writing process is killed', async () => {
    await qemuImg(
      'create',
      '-q',
      '-f',
      'qcow2',
      '-o',
      'cluster_size=1024,refcount_bits=16',
      inFolder('empty.qcow2'),
      String(MIB),
    );
    const empty = await readFile(inFolder('empty.qcow2'));
    for (let deadline = 1; deadline < 120; deadline += 7) {
      await writeFile(inFolder('disk.qcow2'), empty);
      const file = dyingFile(await openNodeFile(inFolder('disk.qcow2'), { readonly: false }), deadline);
      const image = await openImage('qcow2', file, await imagePorts(inFolder('disk.qcow2')));
      const flushed = Buffer.alloc(MIB);
      /** 1 KiB pieces written or discarded since the last flush began: they may be old or new. */
      const open1k = new Set<number>();
      const touch = (at: number, bytes: number) => {
        for (let piece = Math.floor(at / 1024); piece * 1024 < at + bytes; piece++) open1k.add(piece);
      };
      try {
        for (let i = 0; i < 40; i++) {
          const at = ((i * 37) % 1000) * 1024;
          const data = patternBytes(2560).map((b) => b ^ i);
          touch(at, data.length);
          await image.write(at, [data]);
          if (i % 5 === 4) {
            touch(((i * 11) % 1000) * 1024, 4096);
            await image.discard(((i * 11) % 1000) * 1024, 4096);
          }
          if (i % 3 !== 2) continue;
          const now = await readAll(image);
          await image.flush();
          flushed.set(now);
          open1k.clear();
        }
      } catch (error) {
        expect((error as Error).message).toBe('killed');
      }
      await file.close();
      await qemuImg('check', '-q', '-r', 'leaks', '-f', 'qcow2', inFolder('disk.qcow2')).catch(() => undefined);
      await qemuImg('check', '-q', '-f', 'qcow2', inFolder('disk.qcow2'));
      const after = await readAll(await open('disk.qcow2', { readonly: true }));
      for (let piece = 0; piece < MIB / 1024; piece++) {
        const range = [piece * 1024, piece * 1024 + 1024] as const;
        if (!open1k.has(piece)) expect(after.subarray(...range).equals(flushed.subarray(...range))).toBe(true);
      }
    }
  });

  it('refuses backing files outside its folder, in a circle, or of a format not stated', async () => {
    const make = (name: string, backing: string) =>
      qemuImg('create', '-q', '-u', '-f', 'qcow2', '-F', 'qcow2', '-b', backing, inFolder(name), '1M');
    await make('passwd.qcow2', '/etc/passwd');
    await expect(open('passwd.qcow2')).rejects.toMatchObject({ code: 'image-unsupported', message: /outside/ });
    await symlink('/etc/passwd', inFolder('link.qcow2'));
    await make('linked.qcow2', 'link.qcow2');
    await expect(open('linked.qcow2')).rejects.toMatchObject({ message: /outside/ });
    await make('a.qcow2', 'b.qcow2');
    await make('b.qcow2', 'a.qcow2');
    await expect(open('a.qcow2')).rejects.toMatchObject({ message: /never ends/ });
    await make('gone.qcow2', 'nowhere.qcow2');
    await expect(open('gone.qcow2')).rejects.toMatchObject({ message: /missing/ });
  });

  it('refuses what it cannot read with a sentence that says what', async () => {
    await qemuImg('create', '-q', '-f', 'qcow2', '-o', 'extended_l2=on,cluster_size=128k', inFolder('sub.qcow2'), '1M');
    await expect(open('sub.qcow2')).rejects.toMatchObject({ code: 'image-unsupported', message: /subclusters/ });
    await qemuImg('create', '-q', '-f', 'qcow2', '-o', `data_file=${inFolder('data')}`, inFolder('ext.qcow2'), '1M');
    await expect(open('ext.qcow2')).rejects.toMatchObject({ message: /external data file/ });
  });

  it('survives damage anywhere in its metadata', async () => {
    await qemuImg('create', '-q', '-f', 'qcow2', '-o', 'cluster_size=512', inFolder('good.qcow2'), '64k');
    const image = await open('good.qcow2');
    await image.write(0, [patternBytes(32768)]);
    await image.close();
    const good = await readFile(inFolder('good.qcow2'));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(6000), fc.nat(255)), { minLength: 1, maxLength: 12 }),
        async (damage) => {
          const bad = Buffer.from(good);
          for (const [at, value] of damage) bad[at % bad.length] = value;
          await writeFile(inFolder('bad.qcow2'), bad);
          try {
            const opened = await open('bad.qcow2');
            await opened.read(0, [new Uint8Array(Math.min(opened.size, 65536))]);
            await opened.write(0, [new Uint8Array(Math.min(opened.size, 8192))]);
            await opened.close();
          } catch (error) {
            expect((error as Error).name).toMatch(/^(ImageError|FileError)$/);
          }
        },
      ),
      { numRuns: 80 },
    );
  });
});

/** A file whose process is killed after some writes: nothing it is told from then on happens. */
function dyingFile(file: FilePort, writes: number): FilePort {
  let left = writes;
  const alive = async <T>(work: () => Promise<T>): Promise<T> => {
    if (left-- <= 0) throw new Error('killed');
    return work();
  };
  return {
    readonly: false,
    size: () => file.size(),
    read: (offset, target) => file.read(offset, target),
    readv: (offset, targets) => file.readv(offset, targets),
    write: (offset, source) => alive(() => file.write(offset, source)),
    writev: (offset, sources) => alive(() => file.writev(offset, sources)),
    truncate: (size) => alive(() => file.truncate(size)),
    punchHole: (offset, length) => file.punchHole(offset, length),
    allocation: (offset, length) => file.allocation(offset, length),
    sync: () => Promise.resolve(),
    close: () => file.close(),
  };
}
