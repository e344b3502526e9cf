import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
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
      for (let writes = 1; writes < 120; writes += 5) {
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
