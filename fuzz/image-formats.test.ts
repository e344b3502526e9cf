import { deflateRaw, inflateRaw } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { ImageError, type DiskImage, type FilePort } from '../src/main/vmm/block/disk-image.js';
import type { ImageLayout } from '../src/main/vmm/block/formats/format-driver.js';
import { driverOf, type ImageFormat, type ImagePorts } from '../src/main/vmm/block/formats/image-format.js';
import { onesComplementSum } from '../src/main/vmm/block/formats/vhd/vhd-footer.js';
import { crc32c } from '../src/main/vmm/block/formats/vhdx/crc32c.js';
import { DyingProcess } from '../src/testing/storage/image-session.js';
import { IMAGE_UUID, imageWith, vhdChild, vhdxChild, vhdxLinkage } from '../src/testing/storage/differencing-images.js';
import { MemoryFile } from '../src/testing/storage/memory-file.js';

/** `FUZZ_SEED` repeats a run; `FUZZ_RUNS` makes it longer. */
const SEED = Number(process.env['FUZZ_SEED'] ?? 20240607);
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 60);

const KIB = 1 << 10;
const MIB = 1 << 20;
const DISK_BYTES = 3 * MIB;
/** A hostile image may ask for a file this long, and not longer. */
const ROOM = 96 * MIB;

