import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DiskImage } from '../../src/main/vmm/block/disk-image.js';
import type { ImageLayout } from '../../src/main/vmm/block/formats/format-driver.js';
import { driverOf, type ImageFormat } from '../../src/main/vmm/block/formats/image-format.js';
import { imagePorts } from '../../src/main/vmhost/files/image-ports.js';
import { openNodeFile } from '../../src/main/vmhost/files/node-file.js';
import { toolMissing } from '../../src/testing/debian-packages.js';
import { patternBytes } from '../../src/testing/storage/ide-rig.js';
import { DyingProcess, imageOperation, readRange, runImageSession } from '../../src/testing/storage/image-session.js';

const run = promisify(execFile);
const missing = toolMissing('qemu-img');
const MIB = 1 << 20;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'annex-formats-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** One way to keep a disk, with the names qemu-img has for it. */
interface Variant {
  readonly format: ImageFormat;
  readonly qemuName: string;
  /** Options of `qemu-img create`; absent where only we make the variant. */
  readonly options: string;
  readonly layout: ImageLayout;
  /** Whether we make this variant too. */
  readonly creatable: boolean;
  /** Whether `qemu-img check` knows the format. */
  readonly checkable: boolean;
  /** Not a multiple of the block size. */
  readonly sizeBytes: number;
}

const VARIANTS: readonly Variant[] = [
  { format: 'vdi', qemuName: 'vdi', options: 'static=off', layout: 'sparse', creatable: true, checkable: true, sizeBytes: 9 * MIB + 512 * 7 },
  { format: 'vdi', qemuName: 'vdi', options: 'static=on', layout: 'fixed', creatable: true, checkable: true, sizeBytes: 4 * MIB },
  { format: 'vmdk', qemuName: 'vmdk', options: 'subformat=monolithicSparse', layout: 'sparse', creatable: true, checkable: true, sizeBytes: 33 * MIB + 512 * 7 },
  { format: 'vmdk', qemuName: 'vmdk', options: 'subformat=monolithicSparse,zeroed_grain=on', layout: 'sparse', creatable: false, checkable: true, sizeBytes: 5 * MIB },
  { format: 'vmdk', qemuName: 'vmdk', options: 'subformat=twoGbMaxExtentSparse', layout: 'sparse', creatable: false, checkable: true, sizeBytes: 5 * MIB },
  { format: 'vmdk', qemuName: 'vmdk', options: 'subformat=twoGbMaxExtentFlat', layout: 'fixed', creatable: false, checkable: true, sizeBytes: 5 * MIB },
  { format: 'vmdk', qemuName: 'vmdk', options: 'subformat=monolithicFlat', layout: 'fixed', creatable: false, checkable: true, sizeBytes: 5 * MIB },
  { format: 'vhd', qemuName: 'vpc', options: 'subformat=dynamic,force_size=on', layout: 'sparse', creatable: true, checkable: false, sizeBytes: 9 * MIB + 512 * 7 },
  { format: 'vhd', qemuName: 'vpc', options: 'subformat=fixed,force_size=on', layout: 'fixed', creatable: true, checkable: false, sizeBytes: 5 * MIB },
  // 300 cylinders of 4 heads and 17 sectors: the size that the geometry says.
  { format: 'vhd', qemuName: 'vpc', options: 'subformat=dynamic', layout: 'sparse', creatable: false, checkable: false, sizeBytes: 300 * 4 * 17 * 512 },
  { format: 'vhdx', qemuName: 'vhdx', options: 'subformat=dynamic,block_size=1M', layout: 'sparse', creatable: true, checkable: true, sizeBytes: 20 * MIB },
  { format: 'vhdx', qemuName: 'vhdx', options: 'subformat=fixed', layout: 'fixed', creatable: true, checkable: true, sizeBytes: 8 * MIB },
]; // prettier-ignore

const titled = VARIANTS.map((variant) => [`${variant.format} ${variant.options}`, variant] as const);
const creatable = VARIANTS.filter((v) => v.creatable).map((v) => [`${v.format} ${v.layout}`, v] as const);

const disk = (variant: Variant) => path.join(folder, `disk.${variant.format}`);
const qemuImg = async (...args: string[]) => (await run('qemu-img', args)).stdout;

async function open(variant: Variant, file = disk(variant), process?: DyingProcess): Promise<DiskImage> {
  const port = await openNodeFile(file, { readonly: false });
  const ports = await imagePorts(file, { readonly: false });
  const dying = process && {
    ...ports,
    openPart: async (name: string) => process.wrap(await ports.openPart(name)),
  };
  return driverOf(variant.format).open(process ? process.wrap(port) : port, dying ?? ports);
}

