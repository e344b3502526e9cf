import type { FilePort } from '../../disk-image.js';
import { crc32c } from './crc32c.js';
import { guidBytes, guidText } from './guid.js';
import { damagedVhdx, unsupportedVhdx } from './vhdx-errors.js';
import { MEGABYTE } from './vhdx-header.js';

/** The two copies of the region table: [MS-VHDX] 2.2.3. Little endian. */
const TABLE_OFFSETS = [192 << 10, 256 << 10] as const;
const TABLE_BYTES = 64 << 10;
const SIGNATURE = 0x6967_6572;
const CHECKSUM_OFFSET = 4;
const ENTRIES_OFFSET = 16;
const ENTRY_BYTES = 32;
const MAX_ENTRIES = 2047;
const REQUIRED = 1;

const BAT = '2DC27766-F623-4200-9D64-115E9BFD4A08';
const METADATA = '8B7CA206-4790-4B9A-B8FE-575F050F886E';

export interface Region {
  /** In bytes, as the length. */
  readonly offset: number;
  readonly length: number;
}

export interface Regions {
  readonly bat: Region;
  readonly metadata: Region;
}

/** @throws ImageError */
export async function readRegions(file: FilePort): Promise<Regions> {
  const bytes = await validTable(file);
  const view = new DataView(bytes.buffer);
  const fileBytes = await file.size();
  const count = view.getUint32(8, true);
  if (count > MAX_ENTRIES) throw damagedVhdx(`${count} regions`);
  const found = new Map<string, Region>();
  for (let i = 0; i < count; i++) {
    const at = ENTRIES_OFFSET + i * ENTRY_BYTES;
    const id = guidText(bytes, at);
    const region = { offset: Number(view.getBigUint64(at + 16, true)), length: view.getUint32(at + 24, true) };
    if (id !== BAT && id !== METADATA) {
      if ((view.getUint32(at + 28, true) & REQUIRED) !== 0) throw unsupportedVhdx(`needs the region ${id}`);
    } else if (region.offset < MEGABYTE || region.offset % MEGABYTE !== 0 || !(region.offset + region.length <= fileBytes))
      throw damagedVhdx('a region lies outside the file');
    else if (found.has(id)) throw damagedVhdx('a region is there twice');
    found.set(id, region);
  }
  const [bat, metadata] = [found.get(BAT), found.get(METADATA)];
  if (bat === undefined || metadata === undefined) throw damagedVhdx('it lacks a region');
  return { bat, metadata };
} // prettier-ignore

async function validTable(file: FilePort): Promise<Uint8Array> {
  for (const offset of TABLE_OFFSETS) {
    const bytes = new Uint8Array(TABLE_BYTES);
    if ((await file.read(offset, bytes)) < TABLE_BYTES) continue;
    const view = new DataView(bytes.buffer);
    if (view.getUint32(0, true) !== SIGNATURE) continue;
    if (view.getUint32(CHECKSUM_OFFSET, true) === crc32c(bytes, CHECKSUM_OFFSET)) return bytes;
  }
  throw damagedVhdx('both its region tables are damaged');
}

/** Both copies of the table of a new file. */
export function encodeRegions({ bat, metadata }: Regions): { readonly offset: number; readonly bytes: Uint8Array }[] {
  const bytes = new Uint8Array(TABLE_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, SIGNATURE, true);
  view.setUint32(8, 2, true);
  [[BAT, bat] as const, [METADATA, metadata] as const].forEach(([id, region], i) => {
    const at = ENTRIES_OFFSET + i * ENTRY_BYTES;
    bytes.set(guidBytes(id), at);
    view.setBigUint64(at + 16, BigInt(region.offset), true);
    view.setUint32(at + 24, region.length, true);
    view.setUint32(at + 28, REQUIRED, true);
  });
  view.setUint32(CHECKSUM_OFFSET, crc32c(bytes, CHECKSUM_OFFSET), true);
  return TABLE_OFFSETS.map((offset) => ({ offset, bytes }));
}
