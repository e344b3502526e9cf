import { ImageError, type FilePort } from '../../disk-image.js';
import type { CheckReport, CreateSpec, FormatDriver, ImageDetails, RepairMode } from '../format-driver.js';
import { MappedImage } from '../mapped/mapped-image.js';
import { damageReport } from '../mapped/damage-report.js';
import {
  encodeVdiHeader,
  parseVdiHeader,
  setVdiSize,
  VDI_BLOCK_BYTES,
  VDI_HEADER_BYTES,
  type VdiHeader,
} from './vdi-header.js';
import { VdiMap } from './vdi-map.js';

/** Entries of the block map written at a time. */
const MAP_CHUNK = 1 << 16;

async function open(file: FilePort): Promise<MappedImage> {
  const map = await VdiMap.open(file);
  return new MappedImage({ format: 'vdi', map, writable: file.readonly ? undefined : map, backing: undefined });
}

async function details(file: FilePort): Promise<ImageDetails> {
  const head = new Uint8Array(VDI_HEADER_BYTES);
  const header = parseVdiHeader(head.subarray(0, await file.read(0, head)), await file.size());
  return {
    format: 'vdi',
    size: header.diskSize,
    layout: header.type === 'fixed' ? 'fixed' : 'sparse',
    variant: header.type,
    clusterBytes: header.blockBytes,
    snapshots: [],
    needsRepair: false,
  };
}

async function create(file: FilePort, { size, layout, identity }: CreateSpec): Promise<void> {
  const blocks = Math.ceil(size / VDI_BLOCK_BYTES);
  const type = layout === 'fixed' ? 'fixed' : 'dynamic';
  const allocated = type === 'fixed' ? blocks : 0;
  const mapOffset = VDI_HEADER_BYTES;
  const dataOffset = roundUp(mapOffset + blocks * 4, VDI_BLOCK_BYTES);
  const blockBytes = VDI_BLOCK_BYTES;
  const header: VdiHeader = { type, mapOffset, dataOffset, diskSize: size, blockBytes, blocks, allocated };
  await file.truncate(dataOffset + allocated * VDI_BLOCK_BYTES);
  for (let first = 0; first < blocks; first += MAP_CHUNK) {
    const entries = Math.min(MAP_CHUNK, blocks - first);
    await file.write(mapOffset + first * 4, mapEntries(first, entries, type === 'fixed'));
  }
  await file.write(0, encodeVdiHeader(header, identity.uuid));
}

/** Takes the new entries of the block map into use by one write of one sector. */
async function resize(file: FilePort, size: number): Promise<void> {
  const bytes = new Uint8Array(VDI_HEADER_BYTES);
  const header = parseVdiHeader(bytes.subarray(0, await file.read(0, bytes)), await file.size());
  const blocks = Math.ceil(size / header.blockBytes);
  const room = Math.floor((header.dataOffset - header.mapOffset) / 4) * header.blockBytes;
  if (size < header.diskSize || header.type === 'fixed' || size > room) {
    const limit = header.type === 'fixed' ? header.diskSize : room;
    throw new ImageError(
      'image-unsupported',
      `This VDI image can have between ${header.diskSize} and ${limit} bytes. Convert it to qcow2 for another size.`,
    );
  }
  for (let first = header.blocks; first < blocks; first += MAP_CHUNK)
    await file.write(header.mapOffset + first * 4, mapEntries(first, Math.min(MAP_CHUNK, blocks - first), false));
  await file.sync();
  setVdiSize(bytes, size, blocks);
  await file.write(0, bytes);
}

function mapEntries(first: number, count: number, allocated: boolean): Uint8Array {
  const bytes = new Uint8Array(count * 4).fill(0xff);
  const view = new DataView(bytes.buffer);
  for (let i = 0; allocated && i < count; i++) view.setUint32(i * 4, first + i, true);
  return bytes;
}

/** Opening looks at every entry of the map; what opens has leaks at most. */
async function check(file: FilePort, repair: RepairMode): Promise<CheckReport> {
  return damageReport(async () => {
    const map = await VdiMap.open(file);
    const leaks = map.leaks;
    if (leaks === 0 || repair === 'none') return { repairedErrors: 0, leaks, repairedLeaks: 0 };
    await map.fillGaps();
    return { repairedErrors: 0, leaks: 0, repairedLeaks: leaks };
  });
}

const roundUp = (value: number, unit: number): number => Math.ceil(value / unit) * unit;

export const vdiDriver: FormatDriver = {
  format: 'vdi',
  open,
  details,
  create,
  resize: (file, _ports, size) => resize(file, size),
  check: (file, _ports, repair) => check(file, repair),
};
