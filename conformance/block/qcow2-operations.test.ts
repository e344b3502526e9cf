import { execFile } from 'node:child_process';
import { mkdtemp, open as openFile, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DiskImage, FilePort } from '../../src/main/vmm/block/disk-image.js';
import type { CreateSpec } from '../../src/main/vmm/block/formats/format-driver.js';
import { qcow2Driver as driver } from '../../src/main/vmm/block/formats/qcow2/qcow2-driver.js';
import { imagePorts } from '../../src/main/vmhost/files/image-ports.js';
import { openNodeFile } from '../../src/main/vmhost/files/node-file.js';
import { toolMissing } from '../../src/testing/debian-packages.js';
import { patternBytes } from '../../src/testing/storage/ide-rig.js';

const run = promisify(execFile);
const missing = toolMissing('qemu-img');
const MIB = 1 << 20;
const UNATTENDED = { checkpoint() {}, progress() {} };
const identity = { uuid: new Uint8Array(16), createdAt: 0 };

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'annex-qcow2-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const inFolder = (name: string) => path.join(folder, name);
const qemuImg = async (...args: string[]) => (await run('qemu-img', args)).stdout;
const qemuIo = async (file: string, ...commands: string[]) =>
  (await run('qemu-io', ['-f', 'qcow2', ...commands.flatMap((c) => ['-c', c]), file])).stdout;