async function createByQemu(variant: Variant): Promise<void> {
  await qemuImg('create', '-q', '-f', variant.qemuName, '-o', variant.options, disk(variant), String(variant.sizeBytes));
} // prettier-ignore

async function createByUs({ format, layout, sizeBytes }: Variant, file: string): Promise<void> {
  await writeFile(file, '');
  const port = await openNodeFile(file, { readonly: false });
  const identity = { uuid: randomBytes(16), createdAt: 1_700_000_000 };
  await driverOf(format).create!(port, { size: sizeBytes, layout, identity });
  await port.close();
}

/** qemu-img finds nothing wrong, and reads the same bytes as we say are there. */
async function expectSound(variant: Variant, content: Uint8Array): Promise<void> {
  if (variant.checkable) await qemuImg('check', '-f', variant.qemuName, disk(variant));
  await writeFile(path.join(folder, 'model.raw'), content);
  await qemuImg('compare', '-f', variant.qemuName, '-F', 'raw', disk(variant), path.join(folder, 'model.raw'));
}

describe.skipIf(missing)(`disk formats against qemu-img${missing ? ` (skipped: ${missing})` : ''}`, () => {
  it.each(titled)('reads and writes what qemu-img made: %s', async (_title, variant) => {
    await fc.assert(
      fc.asyncProperty(fc.array(imageOperation, { maxLength: 25 }), async (operations) => {
        await createByQemu(variant);
        const model = Buffer.alloc(variant.sizeBytes);
        await runImageSession(() => open(variant), operations, model);
        await expectSound(variant, model);
      }),
      { numRuns: 4 },
    );
  });

  it.each(titled)('reads what qemu-img converted: %s', async (_title, variant) => {
    const model = Buffer.alloc(variant.sizeBytes);
    model.set(patternBytes(MIB), 3 * MIB);
    model.set(patternBytes(1000), 100_000);
    await writeFile(path.join(folder, 'source.raw'), model);
    await qemuImg('convert', '-f', 'raw', '-O', variant.qemuName, '-o', variant.options, path.join(folder, 'source.raw'), disk(variant)); // prettier-ignore
    const image = await open(variant);
    expect((await readRange(image, 0, image.size)).equals(model)).toBe(true);
    await image.close();
    await expectSound(variant, model);
  });

  it.each(creatable)('makes images that qemu-img reads and writes: %s', async (_title, variant) => {
    await createByUs(variant, disk(variant));
    const model = Buffer.alloc(variant.sizeBytes);
    await expectSound(variant, model);
    const operations = fc.sample(imageOperation, { numRuns: 15, seed: 7 });
    await runImageSession(() => open(variant), operations, model);
    await expectSound(variant, model);
    await run('qemu-io', ['-f', variant.qemuName, '-c', 'write -P 0x5a 3145728 1048576', disk(variant)]);
    model.fill(0x5a, 3 * MIB, 4 * MIB);
    const image = await open(variant);
    expect((await readRange(image, 0, image.size)).equals(model)).toBe(true);
    await image.close();
  });

  it.each(creatable)('grows, as far as it can, and keeps its content: %s', async (_title, variant) => {
    await createByUs(variant, disk(variant));
    const model = Buffer.alloc(variant.sizeBytes + 40 * MIB);
    model.set(patternBytes(MIB), MIB);
    let image = await open(variant);
    await image.write(MIB, [model.subarray(MIB, 2 * MIB)]);
    await image.close();
    const file = await openNodeFile(disk(variant), { readonly: false });
    const growing = driverOf(variant.format).resize!(file, await imagePorts(disk(variant)), model.length);
    const growable = variant.layout === 'sparse' || variant.format === 'vhd';
    if (!growable) await expect(growing).rejects.toMatchObject({ code: 'image-unsupported' });
    await growing.catch(() => undefined);
    await file.close();
    if (!growable) return expectSound(variant, model.subarray(0, variant.sizeBytes));
    image = await open(variant);
    expect(image.size).toBe(model.length);
    model.set(patternBytes(MIB), model.length - MIB);
    await image.write(model.length - MIB, [model.subarray(model.length - MIB)]);
    expect((await readRange(image, 0, image.size)).equals(model)).toBe(true);
    await image.close();
    await expectSound(variant, model);
  });

  it.each(titled)('takes many writes at once: %s', async (_title, variant) => {
    await createByQemu(variant);
    const image = await open(variant);
    const model = Buffer.alloc(variant.sizeBytes);
    model.set(patternBytes(MIB), 2 * MIB - 4096);
    const pieces = Array.from({ length: MIB / 4096 }, (_, i) => 2 * MIB - 4096 + ((i * 77) % (MIB / 4096)) * 4096);
    await Promise.all(pieces.map((at) => image.write(at, [model.subarray(at, at + 4096)])));
    await image.close();
    await expectSound(variant, model);
  });

  it.each(titled)(
    'holds what was flushed wherever the writing process is killed: %s',
    async (_title, variant) => {
      for (let writes = 1; writes < 120; writes += 23) {
        await createByQemu(variant);
        const { flushed, unsure } = await workUntilKilled(variant, new DyingProcess(writes));
        const image = await open(variant);
        const after = await readRange(image, 0, image.size);
        for (let piece = 0; piece < variant.sizeBytes / 4096; piece++) {
          const range = [piece * 4096, piece * 4096 + 4096] as const;
          if (!unsure.has(piece)) expect(after.subarray(...range).equals(flushed.subarray(...range))).toBe(true);
        }
        await image.close();
        await expectSound(variant, after);
      }
    },
    120_000,
  );
});

