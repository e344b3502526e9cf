import type { FilePort } from '../../disk-image.js';
import { damagedVhd, onesComplementSum, putText, text } from './vhd-footer.js';

/** Header of VHD images that are not fixed: the specification's section "Dynamic Disk Header Format". Big endian. */
export const DYNAMIC_HEADER_BYTES = 1024;
const COOKIE = 'cxsparse';
const VERSION_1_0 = 0x0001_0000;

const FIELD = {
  dataOffset: 8,
  tableOffset: 16,
  version: 24,
  tableEntries: 28,
  blockBytes: 32,
  checksum: 36,
  parentUuid: 40,
  parentName: 64,
  parentLocators: 576,
} as const;
const PARENT_NAME_BYTES = 512;
const LOCATORS = 8;
const LOCATOR_BYTES = 24;
/** A path relative to the image, UTF-16 little endian, with backslashes. */
const RELATIVE_PATH = 'W2ru';
const MAX_PATH_BYTES = 4096;

const MIN_BLOCK_BYTES = 4096;
const MAX_BLOCK_BYTES = 256 << 20;
/** Bounds the memory the table takes to 16 MiB: 2040 GiB in blocks of 512 KiB. */
const MAX_TABLE_ENTRIES = 1 << 22;

export interface DynamicHeader {
  /** Where the block allocation table is, in bytes. */
  readonly tableOffset: number;
  readonly tableEntries: number;
  readonly blockBytes: number;
  readonly parentUuid: Uint8Array;
  /** Name of the file it builds on, with `/` between folders; of differencing images. */
  readonly parentName: string;
}

/** @throws ImageError */
export async function readDynamicHeader(file: FilePort, offset: number, diskSize: number): Promise<DynamicHeader> {
  const bytes = new Uint8Array(DYNAMIC_HEADER_BYTES);
  const fileBytes = await file.size();
  if (!(offset >= 512 && offset + bytes.length <= fileBytes)) throw damagedVhd('its header is not in the file');
  await file.read(offset, bytes);
  const view = new DataView(bytes.buffer);
  if (text(bytes, 0, 8) !== COOKIE) throw damagedVhd('its header is missing');
  if (view.getUint32(FIELD.checksum) !== onesComplementSum(bytes, FIELD.checksum))
    throw damagedVhd('the checksum of its header is wrong');
  const tableOffset = Number(view.getBigUint64(FIELD.tableOffset));
  const tableEntries = view.getUint32(FIELD.tableEntries);
  const blockBytes = view.getUint32(FIELD.blockBytes);
  if (blockBytes < MIN_BLOCK_BYTES || blockBytes > MAX_BLOCK_BYTES || (blockBytes & (blockBytes - 1)) !== 0)
    throw damagedVhd(`blocks of ${blockBytes} bytes`);
  if (tableEntries > MAX_TABLE_ENTRIES || tableEntries * blockBytes < diskSize)
    throw damagedVhd(`a block allocation table of ${tableEntries} entries`);
  if (tableOffset % 512 !== 0 || tableOffset < 512 || !(tableOffset + tableEntries * 4 <= fileBytes))
    throw damagedVhd('its block allocation table is not in the file');
  const parentName = (await relativePath(file, view)) ?? nameOf(bytes);
  const parentUuid = bytes.slice(FIELD.parentUuid, FIELD.parentUuid + 16);
  return { tableOffset, tableEntries, blockBytes, parentUuid, parentName };
}

async function relativePath(file: FilePort, view: DataView): Promise<string | undefined> {
  for (let i = 0; i < LOCATORS; i++) {
    const at = FIELD.parentLocators + i * LOCATOR_BYTES;
    const code = String.fromCharCode(...[0, 1, 2, 3].map((byte) => view.getUint8(at + byte)));
    if (code !== RELATIVE_PATH) continue;
    const path = new Uint8Array(Math.min(view.getUint32(at + 8), MAX_PATH_BYTES));
    const there = await file.read(Number(view.getBigUint64(at + 16) & 0x1f_ffff_ffff_ffffn), path);
    return new TextDecoder('utf-16le').decode(path.subarray(0, there)).replace(/\0.*$/s, '').replaceAll('\\', '/');
  }
  return undefined;
}

/** The name in the header may be a whole path of the computer where the image was made: only its last part helps. */
function nameOf(bytes: Uint8Array): string {
  let name = '';
  for (let at = FIELD.parentName; at < FIELD.parentName + PARENT_NAME_BYTES; at += 2) {
    const unit = bytes[at]! * 256 + bytes[at + 1]!;
    if (unit === 0) break;
    name += String.fromCharCode(unit);
  }
  return name.split(/[\\/]/).at(-1)!;
}

export function encodeDynamicHeader(tableOffset: number, tableEntries: number, blockBytes: number): Uint8Array {
  const bytes = new Uint8Array(DYNAMIC_HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  putText(bytes, 0, COOKIE);
  view.setBigUint64(FIELD.dataOffset, 0xffff_ffff_ffff_ffffn);
  view.setBigUint64(FIELD.tableOffset, BigInt(tableOffset));
  view.setUint32(FIELD.version, VERSION_1_0);
  view.setUint32(FIELD.tableEntries, tableEntries);
  view.setUint32(FIELD.blockBytes, blockBytes);
  view.setUint32(FIELD.checksum, onesComplementSum(bytes, FIELD.checksum));
  return bytes;
}

/** Lets the header at `offset` name another table. */
export async function writeTablePlace(file: FilePort, offset: number, table: number, entries: number): Promise<void> {
  const bytes = new Uint8Array(DYNAMIC_HEADER_BYTES);
  await file.read(offset, bytes);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(FIELD.tableOffset, BigInt(table));
  view.setUint32(FIELD.tableEntries, entries);
  view.setUint32(FIELD.checksum, onesComplementSum(bytes, FIELD.checksum));
  await file.write(offset, bytes);
}
