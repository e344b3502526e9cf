import { ImageError, type FilePort } from '../../disk-image.js';
import type { InternalSnapshot } from '../format-driver.js';
import type { Qcow2Header } from './qcow2-header.js';

/** docs/interop/qcow2.txt of QEMU, "Snapshots": the fixed part of an entry. */
const ENTRY_BYTES = 40;
/** QEMU's own limits. */
const MAX_SNAPSHOTS = 65_536;
const MAX_TABLE_BYTES = 16 << 20;
const MAX_L1_ENTRIES = (32 << 20) / 8;

/** A disk that the image keeps as it was. */
export interface SnapshotRecord extends InternalSnapshot {
  readonly l1Offset: number;
  readonly l1Entries: number;
}

export interface SnapshotTable {
  readonly snapshots: readonly SnapshotRecord[];
  /** Bytes of the file the table takes. */
  readonly length: number;
}

/** @throws ImageError if the table is no table */
export async function readSnapshots(file: FilePort, header: Qcow2Header): Promise<SnapshotTable> {
  const { count, offset } = header.snapshots;
  if (count === 0) return { snapshots: [], length: 0 };
  const start = offset % 2 ** header.clusterBits;
  if (count > MAX_SNAPSHOTS || offset === 0 || start !== 0) throw damaged();
  const available = Math.max(0, Math.min(MAX_TABLE_BYTES, (await file.size()) - offset));
  const bytes = new Uint8Array(available);
  await file.read(offset, bytes);
  const snapshots: SnapshotRecord[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    const { snapshot, length } = parseEntry(bytes.subarray(at), header);
    snapshots.push(snapshot);
    at += length;
  }
  return { snapshots, length: at };
}

function parseEntry(
  bytes: Uint8Array,
  header: Qcow2Header,
): { readonly snapshot: SnapshotRecord; readonly length: number } {
  if (bytes.length < ENTRY_BYTES) throw damaged();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const idBytes = view.getUint16(12);
  const nameBytes = view.getUint16(14);
  const extraBytes = view.getUint32(36);
  const strings = ENTRY_BYTES + extraBytes;
  const end = strings + idBytes + nameBytes;
  if (end > bytes.length) throw damaged();
  const snapshot = {
    id: text(bytes.subarray(strings, strings + idBytes)),
    name: text(bytes.subarray(strings + idBytes, end)),
    // Version 2 has no size of its own for a snapshot.
    size: extraBytes >= 16 ? Number(view.getBigUint64(ENTRY_BYTES + 8)) : header.size,
    takenAt: view.getUint32(16),
    l1Offset: Number(view.getBigUint64(0)),
    l1Entries: view.getUint32(8),
  };
  const clusterBytes = 2 ** header.clusterBits;
  if (snapshot.l1Entries > MAX_L1_ENTRIES || snapshot.l1Offset % clusterBytes !== 0) throw damaged();
  if (snapshot.size > snapshot.l1Entries * (clusterBytes / 8) * clusterBytes) throw damaged();
  return { snapshot, length: Math.ceil(end / 8) * 8 };
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes.slice());
}

function damaged(): ImageError {
  return new ImageError('image-damaged', 'The list of snapshots in this qcow2 image is damaged.');
}
