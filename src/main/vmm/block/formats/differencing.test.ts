import { describe, expect, it } from 'vitest';
import { MemoryFile } from '../../../../testing/storage/memory-file.js';
import { DyingProcess } from '../../../../testing/storage/image-session.js';
import { patternBytes } from '../../../../testing/storage/ide-rig.js';
import { ImageError, type DiskImage } from '../disk-image.js';
import { driverOf, type ImageFormat, type ImagePorts } from './image-format.js';
import { onesComplementSum } from './vhd/vhd-footer.js';
import { guidBytes, guidText, nextGuid } from './vhdx/guid.js';

const KIB = 1 << 10;
const MIB = 1 << 20;
const DISK_BYTES = 4 * MIB;
const UUID = Uint8Array.from({ length: 16 }, (_, i) => i + 1);
const noParts: ImagePorts = {
  openBacking: () => Promise.reject(new ImageError('image-unsupported', 'none')),
  openPart: () => Promise.reject(new ImageError('image-unsupported', 'none')),
  inflate: () => Promise.reject(new ImageError('image-damaged', 'none')),
  deflate: () => Promise.reject(new Error('none')),
};

/** An image of the format with these bytes at these offsets. */
async function imageWith(format: ImageFormat, ...writes: readonly (readonly [number, Uint8Array])[]): Promise<MemoryFile> {
  const file = new MemoryFile();
  await driverOf(format).create!(file, { size: DISK_BYTES, layout: 'sparse', identity: { uuid: UUID, createdAt: 1e9 } });
  const image = await driverOf(format).open(file, noParts);
  for (const [offset, bytes] of writes) await image.write(offset, [bytes]);
  await image.close();
  return file;
} // prettier-ignore

async function readAll(image: DiskImage): Promise<Uint8Array> {
  const bytes = new Uint8Array(image.size);
  await image.read(0, [bytes.subarray(0, 700), bytes.subarray(700)]);
  return bytes;
}

/** `toEqual` takes seconds for megabytes. */
const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

const base = patternBytes(2 * MIB);
const own = patternBytes(4 * KIB).map((byte) => byte ^ 0xff);
/** What child and parent show together: the child's eight sectors from 8 KiB on, the parent's elsewhere. */
const together = new Uint8Array(DISK_BYTES);
together.set(base, 4 * KIB);
together.set(own, 8 * KIB);

function withParent(format: ImageFormat, parent: MemoryFile, expectName: string): ImagePorts {
  return {
    ...noParts,
    openBacking: (name, backingFormat) => {
      expect([name, backingFormat]).toEqual([expectName, format]);
      return driverOf(format).open(new MemoryFile(parent.bytes, { readonly: true }), noParts);
    },
  };
}

describe('differencing VHD', () => {
  /** A dynamic image made a child: type 4, the parent's UUID and name, and a bitmap with eight sectors in its block. */
  async function child(parentUuid: Uint8Array): Promise<MemoryFile> {
    const file = await imageWith('vhd', [8 * KIB, own]);
    const { bytes } = file;
    const view = new DataView(bytes.buffer);
    const block = view.getUint32(1536) * 512;
    bytes.fill(0, block, block + 512);
    bytes[block + 2] = 0xff;
    bytes.set(parentUuid, 512 + 40);
    [...'C:\\disks\\base.vhd'].forEach((char, i) => view.setUint16(512 + 64 + i * 2, char.charCodeAt(0)));
    view.setUint32(512 + 36, onesComplementSum(bytes.subarray(512, 1536), 36));
    for (const footer of [0, bytes.length - 512]) {
      view.setUint32(footer + 60, 4);
      view.setUint32(footer + 64, onesComplementSum(bytes.subarray(footer, footer + 512), 64));
    }
    return file;
  }

  it('shows its parent’s sectors where its bitmap says so, and is not written', async () => {
    const parent = await imageWith('vhd', [4 * KIB, base]);
    const image = await driverOf('vhd').open(await child(UUID), withParent('vhd', parent, 'base.vhd'));
    expect(image.readonly).toBe(true);
    expect(same(await readAll(image), together)).toBe(true);
    await expect(image.write(0, [own])).rejects.toMatchObject({ code: 'read-only' });
  });

  it('refuses a parent that is another disk', async () => {
    const parent = await imageWith('vhd', [4 * KIB, base]);
    const opening = driverOf('vhd').open(await child(nextGuid(UUID)), withParent('vhd', parent, 'base.vhd'));
    await expect(opening).rejects.toMatchObject({ code: 'image-damaged', message: /not the disk/ });
  });
});