/** xorshift32: the same numbers for the same seed everywhere. */
function randomSource(seed: number): Source {
  let state = seed | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const ports: ImagePorts = {
  openBacking: () => Promise.reject(new ImageError('image-unsupported', 'nothing beside it')),
  openPart: () => Promise.reject(new ImageError('image-unsupported', 'nothing beside it')),
  inflate: (source, size) =>
    new Promise((resolve, reject) => {
      inflateRaw(source, { maxOutputLength: size }, (error, bytes) => {
        if (error) reject(new ImageError('image-damaged', 'compressed data is damaged'));
        else resolve(bytes);
      });
    }),
  deflate: (source) =>
    new Promise((resolve, reject) => {
      deflateRaw(source, (error, bytes) => (error ? reject(error) : resolve(bytes)));
    }),
};

/** A sound image, where its metadata are, and how checksums are made right again after a change. */
interface Subject {
  readonly title: string;
  readonly format: ImageFormat;
  readonly make: () => Promise<Uint8Array>;
  /** Stretches of the file, in bytes. */
  readonly metadata: (size: number) => readonly (readonly [from: number, length: number])[];
  readonly reseal: (bytes: Uint8Array) => void;
  /** What it builds on or is made of; nothing if absent. @param random damages those files too */
  readonly beside?: (random?: Source) => Promise<ImagePorts>;
}

/** Numbers from 0 up to, but not including, `below`. */
type Source = (below: number) => number;

const asItIs = (): void => undefined;

async function made(format: ImageFormat, layout: ImageLayout): Promise<MemoryFile> {
  const file = new MemoryFile();
  const identity = { uuid: new Uint8Array(16).fill(7), createdAt: 1e9 };
  await driverOf(format).create!(file, { size: DISK_BYTES, layout, identity });
  return file;
}

async function filled(format: ImageFormat, layout: ImageLayout): Promise<Uint8Array> {
  const file = await made(format, layout);
  await work(await driverOf(format).open(file, ports));
  return file.bytes;
}

async function streamed(): Promise<Uint8Array> {
  const file = new MemoryFile();
  const identity = { uuid: new Uint8Array(16).fill(7), createdAt: 1e9 };
  const writer = await driverOf('vmdk').writer!(file, { size: DISK_BYTES, layout: 'compressed', identity }, ports);
  await writer.write(0, new Uint8Array(300 * KIB).fill(3));
  await writer.finish();
  return file.bytes;
}

/** A VHDX file whose process died between the log and the tables. */
async function withLog(): Promise<Uint8Array> {
  for (let writes = 1; ; writes++) {
    const file = await made('vhdx', 'sparse');
    const table = file.bytes.slice(3 * MIB, 3 * MIB + 8);
    try {
      await work(await driverOf('vhdx').open(new DyingProcess(writes).wrap(file), ports));
    } catch {
      const logged = file.bytes[MIB] === 0x6c;
      if (logged && table.every((byte, i) => file.bytes[3 * MIB + i] === byte)) return file.bytes;
    }
  }
}

const OWN = new Uint8Array(4 * KIB).fill(9);

const differencingVhdx = async (): Promise<Uint8Array> =>
  (await vhdxChild(vhdxLinkage(await imageWith('vhdx')), OWN)).bytes;

/** A sound parent; the child's own metadata are what is damaged. */
const besideParent = (format: ImageFormat) => async (): Promise<ImagePorts> => {
  const { bytes } = await imageWith(format);
  const openBacking = (): Promise<DiskImage> =>
    driverOf(format).open(new MemoryFile(bytes.slice(), { readonly: true }), ports);
  return { ...ports, openBacking };
};

/** One disk of three files and nothing: sparse, flat, zeros, sparse again. */
const EXTENTS = `# Disk DescriptorFile
version=1
CID=12345678
parentCID=ffffffff
createType="twoGbMaxExtentSparse"
RW ${DISK_BYTES / 512} SPARSE "one.vmdk"
RW 128 FLAT "flat.raw" 64
RW 64 ZERO
RW ${DISK_BYTES / 512} SPARSE "two.vmdk"
ddb.geometry.cylinders = "12"
`;

async function besideExtents(random?: Source): Promise<ImagePorts> {
  const parts = new Map([
    ['one.vmdk', await filled('vmdk', 'sparse')],
    ['two.vmdk', await filled('vmdk', 'sparse')],
    ['flat.raw', new Uint8Array(96 * KIB)],
  ]);
  const openPart = (name: string): Promise<FilePort> => {
    const part = parts.get(name);
    if (part === undefined) return Promise.reject(new ImageError('image-unsupported', 'nothing of that name'));
    const file = new MemoryFile(random && random(2) === 0 ? damage(part, SPARSE_EXTENT, random) : part.slice());
    file.room = ROOM;
    return Promise.resolve(file);
  };
  return { ...ports, openPart };
}

function resealVhd(bytes: Uint8Array): void {
  const seal = (from: number, length: number, at: number): void => {
    const part = bytes.subarray(from, from + length);
    new DataView(part.buffer, part.byteOffset).setUint32(at, onesComplementSum(part, at));
  };
  seal(0, 512, 64);
  seal(512, 1024, 36);
  seal(bytes.length - 512, 512, 64);
}

function resealVhdx(bytes: Uint8Array): void {
  const seal = (from: number, length: number): void => {
    const part = bytes.subarray(from, from + length);
    new DataView(part.buffer, part.byteOffset).setUint32(4, crc32c(part, 4), true);
  };
  for (const from of [64, 128]) seal(from * KIB, 4 * KIB);
  for (const from of [192, 256]) seal(from * KIB, 64 * KIB);
  const entry = new DataView(bytes.buffer, bytes.byteOffset + MIB).getUint32(8, true);
  if (entry >= 4096 && entry <= 64 * KIB) seal(MIB, entry);
}

const SPARSE_EXTENT: Subject = { title: 'vmdk sparse', format: 'vmdk', make: () => filled('vmdk', 'sparse'), metadata: () => [[0, 96], [512, 600], [21 * 512, 8 * KIB]], reseal: asItIs }; // prettier-ignore

const SUBJECTS: readonly Subject[] = [
  { title: 'qcow2', format: 'qcow2', make: () => filled('qcow2', 'sparse'), metadata: () => [[0, 112], [0, 112], ...[1, 2, 3, 4, 5, 6, 7, 8].map((cluster) => [cluster * 64 * KIB, 96] as const)], reseal: asItIs },
  { title: 'vdi', format: 'vdi', make: () => filled('vdi', 'sparse'), metadata: () => [[0x40, 0x150], [512, 32]], reseal: asItIs },
  SPARSE_EXTENT,
  { title: 'vmdk of several extents', format: 'vmdk', make: () => Promise.resolve(new TextEncoder().encode(EXTENTS)), metadata: (size) => [[0, size]], reseal: asItIs, beside: besideExtents },
  { title: 'vmdk stream', format: 'vmdk', make: streamed, metadata: (size) => [[0, 96], [512, 600], [64 * KIB, size - 64 * KIB]], reseal: asItIs },
  { title: 'vhd dynamic', format: 'vhd', make: () => filled('vhd', 'sparse'), metadata: (size) => [[0, 512], [512, 64], [1536, 16], [size - 512, 128]], reseal: resealVhd },
  { title: 'vhd fixed', format: 'vhd', make: () => filled('vhd', 'fixed'), metadata: (size) => [[size - 512, 128]], reseal: resealVhd },
  { title: 'vhdx', format: 'vhdx', make: () => filled('vhdx', 'sparse'), metadata: () => [[64 * KIB, 80], [128 * KIB, 80], [192 * KIB, 96], [2 * MIB, 200], [2 * MIB + 64 * KIB, 64], [3 * MIB, 16]], reseal: resealVhdx },
  { title: 'vhdx with a log', format: 'vhdx', make: withLog, metadata: () => [[MIB, 200], [MIB + 4096, 16], [64 * KIB, 80], [128 * KIB, 80]], reseal: resealVhdx },
  { title: 'vhd differencing', format: 'vhd', make: async () => (await vhdChild(IMAGE_UUID, OWN)).bytes, metadata: (size) => [[0, 512], [512, 300], [1536, 16], [size - 512, 128]], reseal: resealVhd, beside: besideParent('vhd') },
  { title: 'vhdx differencing', format: 'vhdx', make: differencingVhdx, metadata: () => [[64 * KIB, 80], [128 * KIB, 80], [2 * MIB, 240], [2 * MIB + 64 * KIB, 64], [2 * MIB + 128 * KIB, 480], [3 * MIB, 16], [3 * MIB + 4 * KIB, 8]], reseal: resealVhdx, beside: besideParent('vhdx') },
]; // prettier-ignore

/** Values that go wrong in size computations. */
const EDGES = [0, 1, 2, 7, 0x1ff, 0x200, 0xffff, 0x10000, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff];

function damage(bytes: Uint8Array, { metadata, reseal }: Subject, random: Source): Uint8Array {
  const bad = bytes.slice();
  const view = new DataView(bad.buffer);
  const places = metadata(bad.length);
  for (let i = 1 + random(4); i > 0; i--) {
    const [from, length] = places[random(places.length)]!;
    const at = Math.min(from + random(length), bad.length - 8);
    const kind = random(5);
    if (kind === 0) bad[at] = random(256);
    else if (kind === 1) view.setUint32(at & ~3, EDGES[random(EDGES.length)]!, true);
    else if (kind === 2) view.setUint32(at & ~3, EDGES[random(EDGES.length)]!);
    else if (kind === 3) overlap(bad, at, places, random);
    else view.setBigUint64(at & ~7, BigInt(EDGES[random(EDGES.length)]!) << BigInt(random(33)), true);
  }
  if (random(8) !== 0) reseal(bad);
  return random(12) === 0 ? bad.slice(0, random(bad.length)) : bad;
}

/** Lets an entry name what another one names: clusters, blocks and tables that lie in one another. */
function overlap(bytes: Uint8Array, at: number, places: readonly (readonly [number, number])[], random: Source): void {
  const [from, length] = places[random(places.length)]!;
  const width = random(2) === 0 ? 4 : 8;
  const align = (place: number): number => Math.min(place, bytes.length - width) & -width;
  const source = align(from + random(length));
  bytes.copyWithin(align(at), source, source + width);
}

/** What a machine does with a disk. */
async function work(image: DiskImage): Promise<void> {
  const size = Math.min(image.size, DISK_BYTES);
  if (size === 0) return image.close();
  await image.read(0, [new Uint8Array(size)]);
  if (image.size > 65_536) await image.read(image.size - 65_536, [new Uint8Array(65_536)]);
  if (!image.readonly) {
    await image.write(Math.min(size - 512, 200 * 512), [new Uint8Array(512).fill(1)]);
    await image.write(0, [new Uint8Array(Math.min(size, 256 * KIB)).fill(2)]);
    await image.flush();
    await image.discard(0, Math.min(size, MIB));
  }
  await image.close();
}

async function expectTyped(action: () => Promise<unknown>): Promise<void> {
  try {
    await action();
  } catch (error) {
    expect((error as Error).name, (error as Error).stack).toMatch(/^(ImageError|FileError)$/);
  }
}

describe.each(SUBJECTS.map((subject) => [subject.title, subject] as const))('%s', (_title, subject) => {
  it('survives damage anywhere in its metadata, for reading and for writing', async () => {
    const random = randomSource(SEED);
    const good = await subject.make();
    const driver = driverOf(subject.format);
    const soundPorts = (await subject.beside?.()) ?? ports;
    const brokenPorts = (await subject.beside?.(random)) ?? ports;
    await work(await driver.open(new MemoryFile(good.slice()), soundPorts));
    const control = { checkpoint: asItIs, progress: asItIs };
    for (let run = 0; run < RUNS; run++) {
      const bad = damage(good, subject, random);
      const file = (readonly: boolean): FilePort => {
        const memory = new MemoryFile(bad.slice(), { readonly });
        memory.room = ROOM;
        return memory;
      };
      await expectTyped(() => driver.details(file(true), brokenPorts));
      await expectTyped(async () => work(await driver.open(file(run % 2 === 0), brokenPorts)));
      await expectTyped(() => driver.check!(file(false), brokenPorts, 'all', control));
      if (driver.resize) await expectTyped(() => driver.resize!(file(false), brokenPorts, 2 * DISK_BYTES));
    }
  }, 120_000);
});
