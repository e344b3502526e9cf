import { ImageError } from '../../disk-image.js';

/**
 * VirtualBox disk image, version 1.1; all numbers little endian. Layout as in VirtualBox's VDICore.h and
 * "[VDI] All about VDIs" of its forum: pre-header (72 bytes), header (400 bytes), block map, blocks.
 */
const SIGNATURE = 0xbeda_107f;
const SIGNATURE_OFFSET = 0x40;
const VERSION_1_1 = 0x0001_0001;
const HEADER_SIZE = 0x190;
const TITLE = '<<< Oracle VM VirtualBox Disk Image >>>\n';

const FIELD = {
  version: 0x44,
  headerSize: 0x48,
  type: 0x4c,
  mapOffset: 0x154,
  dataOffset: 0x158,
  sectorBytes: 0x168,
  diskSize: 0x170,
  blockBytes: 0x178,
  blockExtra: 0x17c,
  blocks: 0x180,
  allocated: 0x184,
  uuid: 0x188,
  modificationUuid: 0x198,
} as const;

/** Where the count of allocated blocks is, to be kept up to date. */
export const ALLOCATED_OFFSET = FIELD.allocated;
export const VDI_HEADER_BYTES = 512;
/** The only block size that VirtualBox and QEMU make. */
export const VDI_BLOCK_BYTES = 1 << 20;

/** Bounds the memory the block map takes: 16 TiB of disk. */
const MAX_BLOCKS = 1 << 24;

const TYPES: Readonly<Record<number, VdiHeader['type']>> = { 1: 'dynamic', 2: 'fixed' };

export interface VdiHeader {
  readonly type: 'dynamic' | 'fixed';
  /** Offset of the block map in the file, in bytes, as all that follows. */
  readonly mapOffset: number;
  /** Where block 0 of the file is. */
  readonly dataOffset: number;
  readonly diskSize: number;
  readonly blockBytes: number;
  /** Entries of the block map. */
  readonly blocks: number;
  /** Blocks the file holds, as the header says. */
  readonly allocated: number;
}

export const damagedVdi = (what: string): ImageError =>
  new ImageError('image-damaged', `This VDI image is damaged: ${what}. Restore it from a copy.`);
const unsupported = (what: string): ImageError =>
  new ImageError('image-unsupported', `This VDI image is ${what}, which this version cannot open.`);

/** @param fileBytes size of the file, which bounds what the header may claim. @throws ImageError */
export function parseVdiHeader(bytes: Uint8Array, fileBytes: number): VdiHeader {
  if (bytes.length < VDI_HEADER_BYTES) throw damagedVdi('it ends within its header');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (view.getUint32(SIGNATURE_OFFSET, true) !== SIGNATURE) throw damagedVdi('it does not begin as a VDI image');
  const version = view.getUint32(FIELD.version, true);
  if (version !== VERSION_1_1) throw unsupported(`of version ${version >>> 16}.${version & 0xffff}`);
  const type = TYPES[view.getUint32(FIELD.type, true)];
  if (type === undefined) throw unsupported('a differencing or undo image that needs another one');
  const header: VdiHeader = {
    type,
    mapOffset: view.getUint32(FIELD.mapOffset, true),
    dataOffset: view.getUint32(FIELD.dataOffset, true),
    diskSize: Number(view.getBigUint64(FIELD.diskSize, true)),
    blockBytes: view.getUint32(FIELD.blockBytes, true),
    blocks: view.getUint32(FIELD.blocks, true),
    allocated: view.getUint32(FIELD.allocated, true),
  };
  if (view.getUint32(FIELD.blockExtra, true) !== 0) throw unsupported('one with extra data before each block');
  validate(header, fileBytes);
  return header;
}

function validate(header: VdiHeader, fileBytes: number): void {
  const { mapOffset, dataOffset, diskSize, blockBytes, blocks } = header;
  if (blockBytes < 4096 || blockBytes > 64 << 20 || (blockBytes & (blockBytes - 1)) !== 0)
    throw damagedVdi(`blocks of ${blockBytes} bytes`);
  if (blocks > MAX_BLOCKS) throw unsupported(`one of ${blocks} blocks`);
  if (!Number.isSafeInteger(diskSize) || diskSize > blocks * blockBytes)
    throw damagedVdi('its block map is too short for its size');
  if (mapOffset < VDI_HEADER_BYTES || mapOffset % 512 !== 0 || mapOffset + blocks * 4 > fileBytes)
    throw damagedVdi('its block map lies outside the file');
  if (dataOffset < mapOffset + blocks * 4 || dataOffset % 512 !== 0) throw damagedVdi('its data begin within its map');
}

/** Header and pre-header of a new image. */
export function encodeVdiHeader(header: VdiHeader, uuid: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(VDI_HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < TITLE.length; i++) bytes[i] = TITLE.charCodeAt(i);
  view.setUint32(SIGNATURE_OFFSET, SIGNATURE, true);
  view.setUint32(FIELD.version, VERSION_1_1, true);
  view.setUint32(FIELD.headerSize, HEADER_SIZE, true);
  view.setUint32(FIELD.type, header.type === 'fixed' ? 2 : 1, true);
  view.setUint32(FIELD.mapOffset, header.mapOffset, true);
  view.setUint32(FIELD.dataOffset, header.dataOffset, true);
  view.setUint32(FIELD.sectorBytes, 512, true);
  view.setBigUint64(FIELD.diskSize, BigInt(header.diskSize), true);
  view.setUint32(FIELD.blockBytes, header.blockBytes, true);
  view.setUint32(FIELD.blocks, header.blocks, true);
  view.setUint32(FIELD.allocated, header.allocated, true);
  bytes.set(mixedEndian(uuid), FIELD.uuid);
  bytes.set(mixedEndian(uuid), FIELD.modificationUuid);
  return bytes;
}

/** Changes the size of the disk in the bytes of a header. */
export function setVdiSize(bytes: Uint8Array, diskSize: number, blocks: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  view.setBigUint64(FIELD.diskSize, BigInt(diskSize), true);
  view.setUint32(FIELD.blocks, blocks, true);
}

/** A UUID as VirtualBox stores it: its first three fields little endian. */
function mixedEndian(uuid: Uint8Array): Uint8Array {
  const order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];
  return Uint8Array.from(order, (i) => uuid[i]!);
}
