import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DiskJobReply, DiskJobRequest, ImageRef } from '../../src/shared/disk-jobs/protocol.js';
import { runDiskJob } from '../../src/main/vmhost/disk-jobs/run-disk-job.js';
import { lockImage } from '../../src/main/vmhost/files/image-lock.js';
import { imagePorts, openImageFile } from '../../src/main/vmhost/files/image-ports.js';
import { toolMissing } from '../../src/testing/debian-packages.js';
import {
  CHILD_OFFSET,
  DIFFERENCING_DISK_BYTES,
  IMAGE_UUID,
  imageWith,
  vhdChild,
  vhdxChild,
  vhdxLinkage,
} from '../../src/testing/storage/differencing-images.js';
import { patternBytes } from '../../src/testing/storage/ide-rig.js';

const run = promisify(execFile);
const missing = toolMissing('qemu-img');
const MIB = 1 << 20;
const UNATTENDED = { checkpoint() {}, progress() {} };

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'annex-jobs-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const inFolder = (name: string) => path.join(folder, name);
const qemuImg = async (...args: string[]) => (await run('qemu-img', args)).stdout;
const ref = (name: string, format: ImageRef['format'] = 'qcow2'): ImageRef => ({
  path: inFolder(name),
  format,
  bases: null,
});
const job = async <R extends DiskJobRequest>(request: R) =>
  (await runDiskJob(request, UNATTENDED)) as DiskJobReply<R['job']>;
const created = (name: string, size: number | null, over: Partial<Extract<DiskJobRequest, { job: 'create' }>> = {}) =>
  job({
    job: 'create', path: inFolder(name), format: 'qcow2', layout: 'sparse', size,
    clusterBytes: null, backing: null, bases: null, ...over,
  }); // prettier-ignore

async function write(name: string, at: number, bytes: Uint8Array): Promise<void> {
  const image = await openImageFile(inFolder(name), 'qcow2', false, await imagePorts(inFolder(name)));
  await image.write(at, [bytes]);
  await image.close();
}

async function expectReads(name: string, format: string, content: Uint8Array): Promise<void> {
  await writeFile(inFolder('model.raw'), content);
  await qemuImg('compare', '-f', format, '-F', 'raw', inFolder(name), inFolder('model.raw'));
  await rm(inFolder('model.raw'));
}