describe('differencing VHDX', () => {
  const METADATA = 2 * MIB;
  const BAT = 3 * MIB;
  /** 2^23 sectors of 512 bytes in blocks of 8 MiB: the entry behind that many is the bitmap's. */
  const CHUNK_RATIO = 512;

  /** A dynamic image made a child: parent locator, flag, and a block that is partially present by its bitmap. */
  async function child(linkage: string): Promise<MemoryFile> {
    const file = await imageWith('vhdx', [8 * KIB, own]);
    const bytes = new Uint8Array(file.bytes.length + MIB);
    bytes.set(file.bytes);
    const view = new DataView(bytes.buffer);
    bytes[file.bytes.length + 2] = 0xff;
    view.setBigUint64(BAT, view.getBigUint64(BAT, true) | 7n, true);
    view.setBigUint64(BAT + CHUNK_RATIO * 8, BigInt(file.bytes.length) | 6n, true);
    view.setUint32(METADATA + 64 * KIB + 4, 2, true);
    const locator = encodeLocator({ parent_linkage: linkage, relative_path: '.\\base.vhdx' });
    const entry = METADATA + 32 + 5 * 32;
    view.setUint16(METADATA + 10, 6, true);
    bytes.set(guidBytes('A8D35F2D-B30B-454D-ABF7-D3D84834AB0C'), entry);
    view.setUint32(entry + 16, 128 * KIB, true);
    view.setUint32(entry + 20, locator.length, true);
    bytes.set(locator, METADATA + 128 * KIB);
    return new MemoryFile(bytes);
  }

  function encodeLocator(values: Readonly<Record<string, string>>): Uint8Array {
    const bytes = new Uint8Array(1024);
    const view = new DataView(bytes.buffer);
    bytes.set(guidBytes('B04AEFB7-D19E-4A81-B789-25B8E9445913'));
    view.setUint16(18, Object.keys(values).length, true);
    let at = 256;
    const put = (text: string): number => {
      [...text].forEach((char, i) => view.setUint16(at + i * 2, char.charCodeAt(0), true));
      at += text.length * 2;
      return text.length * 2;
    };
    Object.entries(values).forEach(([key, value], i) => {
      view.setUint32(20 + i * 12, at, true);
      view.setUint16(28 + i * 12, put(key), true);
      view.setUint32(24 + i * 12, at, true);
      view.setUint16(30 + i * 12, put(value), true);
    });
    return bytes;
  }

  /** Data write GUID of the header that was written last. */
  function linkageOf({ bytes }: MemoryFile): string {
    const view = new DataView(bytes.buffer);
    const [first, second] = [64 * KIB, 128 * KIB];
    const current = view.getBigUint64(first + 8, true) > view.getBigUint64(second + 8, true) ? first : second;
    return `{${guidText(bytes, current + 32)}}`;
  }

  it('shows its parent’s sectors where its bitmap says so, and is not written', async () => {
    const parent = await imageWith('vhdx', [4 * KIB, base]);
    const image = await driverOf('vhdx').open(
      await child(linkageOf(parent)),
      withParent('vhdx', parent, './base.vhdx'),
    );
    expect(image.readonly).toBe(true);
    expect(same(await readAll(image), together)).toBe(true);
  });

  it('refuses a parent that has been changed since', async () => {
    const parent = await imageWith('vhdx', [4 * KIB, base]);
    const linkage = linkageOf(parent);
    const image = await driverOf('vhdx').open(parent, noParts);
    await image.write(0, [own]);
    await image.close();
    const opening = driverOf('vhdx').open(await child(linkage), withParent('vhdx', parent, './base.vhdx'));
    await expect(opening).rejects.toMatchObject({ message: /changed since/ });
  });
});

describe('VHDX log', () => {
  it('is replayed in memory for reading, onto the file for writing, with the same result', async () => {
    let replays = 0;
    for (let writes = 1; ; writes++) {
      const file = await imageWith('vhdx');
      const dying = new DyingProcess(writes).wrap(file);
      const image = await driverOf('vhdx').open(dying, noParts);
      const finished = await image
        .write(8 * KIB, [own])
        .then(() => image.flush())
        .then(() => true)
        .catch(() => false);
      const crashed = file.bytes.slice();
      const readonly = new MemoryFile(crashed, { readonly: true });
      const seen = await readAll(await driverOf('vhdx').open(readonly, noParts));
      expect(same(readonly.bytes, crashed)).toBe(true);
      const replayed = new MemoryFile(crashed.slice());
      const again = await driverOf('vhdx').open(replayed, noParts);
      expect(same(await readAll(again), seen)).toBe(true);
      await again.close();
      const table = (bytes: Uint8Array): Uint8Array => bytes.subarray(3 * MIB, 3 * MIB + 4 * KIB);
      if (!same(table(replayed.bytes), table(crashed))) replays++;
      if (!finished) continue;
      expect(replays).toBeGreaterThan(0);
      return expect(same(seen.subarray(8 * KIB, 12 * KIB), own)).toBe(true);
    }
  });
});
