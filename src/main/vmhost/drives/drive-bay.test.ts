import { copyFileSync, mkdirSync } from 'node:fs';
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeEmptyQcow2 } from '../../../shared/disk/empty-qcow2.js';
import { toolMissing } from '../../../testing/debian-packages.js';
import {
  CHILD_OFFSET,
  DIFFERENCING_DISK_BYTES,
  IMAGE_UUID,
  imageWith,
  vhdChild,
  vhdxChild,
  vhdxLinkage,
} from '../../../testing/storage/differencing-images.js';
import { BlockServer } from '../../vmm/block/block-server.js';
import { lockImage } from '../files/image-lock.js';
import { DriveBay } from './drive-bay.js';

const run = promisify(execFile);
const missing = toolMissing('qemu-img');
const SECTORS = 16_384;
const PIECE = 64;
/** Buffers of the guest: more than it ever has writes under way. */
const SLOTS = 64;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'annex-drives-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const inFolder = (name: string) => path.join(folder, name);

async function overlay(name: string, backing: string, format: string): Promise<string> {
  await writeFile(inFolder(name), encodeEmptyQcow2({ size: SECTORS * 512, backing: { name: backing, format } }));
  return inFolder(name);
}

/** A machine's memory, one drive, and a guest that writes stretches filled with one number and remembers them. */
class Guest {
  readonly memory = new Uint8Array(SLOTS * PIECE * 512);
  readonly blocks = new BlockServer(this.memory);
  readonly model = new Uint8Array(SECTORS * 512);
  private readonly number = 1;
  private slot = 0;

  async write(sector: number, value: number): Promise<void> {
    this.model.fill(value, sector * 512, (sector + PIECE) * 512);
    const segments = [this.buffer()];
    this.memory.fill(value, segments[0]!.offset, segments[0]!.offset + PIECE * 512);
    expect(await this.blocks.run(this.number, { op: 'write', sector, count: PIECE, segments })).toBe('ok');
  }

  async flush(): Promise<void> {
    expect(await this.blocks.run(this.number, { op: 'flush', sector: 0, count: 0, segments: [] })).toBe('ok');
  }

  async expectAll(): Promise<void> {
    for (let sector = 0; sector < SECTORS; sector += PIECE) {
      const segment = this.buffer();
      await this.blocks.run(this.number, { op: 'read', sector, count: PIECE, segments: [segment] });
      const wanted = this.model.subarray(sector * 512, (sector + PIECE) * 512);
      expect(Buffer.compare(this.memory.subarray(segment.offset, segment.offset + PIECE * 512), wanted)).toBe(0);
    }
  }

  private buffer(): { readonly offset: number; readonly length: number } {
    this.slot = (this.slot + 1) % SLOTS;
    return { offset: this.slot * PIECE * 512, length: PIECE * 512 };
  }
}

/** Formats of the base, as QEMU calls them. */
const FORMATS = { raw: 'raw', vmdk: 'vmdk', vdi: 'vdi', vhd: 'vpc', vhdx: 'vhdx' } as const;

async function setUp(format: keyof typeof FORMATS = 'raw'): Promise<{ guest: Guest; bay: DriveBay }> {
  const options = format === 'vhd' ? ['-o', 'force_size=on'] : [];
  const size = String(SECTORS * 512);
  await run('qemu-img', ['create', '-q', '-f', FORMATS[format], ...options, inFolder(`disk0.${format}`), size]);
  const guest = new Guest();
  const drive = {
    id: 'hd0',
    kind: 'disk' as const,
    slot: { bus: 'ide' as const, channel: 0, unit: 0 },
    path: inFolder(`disk0.${format}`),
    format,
    readonly: false,
  };
  const bay = new DriveBay([drive], guest.blocks);
  await bay.loadAll();
  return { guest, bay };
}

const compare = async (image: string, format: string, content: Uint8Array): Promise<void> => {
  await writeFile(inFolder('model.raw'), content);
  await run('qemu-img', ['compare', '-f', format, '-F', 'raw', inFolder(image), inFolder('model.raw')]);
};