const step = fc.oneof(
  fc.record({
    kind: fc.constant('write' as const),
    at: fc.nat(4000),
    count: fc.integer({ min: 1, max: 400 }),
    value: fc.nat(255),
  }),
  fc.record({ kind: fc.constant('overlay' as const), cluster: fc.constantFrom(512, 4096, 65_536) }),
  fc.record({ kind: fc.constantFrom('merge-up' as const, 'merge-down' as const), layer: fc.nat(10) }),
  fc.record({ kind: fc.constant('resize' as const), sectors: fc.integer({ min: 1, max: 6000 }) }),
  fc.record({ kind: fc.constantFrom('compact' as const, 'check' as const) }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** A chain of images and what its head reads as. */
class ChainModel {
  content = Buffer.alloc(2 * MIB);
  /** Head last. */
  readonly chain = ['base.qcow2'];
  private next = 0;

  get head(): string {
    return this.chain.at(-1)!;
  }

  async apply(step: Step): Promise<void> {
    switch (step.kind) {
      case 'write': {
        const at = Math.min(step.at * 512, this.content.length - 512);
        const length = Math.min(step.count * 512, this.content.length - at);
        this.content.fill(step.value, at, at + length);
        return write(this.head, at, this.content.subarray(at, at + length));
      }
      case 'overlay': {
        const name = `over${this.next++}.qcow2`;
        const backing = { name: this.head, format: 'qcow2' as const };
        await created(name, null, { clusterBytes: step.cluster, backing });
        this.chain.push(name);
        return;
      }
      case 'merge-up':
      case 'merge-down':
        return this.merge(step.kind, step.layer);
      case 'resize':
        return this.resize(step.sectors * 512);
      case 'compact':
        await job({ job: 'compact', image: ref(this.head) });
        return;
      case 'check':
        expect(await job({ job: 'check', image: ref(this.head), repair: 'all' })).toMatchObject({
          errors: 0,
          leaks: 0,
        });
    }
  }

  private async merge(kind: 'merge-up' | 'merge-down', choice: number): Promise<void> {
    if (this.chain.length < 2) return;
    const index = choice % (this.chain.length - 1);
    const [layer, child] = [this.chain[index]!, this.chain[index + 1]!];
    await job({ job: kind, child: ref(child), layer: inFolder(layer) });
    const gone = kind === 'merge-up' ? layer : child;
    const above = this.chain[index + 2];
    if (kind === 'merge-down' && above)
      await job({ job: 'rebase', image: ref(above), backing: { name: layer, format: 'qcow2' } });
    await rm(inFolder(gone));
    this.chain.splice(this.chain.indexOf(gone), 1);
  }

  private async resize(size: number): Promise<void> {
    await job({ job: 'resize', image: ref(this.head), size, allowShrink: true });
    const content = Buffer.alloc(size);
    this.content.copy(content);
    this.content = content;
  }
}

describe.skipIf(missing)(`disk jobs${missing ? ` (skipped: ${missing})` : ''}`, () => {
  it('keep what a chain of images reads as, whatever is done to it, as qemu-img finds', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 18 }), async (steps) => {
        await rm(folder, { recursive: true });
        folder = await mkdtemp(path.join(tmpdir(), 'annex-jobs-'));
        const model = new ChainModel();
        await created('base.qcow2', model.content.length, { clusterBytes: 4096 });
        for (const step of steps) await model.apply(step);
        await expectReads(model.head, 'qcow2', model.content);
        for (const name of model.chain) await qemuImg('check', '-q', inFolder(name));
        expect((await readdir(folder)).sort()).toEqual([...model.chain].sort());
      }),
      { numRuns: Number(process.env['DISK_RUNS'] ?? 12) },
    );
  });

  it.each(['vhd', 'vhdx'] as const)('convert a differencing %s with what it builds on', async (format) => {
    const [below, own] = [patternBytes(64 << 10), patternBytes(4096).map((byte) => ~byte)];
    const base = await imageWith(format, [4096, below]);
    const child = format === 'vhd' ? vhdChild(IMAGE_UUID, own) : vhdxChild(vhdxLinkage(base), own);
    await writeFile(inFolder(`base.${format}`), base.bytes);
    await writeFile(inFolder('child'), (await child).bytes);
    const source = ref('child', format);
    await job({ job: 'convert', source, path: inFolder('copy.qcow2'), format: 'qcow2', layout: 'sparse' });
    const content = new Uint8Array(DIFFERENCING_DISK_BYTES);
    content.set(below, 4096);
    content.set(own, CHILD_OFFSET);
    await expectReads('copy.qcow2', 'qcow2', content);
  });

  it.each([
    ['raw', 'sparse'], ['raw', 'fixed'], ['qcow2', 'sparse'], ['qcow2', 'compressed'],
    ['vdi', 'sparse'], ['vmdk', 'sparse'], ['vmdk', 'compressed'],
  ] as const)('convert a chain to %s (%s), and back', async (format, layout) => {
    const content = Buffer.alloc(3 * MIB);
    content.set(patternBytes(MIB), MIB);
    await writeFile(inFolder('base.raw'), content);
    await created('disk.qcow2', null, { backing: { name: 'base.raw', format: 'raw' } });
    content.fill(7, 100 * 512, 300 * 512);
    await write('disk.qcow2', 100 * 512, content.subarray(100 * 512, 300 * 512));
    await job({ job: 'convert', source: ref('disk.qcow2'), path: inFolder('copy'), format, layout });
    await expectReads('copy', format, content);
    expect((await job({ job: 'info', image: ref('copy', null) })).format).toBe(format);
    await job({ job: 'convert', source: ref('copy', format), path: inFolder('back.qcow2'), format: 'qcow2', layout: 'sparse' });
    expect(await job({ job: 'compare', a: ref('back.qcow2'), b: ref('disk.qcow2') })).toEqual({ differentBytes: 0, ranges: [] });
    await expectReads('back.qcow2', 'qcow2', content);
  }); // prettier-ignore

  it('give back the room of what has become zero, and not what backing files have below', async () => {
    await created('base.qcow2', 8 * MIB);
    await write('base.qcow2', 0, new Uint8Array(8 * MIB).fill(1));
    await created('disk.qcow2', null, { backing: { name: 'base.qcow2', format: 'qcow2' } });
    await write('disk.qcow2', 0, new Uint8Array(8 * MIB).fill(2));
    const content = new Uint8Array(8 * MIB);
    content.fill(3, MIB, MIB + 4096);
    await write('disk.qcow2', 0, content);
    const { bytesBefore, bytesAfter } = await job({ job: 'compact', image: ref('disk.qcow2') });
    expect(bytesBefore).toBeGreaterThan(8 * MIB);
    expect(bytesAfter).toBeLessThan(MIB);
    await expectReads('disk.qcow2', 'qcow2', content);
  });

  it('find where two disks differ, a shorter one going on with zeros', async () => {
    const content = Buffer.from(patternBytes(2 * MIB));
    await writeFile(inFolder('a.raw'), content);
    content.fill(0, MIB + 512, MIB + 2048);
    await writeFile(inFolder('b.raw'), Buffer.concat([content, Buffer.alloc(MIB), Buffer.alloc(512, 1)]));
    expect(await job({ job: 'compare', a: ref('a.raw', 'raw'), b: ref('b.raw', 'raw') })).toEqual({
      differentBytes: 2048,
      ranges: [{ offset: MIB + 512, length: 1536 }, { offset: 3 * MIB, length: 512 }],
    });
  }); // prettier-ignore

  it('refuse an image that another process may write, a name that is taken, and to cut a disk unasked', async () => {
    await created('disk.qcow2', MIB);
    await expect(created('disk.qcow2', MIB)).rejects.toMatchObject({ code: 'file-exists' });
    await expect(job({ job: 'resize', image: ref('disk.qcow2'), size: 512, allowShrink: false })).rejects.toMatchObject(
      {
        code: 'disk-too-small',
      },
    );
    const lock = await lockImage(inFolder('disk.qcow2'));
    for (const request of [
      { job: 'resize', image: ref('disk.qcow2'), size: 2 * MIB, allowShrink: false },
      { job: 'compact', image: ref('disk.qcow2') },
      { job: 'check', image: ref('disk.qcow2'), repair: 'none' },
      { job: 'convert', source: ref('disk.qcow2'), path: inFolder('copy.raw'), format: 'raw', layout: 'sparse' },
    ] as const) await expect(job(request)).rejects.toMatchObject({ code: 'image-locked' }); // prettier-ignore
    await lock.release();
    expect(await readdir(folder)).toEqual(['disk.qcow2']);
  });

  it('name the image that cannot be read, and not the one that is made of it', async () => {
    const convert = () =>
      job({ job: 'convert', source: ref('disk.qcow2'), path: inFolder('copy.raw'), format: 'raw', layout: 'sparse' });
    await expect(convert()).rejects.toMatchObject({ code: 'media-not-found', details: { name: 'disk.qcow2' } });
    await writeFile(inFolder('disk.qcow2'), 'QFI\xfb');
    await expect(convert()).rejects.toMatchObject({ code: 'image-damaged', details: { name: 'disk.qcow2' } });
    await writeFile(inFolder('a.raw'), '');
    const compare = job({ job: 'compare', a: ref('a.raw', 'raw'), b: ref('disk.qcow2') });
    await expect(compare).rejects.toMatchObject({ code: 'image-damaged', details: { name: 'disk.qcow2' } });
  });

  it('leave nothing behind when they are cancelled, and the old image as it was', async () => {
    await created('disk.qcow2', 16 * MIB);
    await write('disk.qcow2', 0, patternBytes(8 * MIB));
    const before = (await stat(inFolder('disk.qcow2'))).ino;
    let checkpoints = 0;
    const control = {
      checkpoint: () => {
        if (checkpoints++ === 3) throw new Error('enough');
      },
      progress() {},
    };
    await expect(runDiskJob({ job: 'compact', image: ref('disk.qcow2') }, control)).rejects.toThrow('enough');
    expect(await readdir(folder)).toEqual(['disk.qcow2']);
    expect((await stat(inFolder('disk.qcow2'))).ino).toBe(before);
  });
});
