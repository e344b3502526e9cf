import { ImageError, type FilePort } from '../../disk-image.js';
import type { CheckReport, CreateSpec, FormatDriver, ImageDetails } from '../format-driver.js';
import { damageReport } from '../mapped/damage-report.js';
import { nextGuid } from './guid.js';
import { LogWriter } from './log-writer.js';
import { unsupportedVhdx } from './vhdx-errors.js';
import { encodeFirstHeaders, FILE_SIGNATURE, MEGABYTE } from './vhdx-header.js';
import { readLayout, VhdxImage } from './vhdx-image.js';
import { tableEntries, VhdxMap } from './vhdx-map.js';
import { encodeMetadata, writeDiskSize, type VhdxMetadata } from './vhdx-metadata.js';
import { encodeRegions } from './vhdx-regions.js';

/** Windows makes dynamic disks with blocks of 32 MiB; smaller ones waste less. */
const BLOCK_BYTES = 8 << 20;
const CREATOR = 'Annex';
const FULLY_PRESENT = 6n;

async function details(file: FilePort): Promise<ImageDetails> {
  const { metadata } = await readLayout(file);
  return {
    format: 'vhdx',
    size: metadata.diskSize,
    layout: metadata.leaveAllocated ? 'fixed' : 'sparse',
    variant: metadata.parent ? 'differencing' : metadata.leaveAllocated ? 'fixed' : 'dynamic',
    clusterBytes: metadata.blockBytes,
    ...(metadata.parent && { backing: { name: metadata.parent.name, format: 'vhdx' } }),
    snapshots: [],
    needsRepair: false,
  };
}

/** Headers and region tables, then log, metadata, block allocation table, blocks, each on a megabyte. */
async function create(file: FilePort, { size, layout, identity, backing }: CreateSpec): Promise<void> {
  if (backing !== undefined) throw unsupportedVhdx('cannot be made as an overlay');
  const metadata: VhdxMetadata = {
    diskSize: size,
    blockBytes: BLOCK_BYTES,
    logicalSectorBytes: 512,
    leaveAllocated: layout === 'fixed',
    parent: undefined,
  };
  const entries = tableEntries(metadata);
  const log = { offset: MEGABYTE, length: MEGABYTE };
  const metadataRegion = { offset: 2 * MEGABYTE, length: MEGABYTE };
  const bat = { offset: 3 * MEGABYTE, length: Math.ceil((entries * 8) / MEGABYTE) * MEGABYTE };
  const table = new Uint8Array(entries * 8);
  let end = bat.offset + bat.length;
  if (metadata.leaveAllocated) end = allocateAll(new DataView(table.buffer), metadata, end);
  const header = {
    sequence: 1n,
    fileWriteGuid: identity.uuid,
    dataWriteGuid: nextGuid(identity.uuid),
    logGuid: new Uint8Array(16),
    logLength: log.length,
    logOffset: log.offset,
  };
  await file.truncate(end);
  await file.write(bat.offset, table);
  await file.write(metadataRegion.offset, encodeMetadata(metadata, identity.uuid));
  for (const { offset, bytes } of encodeRegions({ bat, metadata: metadataRegion })) await file.write(offset, bytes);
  for (const { offset, bytes } of encodeFirstHeaders(header)) await file.write(offset, bytes);
  await file.write(0, encodeSignature());
}

/** Clears the new entries of the table, then takes them into use by one write within one sector. */
async function resize(file: FilePort, size: number): Promise<void> {
  const { header, metadata, bat, metadataRegion } = await readLayout(file);
  const grown = { ...metadata, diskSize: size };
  const [from, to] = [tableEntries(metadata) * 8, tableEntries(grown) * 8];
  if (size < metadata.diskSize || to > bat.length || metadata.leaveAllocated || metadata.parent)
    throw new ImageError(
      'image-unsupported',
      'VHDX images cannot be cut, and only dynamic ones can grow, as far as their table has room. Convert it to qcow2 for another size.',
    );
  const log = await LogWriter.begin(file, header);
  await file.write(bat.offset + from, new Uint8Array(to - from));
  await file.sync();
  await writeDiskSize(file, metadataRegion, size);
  await file.sync();
  await log.end();
}

/** @returns where the last block ends */
function allocateAll(table: DataView, metadata: VhdxMetadata, start: number): number {
  const { blockBytes, diskSize, logicalSectorBytes } = metadata;
  const ratio = (2 ** 23 * logicalSectorBytes) / blockBytes;
  const blocks = Math.ceil(diskSize / blockBytes);
  for (let block = 0; block < blocks; block++) {
    const entry = BigInt(start + block * blockBytes) | FULLY_PRESENT;
    table.setBigUint64((block + Math.floor(block / ratio)) * 8, entry, true);
  }
  return start + blocks * blockBytes;
}

/** File type identifier: [MS-VHDX] 2.2.1. */
function encodeSignature(): Uint8Array {
  const bytes = new Uint8Array(520);
  for (let i = 0; i < FILE_SIGNATURE.length; i++) bytes[i] = FILE_SIGNATURE.charCodeAt(i);
  for (let i = 0; i < CREATOR.length; i++) bytes[8 + i * 2] = CREATOR.charCodeAt(i);
  return bytes;
}

/** Opening looks at every entry of the table; what opens has leaks at most. */
async function check(file: FilePort): Promise<CheckReport> {
  return damageReport(async () => {
    const layout = await readLayout(file);
    const map = await VhdxMap.open(layout.file, layout);
    return { leaks: map.leaks, repairedLeaks: 0, repairedErrors: 0 };
  });
}

export const vhdxDriver: FormatDriver = {
  format: 'vhdx',
  open: (file, ports) => VhdxImage.open(file, ports),
  details,
  create,
  resize: (file, _ports, size) => resize(file, size),
  check: (file) => check(file),
};
