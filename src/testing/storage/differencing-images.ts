import { ImageError } from '../../main/vmm/block/disk-image.js';
import { driverOf, type ImageFormat, type ImagePorts } from '../../main/vmm/block/formats/image-format.js';
import { onesComplementSum } from '../../main/vmm/block/formats/vhd/vhd-footer.js';
import { guidBytes, guidText } from '../../main/vmm/block/formats/vhdx/guid.js';
import { MemoryFile } from './memory-file.js';

const KIB = 1 << 10;
const MIB = 1 << 20;

export const DIFFERENCING_DISK_BYTES = 4 * MIB;

/** Identity of every image made here. */
export const IMAGE_UUID = Uint8Array.from({ length: 16 }, (_, i) => i + 1);

/** For images that stand alone. */
export const noParts: ImagePorts = {
  openBacking: () => Promise.reject(new ImageError('image-unsupported', 'none')),
  openPart: () => Promise.reject(new ImageError('image-unsupported', 'none')),
  inflate: () => Promise.reject(new ImageError('image-damaged', 'none')),
  deflate: () => Promise.reject(new Error('none')),
};

/** An image of the format with these bytes at these offsets. */
export async function imageWith(
  format: ImageFormat,
  ...writes: readonly (readonly [number, Uint8Array])[]
): Promise<MemoryFile> {
  const file = new MemoryFile();
  const identity = { uuid: IMAGE_UUID, createdAt: 1e9 };
  await driverOf(format).create!(file, { size: DIFFERENCING_DISK_BYTES, layout: 'sparse', identity });
  const image = await driverOf(format).open(file, noParts);
  for (const [offset, bytes] of writes) await image.write(offset, [bytes]);
  await image.close();
  return file;
}

/** Where a child of {@link vhdChild} or {@link vhdxChild} has sectors of its own: eight. */
export const CHILD_OFFSET = 8 * KIB;

/** A dynamic VHD made a child: type 4, the parent's UUID and name, and a bitmap with eight sectors in its block. */
export async function vhdChild(parentUuid: Uint8Array, own: Uint8Array): Promise<MemoryFile> {
  const file = await imageWith('vhd', [CHILD_OFFSET, own]);
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

const METADATA = 2 * MIB;
const BAT = 3 * MIB;
/** 2^23 sectors of 512 bytes in blocks of 8 MiB: the entry behind that many is the bitmap's. */
const CHUNK_RATIO = 512;

/** A dynamic VHDX made a child: parent locator, flag, and a block that is partially present by its bitmap. */
export async function vhdxChild(linkage: string, own: Uint8Array): Promise<MemoryFile> {
  const file = await imageWith('vhdx', [CHILD_OFFSET, own]);
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

/** Data write GUID of the VHDX header that was written last: what a child knows its parent by. */
export function vhdxLinkage({ bytes }: MemoryFile): string {
  const view = new DataView(bytes.buffer);
  const [first, second] = [64 * KIB, 128 * KIB];
  const current = view.getBigUint64(first + 8, true) > view.getBigUint64(second + 8, true) ? first : second;
  return `{${guidText(bytes, current + 32)}}`;
}
