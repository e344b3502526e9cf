import type { FilePort } from '../../disk-image.js';
import { guidBytes, guidText } from './guid.js';
import { damagedVhdx, unsupportedVhdx } from './vhdx-errors.js';
import { MEGABYTE } from './vhdx-header.js';
import type { Region } from './vhdx-regions.js';

/** The metadata region: [MS-VHDX] 2.6. Little endian. */
const SIGNATURE = 'metadata';
const TABLE_BYTES = 64 << 10;
const ENTRIES_OFFSET = 32;
const ENTRY_BYTES = 32;
const MAX_ENTRIES = 2047;
const MAX_LOCATOR_BYTES = 64 << 10;

const ITEM = {
  fileParameters: 'CAA16737-FA36-4D43-B3B6-33F0AA44E76B',
  diskSize: '2FA54224-CD1B-4876-B211-5DBED83BF4B8',
  diskId: 'BECA12AB-B2E6-4523-93EF-C309E000C746',
  logicalSector: '8141BF1D-A96F-4709-BA47-F233A8FAAB5F',
  physicalSector: 'CDA348C7-445D-4471-9CC9-E9885251C556',
  parentLocator: 'A8D35F2D-B30B-454D-ABF7-D3D84834AB0C',
} as const;
type ItemName = keyof typeof ITEM;

const FLAG = { virtualDisk: 2, required: 4 } as const;
const PARAMETER = { leaveAllocated: 1, hasParent: 2 } as const;
const LOCATOR_TYPE = 'B04AEFB7-D19E-4A81-B789-25B8E9445913';

const MAX_DISK_BYTES = 64 * 2 ** 40;
const MAX_BLOCK_BYTES = 256 << 20;

export interface VhdxMetadata {
  /** In bytes, as all sizes. */
  readonly diskSize: number;
  readonly blockBytes: number;
  readonly logicalSectorBytes: number;
  /** A fixed disk: its blocks stay allocated. */
  readonly leaveAllocated: boolean;
  readonly parent: { readonly name: string; readonly dataWriteGuids: readonly Uint8Array[] } | undefined;
}

interface Item {
  readonly offset: number;
  readonly length: number;
}

/** @throws ImageError */
export async function readMetadata(file: FilePort, region: Region): Promise<VhdxMetadata> {
  const items = await readItems(file, region);
  const read = async (name: ItemName, length: number): Promise<DataView> => {
    const item = items.get(ITEM[name]);
    if (item === undefined || item.length < length) throw damagedVhdx(`its metadata lacks ${name}`);
    const bytes = new Uint8Array(length);
    await file.read(item.offset, bytes);
    return new DataView(bytes.buffer);
  };
  const parameters = await read('fileParameters', 8);
  const flags = parameters.getUint32(4, true);
  const metadata: Omit<VhdxMetadata, 'parent'> = {
    blockBytes: parameters.getUint32(0, true),
    diskSize: Number((await read('diskSize', 8)).getBigUint64(0, true)),
    logicalSectorBytes: (await read('logicalSector', 4)).getUint32(0, true),
    leaveAllocated: (flags & PARAMETER.leaveAllocated) !== 0,
  };
  validate(metadata);
  const hasParent = (flags & PARAMETER.hasParent) !== 0;
  return { ...metadata, parent: hasParent ? await readLocator(file, items.get(ITEM.parentLocator)) : undefined };
}

/** Changes the size of the disk. */
export async function writeDiskSize(file: FilePort, region: Region, size: number): Promise<void> {
  const item = (await readItems(file, region)).get(ITEM.diskSize);
  if (item === undefined) throw damagedVhdx('its metadata lacks diskSize');
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(size), true);
  await file.write(item.offset, bytes);
}

async function readItems(file: FilePort, region: Region): Promise<ReadonlyMap<string, Item>> {
  const table = new Uint8Array(TABLE_BYTES);
  const view = new DataView(table.buffer);
  await file.read(region.offset, table);
  if (String.fromCharCode(...table.subarray(0, 8)) !== SIGNATURE) throw damagedVhdx('its metadata are missing');
  const count = view.getUint16(10, true);
  if (count > MAX_ENTRIES) throw damagedVhdx(`${count} metadata items`);
  const known: readonly string[] = Object.values(ITEM);
  const items = new Map<string, Item>();
  for (let i = 0; i < count; i++) {
    const at = ENTRIES_OFFSET + i * ENTRY_BYTES;
    const id = guidText(table, at);
    const [offset, length] = [view.getUint32(at + 16, true), view.getUint32(at + 20, true)];
    if (!known.includes(id)) {
      if ((view.getUint32(at + 24, true) & FLAG.required) !== 0) throw unsupportedVhdx(`needs the metadata item ${id}`);
      continue;
    }
    if (offset < TABLE_BYTES || offset + length > region.length) throw damagedVhdx('a metadata item is misplaced');
    items.set(id, { offset: region.offset + offset, length });
  }
  return items;
}