/** Lends the file to `use` and closes it. */
async function withFile<T>(name: string, use: (file: FilePort) => Promise<T>): Promise<T> {
  const file = await openNodeFile(inFolder(name), { readonly: false });
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

async function create(name: string, spec: Omit<CreateSpec, 'layout' | 'identity'>): Promise<void> {
  await writeFile(inFolder(name), '');
  await withFile(name, (file) => driver.create!(file, { layout: 'sparse', identity, ...spec }));
}

async function withImage<T>(name: string, use: (image: DiskImage) => Promise<T>): Promise<T> {
  const image = await driver.open(
    await openNodeFile(inFolder(name), { readonly: false }),
    await imagePorts(inFolder(name)),
  );
  try {
    return await use(image);
  } finally {
    await image.close();
  }
}

const resize = (name: string, size: number) =>
  withFile(name, async (file) => driver.resize!(file, await imagePorts(inFolder(name)), size));
const check = (name: string, repair: 'none' | 'leaks' | 'all') =>
  withFile(name, async (file) => driver.check!(file, await imagePorts(inFolder(name)), repair, UNATTENDED));

async function expectSame(name: string, content: Uint8Array): Promise<void> {
  await qemuImg('check', '-q', '-f', 'qcow2', inFolder(name));
  await writeFile(inFolder('model.raw'), content);
  await qemuImg('compare', '-f', 'qcow2', '-F', 'raw', inFolder(name), inFolder('model.raw'));
}

/** Overwrites bytes of a file. */
async function poke(name: string, at: number, bytes: readonly number[]): Promise<void> {
  const handle = await openFile(inFolder(name), 'r+');
  await handle.write(Uint8Array.from(bytes), 0, bytes.length, at);
  await handle.close();
}

describe.skipIf(missing)(`qcow2 operations${missing ? ` (skipped: ${missing})` : ''}`, () => {
  it.each([
    { size: MIB, clusterBytes: 512 },
    { size: 3 * MIB + 512, clusterBytes: 4096 },
    { size: 2 ** 40, clusterBytes: 65_536 },
    { size: 0, clusterBytes: 65_536 },
    { size: 2 ** 33, clusterBytes: 2 << 20 },
  ])('creates what qemu-img finds sound: $size bytes in clusters of $clusterBytes', async (spec) => {
    await create('disk.qcow2', spec);
    const info = JSON.parse(await qemuImg('info', '--output=json', inFolder('disk.qcow2')));
    expect(info).toMatchObject({ 'virtual-size': spec.size, 'cluster-size': spec.clusterBytes });
    await qemuImg('check', '-q', inFolder('disk.qcow2'));
    expect(await check('disk.qcow2', 'none')).toMatchObject({ errors: 0, leaks: 0 });
  });

  it.each([512, 4096, 65_536])('grows, beyond its L1 table too, and cuts, in clusters of %i', async (clusterBytes) => {
    await create('disk.qcow2', { size: MIB, clusterBytes });
    const model = Buffer.alloc(40 * MIB);
    model.set(patternBytes(MIB));
    await withImage('disk.qcow2', (image) => image.write(0, [model.subarray(0, MIB)]));
    await resize('disk.qcow2', 40 * MIB);
    await expectSame('disk.qcow2', model);
    const tail = patternBytes(8192);
    model.set(tail, 40 * MIB - 8192);
    await withImage('disk.qcow2', (image) => image.write(40 * MIB - 8192, [tail]));
    await expectSame('disk.qcow2', model);
    await resize('disk.qcow2', MIB / 2 + 512);
    await expectSame('disk.qcow2', model.subarray(0, MIB / 2 + 512));
    // What was cut off does not come back.
    await resize('disk.qcow2', MIB);
    model.fill(0, MIB / 2 + 512);
    await expectSame('disk.qcow2', model.subarray(0, MIB));
  });

  it('shows nothing of a longer backing file when it grows', async () => {
    await writeFile(inFolder('base.raw'), patternBytes(2 * MIB));
    for (const compat of ['0.10', '1.1']) {
      const name = `over-${compat}.qcow2`;
      const options = ['-o', `compat=${compat}`, '-b', 'base.raw', '-F', 'raw'];
      await qemuImg('create', '-q', '-f', 'qcow2', ...options, inFolder(name), String(MIB + 512));
      await resize(name, 3 * MIB);
      const model = Buffer.alloc(3 * MIB);
      model.set(patternBytes(MIB + 512));
      await expectSame(name, model);
    }
  });

  it('gives leaks back, as qemu-img counts them', async () => {
    await create('disk.qcow2', { size: MIB, clusterBytes: 4096 });
    await withImage('disk.qcow2', (image) => image.write(0, [patternBytes(MIB)]));
    // Forgets an L2 table: its clusters leak.
    const view = new DataView((await readFile(inFolder('disk.qcow2'))).buffer.slice(0, 48) as ArrayBuffer);
    await poke('disk.qcow2', Number(view.getBigUint64(40)), [0, 0, 0, 0, 0, 0, 0, 0]);
    const theirs = JSON.parse(
      (await run('qemu-img', ['check', '--output=json', inFolder('disk.qcow2')]).catch(
        (e: { stdout: string }) => e.stdout,
      )) as string,
    );
    expect(await check('disk.qcow2', 'none')).toMatchObject({ errors: 0, leaks: theirs.leaks });
    expect(await check('disk.qcow2', 'leaks')).toMatchObject({ errors: 0, leaks: 0, repairedLeaks: theirs.leaks });
    await qemuImg('check', '-q', inFolder('disk.qcow2'));
  });

  it.each([1, 4, 6])('builds refcounts anew that are too low (2^%i bits)', async (order) => {
    const options = `cluster_size=1024,refcount_bits=${2 ** order}`;
    await qemuImg('create', '-q', '-f', 'qcow2', '-o', options, inFolder('disk.qcow2'), String(MIB));
    const model = patternBytes(MIB);
    await withImage('disk.qcow2', (image) => image.write(0, [model]));
    const bytes = await readFile(inFolder('disk.qcow2'));
    const table = Number(bytes.readBigUInt64BE(48));
    const block = Number(bytes.readBigUInt64BE(table));
    await poke('disk.qcow2', block, new Array<number>(1024).fill(0));
    const found = await check('disk.qcow2', 'none');
    expect(found.errors).toBeGreaterThan(0);
    expect(found.problems[0]).toMatch(/is used 1 times, but its refcount is 0/);
    expect(await check('disk.qcow2', 'leaks')).toMatchObject({ errors: found.errors, repairedErrors: 0 });
    expect(await check('disk.qcow2', 'all')).toMatchObject({ errors: 0, leaks: 0, repairedErrors: found.errors });
    await expectSame('disk.qcow2', model);
  });

  it('mends flags that let a snapshot be overwritten', async () => {
    await qemuImg('create', '-q', '-f', 'qcow2', inFolder('disk.qcow2'), String(MIB));
    await qemuIo(inFolder('disk.qcow2'), 'write -P 7 0 1M');
    await qemuImg('snapshot', '-c', 'before', inFolder('disk.qcow2'));
    const bytes = await readFile(inFolder('disk.qcow2'));
    const l1 = Number(bytes.readBigUInt64BE(40));
    await poke('disk.qcow2', l1, [bytes[l1]! | 0x80]);
    expect((await check('disk.qcow2', 'none')).errors).toBe(1);
    expect(await check('disk.qcow2', 'all')).toMatchObject({ errors: 0, repairedErrors: 1 });
    await qemuImg('check', '-q', inFolder('disk.qcow2'));
  });

  it('repairs an image that lazy refcounts left dirty when it is opened for writing', async () => {
    await qemuImg('create', '-q', '-f', 'qcow2', '-o', 'lazy_refcounts=on', inFolder('disk.qcow2'), String(4 * MIB));
    // Killed with its refcounts still in memory.
    await run('qemu-io', [
      '-f',
      'qcow2',
      '-c',
      'write -P 9 1M 2M',
      '-c',
      'flush',
      '-c',
      'abort',
      inFolder('disk.qcow2'),
    ]).catch(() => undefined);
    expect(await qemuImg('info', inFolder('disk.qcow2'))).toMatch(/lazy refcounts: true/);
    expect(
      (await withFile('disk.qcow2', async (file) => driver.details(file, await imagePorts(inFolder('disk.qcow2')))))
        .needsRepair,
    ).toBe(true);
    await withImage('disk.qcow2', (image) => image.write(0, [patternBytes(65_536)]));
    const model = Buffer.alloc(4 * MIB);
    model.fill(9, MIB, 3 * MIB);
    model.set(patternBytes(65_536));
    await expectSame('disk.qcow2', model);
  });

  it('lists internal snapshots and reads the disk as they keep it', async () => {
    const model = Buffer.from(patternBytes(MIB));
    await create('disk.qcow2', { size: MIB, clusterBytes: 4096 });
    await withImage('disk.qcow2', (image) => image.write(0, [model]));
    await qemuImg('snapshot', '-c', 'before', inFolder('disk.qcow2'));
    await resize('disk.qcow2', 2 * MIB);
    await withImage('disk.qcow2', (image) => image.write(0, [new Uint8Array(MIB).fill(5)]));
    const ports = await imagePorts(inFolder('disk.qcow2'));
    const details = await withFile('disk.qcow2', (file) => driver.details(file, ports));
    expect(details.snapshots).toMatchObject([{ id: '1', name: 'before', size: MIB }]);
    const snapshot = await driver.openSnapshot!(
      await openNodeFile(inFolder('disk.qcow2'), { readonly: true }),
      ports,
      'before',
    );
    const got = Buffer.alloc(MIB);
    await snapshot.read(0, [got]);
    await snapshot.close();
    expect(got.equals(model)).toBe(true);
    await qemuImg('check', '-q', inFolder('disk.qcow2'));
  });

  it('writes compressed images that qemu-img reads', async () => {
    const model = Buffer.alloc(5 * MIB + 512);
    model.set(patternBytes(MIB), 100 * 512);
    for (let i = 3 * MIB; i < 4 * MIB; i++) model[i] = Math.imul(i, 2_654_435_761) >>> 24;
    model.fill(3, 5 * MIB);
    await writeFile(inFolder('disk.qcow2'), '');
    await withFile('disk.qcow2', async (file) => {
      const spec = { size: model.length, layout: 'compressed', identity } as const;
      const writer = await driver.writer!(file, spec, await imagePorts(inFolder('disk.qcow2')));
      await writer.write(0, model.subarray(0, 2 * MIB));
      await writer.write(3 * MIB, model.subarray(3 * MIB, 4 * MIB));
      await writer.write(5 * MIB, model.subarray(5 * MIB));
      await writer.finish();
    });
    await expectSame('disk.qcow2', model);
    expect(await check('disk.qcow2', 'none')).toMatchObject({ errors: 0, leaks: 0 });
    await withImage('disk.qcow2', (image) => image.write(MIB, [patternBytes(MIB)]));
    model.set(patternBytes(MIB), MIB);
    await expectSame('disk.qcow2', model);
  });

  it('changes what an image builds on, however long the names are', async () => {
    const long = `${'b'.repeat(240)}.raw`;
    for (const name of ['a.raw', long, `./${'./'.repeat(300)}a.raw`]) {
      await writeFile(inFolder(path.normalize(name)), patternBytes(MIB));
    }
    await qemuImg('create', '-q', '-f', 'qcow2', '-b', 'a.raw', '-F', 'raw', inFolder('disk.qcow2'));
    for (const name of [long, `./${'./'.repeat(300)}a.raw`, `./${'./'.repeat(290)}a.raw`, 'a.raw', undefined]) {
      await withFile('disk.qcow2', (file) =>
        driver.rebase!(file, name === undefined ? undefined : { name, format: 'raw' }),
      );
      const info = JSON.parse(await qemuImg('info', '--output=json', inFolder('disk.qcow2')));
      expect(info['backing-filename']).toBe(name);
      expect(info['backing-filename-format']).toBe(name === undefined ? undefined : 'raw');
      await qemuImg('check', '-q', inFolder('disk.qcow2'));
    }
  });
});