describe.skipIf(missing)(`DriveBay${missing ? ` (skipped: ${missing})` : ''}`, () => {
  it.each(Object.entries(FORMATS))(
    'goes over from %s to overlays while the guest writes: what was written before is below, the rest above',
    async (format, nameInQemu) => {
      const { guest, bay } = await setUp(format as keyof typeof FORMATS);
      for (let i = 0; i < 20; i++) await guest.write(i * 100, i + 1);
      const before = guest.model.slice();
      const pivot = await bay.preparePivot({ hd0: await overlay('over.qcow2', `disk0.${format}`, format) });
      const committed = pivot.commit();
      const writing = Array.from({ length: 20 }, (_, i) => guest.write(i * 150 + 64, i + 100));
      await Promise.all([committed, ...writing]);
      await guest.expectAll();
      expect(bay.pathOf('hd0')).toBe(inFolder('over.qcow2'));
      // Nothing is written below any more, not even when it is closed: others may be reading it.
      const below = await readFile(inFolder(`disk0.${format}`));
      await bay.closeAll();
      expect(Buffer.compare(await readFile(inFolder(`disk0.${format}`)), below)).toBe(0);
      await compare(`disk0.${format}`, nameInQemu, before);
      await compare('over.qcow2', 'qcow2', guest.model);
    },
  );

  it('refuses what is no overlay of the disk, and stays as it was', async () => {
    const { guest, bay } = await setUp();
    await writeFile(inFolder('other.raw'), new Uint8Array(SECTORS * 512));
    const stranger = await overlay('over.qcow2', 'other.raw', 'raw');
    await expect(bay.preparePivot({ hd0: stranger })).rejects.toMatchObject({ code: 'image-damaged' });
    await expect(bay.preparePivot({ hd0: inFolder('nothing.qcow2') })).rejects.toMatchObject({
      code: 'media-not-found',
    });
    const pivot = await bay.preparePivot({ hd0: await overlay('good.qcow2', 'disk0.raw', 'raw') });
    await pivot.abandon();
    await guest.write(5, 7);
    await guest.expectAll();
    await bay.closeAll();
    await compare('disk0.raw', 'raw', guest.model);
  });

  it.each([
    ['the base', 'disk0.raw', ['three.qcow2', 'two.qcow2', 'one.qcow2']],
    ['a layer in the middle', 'one.qcow2', ['three.qcow2', 'two.qcow2', 'disk0.raw']],
    ['the layer below the head', 'two.qcow2', ['three.qcow2', 'one.qcow2', 'disk0.raw']],
  ])('takes %s out of the chain while the guest writes', async (_what, layer, chain) => {
    const { guest, bay } = await setUp();
    let value = 1;
    const scribble = (count: number, step: number) =>
      Promise.all(Array.from({ length: count }, (_, i) => guest.write((i * step) % (SECTORS - PIECE), value++ % 256)));
    await scribble(40, 331);
    for (const [name, backing, format] of [
      ['one.qcow2', 'disk0.raw', 'raw'],
      ['two.qcow2', 'one.qcow2', 'qcow2'],
      ['three.qcow2', 'two.qcow2', 'qcow2'],
    ] as const) {
      const pivot = await bay.preparePivot({ hd0: await overlay(name, backing, format) });
      await pivot.commit();
      await scribble(15, 977);
    }
    const merging = bay.mergeLayer('hd0', inFolder(layer), () => {});
    for (let i = 0; i < 10; i++) await scribble(8, 1511 + i * 64);
    await merging;
    await rm(inFolder(layer));
    await guest.expectAll();
    await scribble(10, 777);
    await guest.expectAll();
    await bay.closeAll();
    await compare('three.qcow2', 'qcow2', guest.model);
    const info = JSON.parse(
      (await run('qemu-img', ['info', '--output=json', '--backing-chain', inFolder('three.qcow2')])).stdout,
    ) as { filename: string }[];
    expect(info.map(({ filename }) => path.basename(filename))).toEqual(chain);
    for (const name of chain.filter((file) => file.endsWith('qcow2')))
      await run('qemu-img', ['check', '-q', inFolder(name)]);
  });

  it('can be stopped in the middle of a merge and does it again', async () => {
    const { guest, bay } = await setUp();
    for (let i = 0; i < 100; i++) await guest.write(i * 160, i + 1);
    const pivot = await bay.preparePivot({ hd0: await overlay('over.qcow2', 'disk0.raw', 'raw') });
    await pivot.commit();
    let cancelled: Promise<void> | undefined;
    const progress = (doneBytes: number) => {
      if (doneBytes > 0) cancelled ??= bay.cancelMerge('hd0');
    };
    const merging = bay.mergeLayer('hd0', inFolder('disk0.raw'), progress);
    await expect(bay.mergeLayer('hd0', inFolder('disk0.raw'), () => {})).rejects.toMatchObject({ code: 'vm-busy' });
    await expect(merging).rejects.toMatchObject({ code: 'cancelled' });
    await cancelled;
    await guest.write(64, 200);
    await guest.expectAll();
    await bay.mergeLayer('hd0', inFolder('disk0.raw'), () => {});
    await rm(inFolder('disk0.raw'));
    await guest.expectAll();
    await bay.closeAll();
    await compare('over.qcow2', 'qcow2', guest.model);
  });

  describe('writes the head down into the disk below while the guest writes', () => {
    const places = (format: string) => ({ layer: inFolder(`disk0.${format}`), child: inFolder('over.qcow2') });

    async function onOverlay(format: keyof typeof FORMATS): Promise<{ guest: Guest; bay: DriveBay }> {
      const { guest, bay } = await setUp(format);
      for (let i = 0; i < 30; i++) await guest.write(i * 331, i + 1);
      const over = await overlay('over.qcow2', `disk0.${format}`, FORMATS[format]);
      await (await bay.preparePivot({ hd0: over })).commit();
      for (let i = 0; i < 30; i++) await guest.write(i * 499, i + 101);
      return { guest, bay };
    }

    it.each(Object.entries(FORMATS))('%s', async (format, nameInQemu) => {
      const { guest, bay } = await onOverlay(format as keyof typeof FORMATS);
      const merging = bay.mergeDown('hd0', places(format), () => {});
      for (let i = 0; i < 40; i++) await guest.write((i * 1511) % (SECTORS - PIECE), i + 150);
      expect(await merging).toBe(true);
      await guest.write(777, 251);
      await guest.expectAll();
      // Until it is finished, either of them is the disk.
      await guest.flush();
      await compare('over.qcow2', 'qcow2', guest.model);
      await bay.finishMerge('hd0');
      expect(bay.pathOf('hd0')).toBe(inFolder(`disk0.${format}`));
      await rm(inFolder('over.qcow2'));
      await guest.write(4242, 252);
      await guest.expectAll();
      await bay.closeAll();
      await compare(`disk0.${format}`, nameInQemu, guest.model);
      expect((await readdir(folder)).filter((name) => name.includes('.lock'))).toEqual([]);
    });

    it('and both are the disk if it ends before it is finished', async () => {
      const { guest, bay } = await onOverlay('raw');
      expect(await bay.mergeDown('hd0', places('raw'), () => {})).toBe(true);
      for (let i = 0; i < 20; i++) await guest.write(i * 640, i + 201);
      expect(await bay.mergeDown('hd0', places('raw'), () => {})).toBe(true);
      await expect(bay.preparePivot({ hd0: inFolder('over.qcow2') })).rejects.toMatchObject({ code: 'vm-busy' });
      await bay.closeAll();
      await compare('disk0.raw', 'raw', guest.model);
      await compare('over.qcow2', 'qcow2', guest.model);
      expect((await readdir(folder)).filter((name) => name.includes('.lock'))).toEqual([]);
    });

    it('and the files are the disk whenever the process is killed', async () => {
      const { guest, bay } = await onOverlay('raw');
      await guest.flush();
      /** Copies of the files at some moments, all of them with nothing to flush. */
      const moments: { readonly at: string; readonly model: Uint8Array }[] = [];
      const copyNow = (): void => {
        const at = inFolder(`moment${moments.length}`);
        mkdirSync(at);
        for (const name of ['disk0.raw', 'over.qcow2']) copyFileSync(inFolder(name), path.join(at, name));
        moments.push({ at, model: guest.model.slice() });
      };
      const merging = bay.mergeDown('hd0', places('raw'), copyNow);
      await merging;
      for (let i = 0; i < 5; i++) {
        await Promise.all([guest.write(i * 1000, 60 + i), guest.write(i * 1000 + 70, 80 + i)]);
        await guest.flush();
        copyNow();
      }
      await bay.closeAll();
      expect(moments.length).toBeGreaterThan(8);
      for (const { at, model } of moments) {
        await writeFile(inFolder('model.raw'), model);
        await run('qemu-img', [
          'compare',
          '-f',
          'qcow2',
          '-F',
          'raw',
          path.join(at, 'over.qcow2'),
          inFolder('model.raw'),
        ]);
      }
      for (const { at, model } of moments.slice(-5))
        expect(Buffer.compare(await readFile(path.join(at, 'disk0.raw')), model)).toBe(0);
    });

    it('and gives up without harm', async () => {
      const { guest, bay } = await onOverlay('raw');
      let cancelled: Promise<void> | undefined;
      const progress = () => (cancelled ??= bay.cancelMerge('hd0'));
      await expect(bay.mergeDown('hd0', places('raw'), progress)).rejects.toMatchObject({ code: 'cancelled' });
      await cancelled;
      await guest.write(64, 200);
      await guest.expectAll();
      const second = await overlay('second.qcow2', 'over.qcow2', 'qcow2');
      await (await bay.preparePivot({ hd0: second })).commit();
      await guest.write(128, 201);
      await guest.expectAll();
      await bay.closeAll();
      await compare('second.qcow2', 'qcow2', guest.model);
    });

    it('refuses a disk below that somebody else has', async () => {
      const { guest, bay } = await onOverlay('raw');
      const lock = await lockImage(inFolder('disk0.raw'));
      await expect(bay.mergeDown('hd0', places('raw'), () => {})).rejects.toMatchObject({ code: 'image-locked' });
      await lock.release();
      await guest.expectAll();
      expect(await bay.mergeDown('hd0', places('raw'), () => {})).toBe(true);
      await bay.closeAll();
    });
  });

  it.each(Object.entries(FORMATS))('writes a layer that others build on down into %s', async (format, nameInQemu) => {
    const { guest, bay } = await setUp(format as keyof typeof FORMATS);
    const scribble = async (value: number) => {
      for (let i = 0; i < 15; i++) await guest.write((i * 977 * value) % (SECTORS - PIECE), value * 16 + i);
    };
    await scribble(1);
    await bay.closeAll();
    // Reopened on a chain, as after a start: what is below is open for reading.
    await overlay('one.qcow2', `disk0.${format}`, nameInQemu);
    const chained = new Guest();
    chained.model.set(guest.model);
    const slot = { bus: 'ide' as const, channel: 0, unit: 0 };
    const drive = { id: 'hd0', kind: 'disk' as const, slot, path: inFolder('one.qcow2'), format: 'qcow2' as const, readonly: false };
    const again = new DriveBay([drive], chained.blocks);
    await again.loadAll();
    const write = async (value: number) => {
      for (let i = 0; i < 15; i++) await chained.write((i * 977 * value) % (SECTORS - PIECE), value * 16 + i);
    };
    await write(2);
    const frozen = chained.model.slice();
    await (await again.preparePivot({ hd0: await overlay('two.qcow2', 'one.qcow2', 'qcow2') })).commit();
    await write(3);
    const merging = again.mergeDown('hd0', { layer: inFolder(`disk0.${format}`), child: inFolder('one.qcow2') }, () => {});
    await write(5);
    expect(await merging).toBe(false);
    expect(await again.mergeDown('hd0', { layer: inFolder(`disk0.${format}`), child: inFolder('one.qcow2') }, () => {})).toBe(false);
    await rm(inFolder('one.qcow2'));
    await write(7);
    await chained.expectAll();
    await compare(`disk0.${format}`, nameInQemu, frozen);
    await again.closeAll();
    await compare('two.qcow2', 'qcow2', chained.model);
    await run('qemu-img', ['check', '-q', inFolder('two.qcow2')]);
  }); // prettier-ignore

  it('writes down into a smaller disk after it has grown, where it grows in place', async () => {
    const { bay } = await setUp();
    await writeFile(inFolder('big.qcow2'), encodeEmptyQcow2({ size: 2 * SECTORS * 512, backing: { name: 'disk0.raw', format: 'raw' } }));
    await bay.closeAll();
    const guest = new Guest();
    const slot = { bus: 'ide' as const, channel: 0, unit: 0 };
    const drive = { id: 'hd0', kind: 'disk' as const, slot, path: inFolder('big.qcow2'), format: 'qcow2' as const, readonly: false };
    const grown = new DriveBay([drive], guest.blocks);
    await grown.loadAll();
    await guest.write(SECTORS - PIECE, 9);
    expect(await grown.mergeDown('hd0', { layer: inFolder('disk0.raw'), child: inFolder('big.qcow2') }, () => {})).toBe(true);
    await grown.finishMerge('hd0');
    await guest.expectAll();
    await grown.closeAll();
    expect((await stat(inFolder('disk0.raw'))).size).toBe(2 * SECTORS * 512);
  }); // prettier-ignore

  it.each(['vhd', 'vhdx'] as const)('refuses to write to a differencing %s, and takes an overlay over it', async (format) => {
    const child = inFolder(`child.${format}`);
    const base = await imageWith(format, [0, new Uint8Array(512).fill(7)]);
    await writeFile(inFolder(`base.${format}`), base.bytes);
    const own = new Uint8Array(4096).fill(9);
    const made = format === 'vhd' ? await vhdChild(IMAGE_UUID, own) : await vhdxChild(vhdxLinkage(base), own);
    await writeFile(child, made.bytes);
    const slot = { bus: 'ide' as const, channel: 0, unit: 0 };
    const disk = { id: 'hd0', kind: 'disk' as const, slot, readonly: false };
    const memory = new Uint8Array(SLOTS * 512);
    const plain = new DriveBay([{ ...disk, path: child, format }], new BlockServer(memory));
    await expect(plain.loadAll()).rejects.toMatchObject({ code: 'image-read-only' });
    expect((await readdir(folder)).filter((name) => name.includes('.lock'))).toEqual([]);

    const size = DIFFERENCING_DISK_BYTES;
    await writeFile(inFolder('over.qcow2'), encodeEmptyQcow2({ size, backing: { name: `child.${format}`, format } }));
    const blocks = new BlockServer(memory);
    const layered = new DriveBay([{ ...disk, path: inFolder('over.qcow2'), format: 'qcow2' }], blocks, { hd0: [child] });
    await layered.loadAll();
    const at = async (sector: number): Promise<number> => {
      expect(await blocks.run(1, { op: 'read', sector, count: 1, segments: [{ offset: 0, length: 512 }] })).toBe('ok');
      return memory[0]!;
    };
    expect([await at(0), await at(CHILD_OFFSET / 512)]).toEqual([7, 9]);
    memory.fill(5, 512, 1024);
    expect(await blocks.run(1, { op: 'write', sector: 0, count: 1, segments: [{ offset: 512, length: 512 }] })).toBe('ok');
    expect(await at(0)).toBe(5);
    const places = { layer: child, child: inFolder('over.qcow2') };
    await expect(layered.mergeDown('hd0', places, () => {})).rejects.toMatchObject({ code: 'image-unsupported' });
    expect([await at(0), await at(CHILD_OFFSET / 512)]).toEqual([5, 9]);
    await layered.closeAll();
    expect(Buffer.compare(await readFile(child), made.bytes)).toBe(0);
  }); // prettier-ignore
});