function validate({ diskSize, blockBytes, logicalSectorBytes }: Omit<VhdxMetadata, 'parent'>): void {
  if (logicalSectorBytes !== 512 && logicalSectorBytes !== 4096) throw damagedVhdx(`sectors of ${logicalSectorBytes} bytes`);
  if (blockBytes < MEGABYTE || blockBytes > MAX_BLOCK_BYTES || (blockBytes & (blockBytes - 1)) !== 0)
    throw damagedVhdx(`blocks of ${blockBytes} bytes`);
  if (diskSize === 0 || diskSize > MAX_DISK_BYTES || diskSize % logicalSectorBytes !== 0)
    throw damagedVhdx(`a size of ${diskSize} bytes`);
} // prettier-ignore

/** [MS-VHDX] 2.6.2.6: names and values in UTF-16. */
async function readLocator(file: FilePort, item: Item | undefined): Promise<VhdxMetadata['parent']> {
  if (item === undefined || item.length < 20 || item.length > MAX_LOCATOR_BYTES)
    throw damagedVhdx('it does not name the disk it builds on');
  const bytes = new Uint8Array(item.length);
  await file.read(item.offset, bytes);
  if (guidText(bytes, 0) !== LOCATOR_TYPE) throw unsupportedVhdx('names its parent in an unknown way');
  const view = new DataView(bytes.buffer);
  const values = new Map<string, string>();
  const count = Math.min(view.getUint16(18, true), Math.floor((bytes.length - 20) / 12));
  for (let i = 0; i < count; i++) {
    const at = 20 + i * 12;
    const text = (offset: number, length: number): string =>
      new TextDecoder('utf-16le').decode(bytes.subarray(offset, offset + length));
    values.set(
      text(view.getUint32(at, true), view.getUint16(at + 8, true)),
      text(view.getUint32(at + 4, true), view.getUint16(at + 10, true)),
    );
  }
  const name = values.get('relative_path') ?? values.get('absolute_win32_path')?.split('\\').at(-1);
  if (name === undefined) throw damagedVhdx('it does not name the disk it builds on');
  const linkages = [values.get('parent_linkage'), values.get('parent_linkage2')];
  const dataWriteGuids = linkages.filter((text) => text !== undefined).map(guidBytes);
  return { name: name.replaceAll('\\', '/'), dataWriteGuids };
}

/** The metadata region of a new disk without a parent, 1 MiB. */
export function encodeMetadata(
  metadata: Omit<VhdxMetadata, 'parent'>,
  diskId: Uint8Array,
): Uint8Array {
  const number = (value: number | bigint, bytes: 4 | 8): Uint8Array => {
    const item = new Uint8Array(bytes);
    const view = new DataView(item.buffer);
    if (bytes === 8) view.setBigUint64(0, BigInt(value), true);
    else view.setUint32(0, Number(value), true);
    return item;
  };
  const parameters = BigInt(metadata.blockBytes) | (BigInt(metadata.leaveAllocated ? PARAMETER.leaveAllocated : 0) << 32n);
  const items: readonly (readonly [ItemName, number, Uint8Array])[] = [
    ['fileParameters', FLAG.required, number(parameters, 8)],
    ['diskSize', FLAG.required | FLAG.virtualDisk, number(metadata.diskSize, 8)],
    ['diskId', FLAG.required | FLAG.virtualDisk, diskId],
    ['logicalSector', FLAG.required | FLAG.virtualDisk, number(metadata.logicalSectorBytes, 4)],
    ['physicalSector', FLAG.required | FLAG.virtualDisk, number(4096, 4)],
  ];
  const bytes = new Uint8Array(MEGABYTE);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < SIGNATURE.length; i++) bytes[i] = SIGNATURE.charCodeAt(i);
  view.setUint16(10, items.length, true);
  let offset = TABLE_BYTES;
  items.forEach(([name, flags, value], i) => {
    const at = ENTRIES_OFFSET + i * ENTRY_BYTES;
    bytes.set(guidBytes(ITEM[name]), at);
    view.setUint32(at + 16, offset, true);
    view.setUint32(at + 20, value.length, true);
    view.setUint32(at + 24, flags, true);
    bytes.set(value, offset);
    offset += value.length;
  });
  return bytes;
} // prettier-ignore