describe.skipIf(missing)('stream-optimized VMDK against qemu-img', () => {
  const variant: Variant = {
    format: 'vmdk',
    qemuName: 'vmdk',
    options: 'subformat=streamOptimized',
    layout: 'compressed',
    creatable: false,
    checkable: true,
    sizeBytes: 70 * MIB + 512,
  };
  const content = (): Buffer => {
    const model = Buffer.alloc(variant.sizeBytes);
    model.set(patternBytes(3 * MIB), 1000);
    model.set(randomBytes(200_000), 40 * MIB);
    model.set(patternBytes(512), 70 * MIB);
    return model;
  };

  it('writes what qemu-img reads, and reads it back', async () => {
    const model = content();
    await writeFile(disk(variant), '');
    const file = await openNodeFile(disk(variant), { readonly: false });
    const identity = { uuid: randomBytes(16), createdAt: 0 };
    const ports = await imagePorts(disk(variant));
    const spec = { size: model.length, layout: 'compressed', identity } as const;
    const writer = await driverOf('vmdk').writer!(file, spec, ports);
    for (let at = 0; at < model.length; at += 192 * 1024) await writer.write(at, model.subarray(at, at + 192 * 1024));
    await writer.finish();
    await file.close();
    await expectSound(variant, model);
    const image = await open(variant);
    expect(image.readonly).toBe(true);
    expect((await readRange(image, 0, image.size)).equals(model)).toBe(true);
    await image.close();
  });

  it('reads what qemu-img wrote and refuses to write to it', async () => {
    const model = content();
    await writeFile(path.join(folder, 'source.raw'), model);
    await qemuImg('convert', '-f', 'raw', '-O', 'vmdk', '-o', variant.options, path.join(folder, 'source.raw'), disk(variant)); // prettier-ignore
    const image = await open(variant);
    expect((await readRange(image, 0, image.size)).equals(model)).toBe(true);
    await expect(image.write(0, [new Uint8Array(512)])).rejects.toMatchObject({ code: 'read-only' });
    await image.close();
  });
});

describe.skipIf(missing)('VMDK on another VMDK, against qemu-img', () => {
  it('reads and writes over its parent, which it leaves as it is', async () => {
    const variant = { ...VARIANTS.find(({ format }) => format === 'vmdk')!, sizeBytes: 5 * MIB };
    const model = Buffer.alloc(variant.sizeBytes);
    model.set(patternBytes(2 * MIB), MIB);
    await writeFile(path.join(folder, 'source.raw'), model);
    const base = path.join(folder, 'base.vmdk');
    await qemuImg('convert', '-f', 'raw', '-O', 'vmdk', path.join(folder, 'source.raw'), base);
    const before = await readFile(base);
    for (const seed of [3, 4, 5]) {
      await rm(disk(variant), { force: true });
      await run('qemu-img', ['create', '-q', '-f', 'vmdk', '-b', 'base.vmdk', '-F', 'vmdk', disk(variant)], {
        cwd: folder,
      });
      const present = Buffer.from(model);
      await runImageSession(() => open(variant), fc.sample(imageOperation, { numRuns: 20, seed }), present);
      await expectSound(variant, present);
    }
    expect((await readFile(base)).equals(before)).toBe(true);
  });
});

