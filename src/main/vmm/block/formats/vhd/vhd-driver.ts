import { ImageError, type FilePort } from '../../disk-image.js';
import type { CheckReport, CreateSpec, FormatDriver, ImageDetails } from '../format-driver.js';
import { damageReport } from '../mapped/damage-report.js';
import {
  DYNAMIC_HEADER_BYTES,
  encodeDynamicHeader,
  readDynamicHeader,
  writeTablePlace,
  type DynamicHeader,
} from './dynamic-header.js';
import { creationOf, encodeFooter, FOOTER_BYTES, MAX_VHD_BYTES, unsupportedVhd } from './vhd-footer.js';
import { findFooter, VhdImage } from './vhd-image.js';
import { dataEnd, VhdMap } from './vhd-map.js';

const BLOCK_BYTES = 2 << 20;
const TABLE_OFFSET = FOOTER_BYTES + DYNAMIC_HEADER_BYTES;

async function details(file: FilePort): Promise<ImageDetails> {
  const { type, size, dataOffset } = await findFooter(file);
  const header = type === 'fixed' ? undefined : await readDynamicHeader(file, dataOffset, size);
  return {
    format: 'vhd',
    size,
    layout: type === 'fixed' ? 'fixed' : 'sparse',
    variant: type,
    ...(header && { clusterBytes: header.blockBytes }),
    ...(header && type === 'differencing' && { backing: { name: header.parentName, format: 'vhd' } }),
    snapshots: [],
    needsRepair: false,
  };
}

async function create(file: FilePort, { size, layout, identity, backing }: CreateSpec): Promise<void> {
  if (backing !== undefined) throw unsupportedVhd('cannot be made as an overlay');
  if (size > MAX_VHD_BYTES)
    throw new ImageError('image-unsupported', 'A VHD disk holds 2040 GiB at most. Choose qcow2 for a larger one.');
  const { uuid, createdAt } = identity;
  if (layout === 'fixed') {
    await file.truncate(size);
    return file.write(size, encodeFooter({ type: 'fixed', size, dataOffset: 0, uuid }, createdAt));
  }
  const footer = encodeFooter({ type: 'dynamic', size, dataOffset: FOOTER_BYTES, uuid }, createdAt);
  const entries = Math.ceil(size / BLOCK_BYTES);
  const table = new Uint8Array(Math.ceil((entries * 4) / 512) * 512).fill(0xff);
  await file.writev(0, [footer, encodeDynamicHeader(TABLE_OFFSET, entries, BLOCK_BYTES), table, footer]);
}

/** Grows the disk; a dynamic one gets a larger table behind its blocks. */
async function resize(file: FilePort, size: number): Promise<void> {
  const footer = await findFooter(file);
  if (size < footer.size || size > MAX_VHD_BYTES || footer.type === 'differencing')
    throw new ImageError(
      'image-unsupported',
      'VHD images cannot be cut, and only those that build on no other can grow, to 2040 GiB at most. Convert it to qcow2 for another size.',
    );
  const created = creationOf(footer.bytes);
  if (footer.type === 'fixed') {
    await file.write(size, encodeFooter({ ...footer, size }, created));
    await file.sync();
    // What was the footer is part of the disk now.
    if (size > footer.size) await file.write(footer.size, new Uint8Array(Math.min(FOOTER_BYTES, size - footer.size)));
    return;
  }
  const header = await readDynamicHeader(file, footer.dataOffset, footer.size);
  const entries = Math.ceil(size / header.blockBytes);
  const end = await dataEnd(file);
  const larger = entries > header.tableEntries;
  const table = larger ? await enlargedTable(file, header, entries) : new Uint8Array();
  if (larger) {
    await file.writev(end, [table, footer.bytes]);
    await file.sync();
    await writeTablePlace(file, footer.dataOffset, end, entries);
    await file.sync();
  }
  const grown = encodeFooter({ ...footer, size }, created);
  await file.write(end + table.length, grown);
  await file.write(0, grown);
}

async function enlargedTable(file: FilePort, header: DynamicHeader, entries: number): Promise<Uint8Array> {
  const table = new Uint8Array(Math.ceil((entries * 4) / 512) * 512).fill(0xff);
  await file.read(header.tableOffset, table.subarray(0, header.tableEntries * 4));
  return table;
}

/** Opening looks at every entry of the table; what opens has leaks at most. */
async function check(file: FilePort): Promise<CheckReport> {
  return damageReport(async () => {
    const footer = await findFooter(file);
    const none = { leaks: 0, repairedLeaks: 0, repairedErrors: 0 };
    if (footer.type === 'fixed') return none;
    const header = await readDynamicHeader(file, footer.dataOffset, footer.size);
    const map = await VhdMap.open(file, footer.size, header, footer.bytes, footer.type === 'differencing');
    const { used, room } = map.usage;
    return { ...none, leaks: Math.max(0, room - used) };
  });
}

export const vhdDriver: FormatDriver = {
  format: 'vhd',
  open: (file, ports) => VhdImage.open(file, ports),
  details,
  create,
  resize: (file, _ports, size) => resize(file, size),
  check: (file) => check(file),
};