describe('hostile VMDK descriptors', () => {
  const descriptor = (extents: string, more = '') =>
    `# Disk DescriptorFile\nversion=1\nCID=00000001\nparentCID=ffffffff\ncreateType="monolithicFlat"\n${more}${extents}\n`;
  const openText = async (text: string) => {
    const file = path.join(folder, 'disk.vmdk');
    await writeFile(file, text);
    const port = await openNodeFile(file, { readonly: true });
    try {
      return await driverOf('vmdk').open(port, await imagePorts(file));
    } catch (error) {
      await port.close();
      throw error;
    }
  };

  it('opens no file outside the folder of the disk, also through a link', async () => {
    await expect(openText(descriptor('RW 2 FLAT "/etc/passwd" 0'))).rejects.toMatchObject({ message: /outside/ });
    await expect(openText(descriptor('RW 2 FLAT "../../etc/passwd" 0'))).rejects.toMatchObject({ name: 'ImageError' });
    await symlink('/etc/passwd', path.join(folder, 'link'));
    await expect(openText(descriptor('RW 2 FLAT "link" 0'))).rejects.toMatchObject({ message: /outside/ });
  });

  it('refuses host devices, missing and short files, and too many or absurd extents', async () => {
    const device = descriptor('RW 2 FLAT "/dev/sda" 0').replace('monolithicFlat', 'fullDevice');
    await expect(openText(device)).rejects.toMatchObject({ code: 'image-unsupported', message: /fullDevice/ });
    await expect(openText(descriptor('RW 2 FLAT "none" 0'))).rejects.toMatchObject({ message: /missing/ });
    await writeFile(path.join(folder, 'short'), 'x'.repeat(512));
    await expect(openText(descriptor('RW 2 FLAT "short" 0'))).rejects.toMatchObject({ message: /too short/ });
    await expect(openText(descriptor('RW 999999999999999 FLAT "short" 999999999'))).rejects.toMatchObject({ name: 'ImageError' }); // prettier-ignore
    const many = Array.from({ length: 3000 }, () => 'RW 1 ZERO').join('\n');
    await expect(openText(descriptor(many))).rejects.toMatchObject({ message: /3000 extents/ });
    await expect(openText(descriptor(''))).rejects.toMatchObject({ message: /no extents/ });
  });

  it('refuses a parent that has changed or is the disk itself', async () => {
    const child = descriptor('RW 1 ZERO').replace('parentCID=ffffffff', 'parentCID=00000007\nparentFileNameHint="base.vmdk"');
    await writeFile(path.join(folder, 'base.vmdk'), descriptor('RW 1 ZERO'));
    await expect(openText(child)).rejects.toMatchObject({ message: /changed since/ });
    await expect(openText(child.replace('base.vmdk', 'disk.vmdk'))).rejects.toMatchObject({ message: /never ends/ });
    await (await openText(child.replace('00000007', '00000001'))).close();
  }); // prettier-ignore
});

/** Writes, discards and flushes until the process dies. `unsure`: 4 KiB pieces changed since the last flush began. */
async function workUntilKilled(
  variant: Variant,
  process: DyingProcess,
): Promise<{ flushed: Buffer; unsure: ReadonlySet<number> }> {
  const flushed = Buffer.alloc(variant.sizeBytes);
  const unsure = new Set<number>();
  const touch = (at: number, bytes: number) => {
    for (let piece = Math.floor(at / 4096); piece * 4096 < at + bytes; piece++) unsure.add(piece);
  };
  try {
    const image = await open(variant, disk(variant), process);
    for (let i = 0; i < 40; i++) {
      const at = ((i * 370_001) % (variant.sizeBytes - 8192)) & ~511;
      const data = patternBytes(5120).map((b) => b ^ i);
      touch(at, data.length);
      await image.write(at, [data]);
      if (i % 5 === 4) {
        const from = ((i * 5) % 4) * MIB;
        touch(from, MIB);
        await image.discard(from, MIB);
      }
      if (i % 3 !== 2) continue;
      const now = await readRange(image, 0, image.size);
      await image.flush();
      flushed.set(now);
      unsure.clear();
    }
    const now = await readRange(image, 0, image.size);
    await image.flush();
    flushed.set(now);
    unsure.clear();
    await image.close();
  } catch (error) {
    expect((error as Error).message).toBe('killed');
  }
  await process.closeFiles();
  return { flushed, unsure };
}
