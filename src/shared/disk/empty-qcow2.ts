/** docs/interop/qcow2.txt of QEMU ("Qcow2 image file format"); all numbers big endian. */
const MAGIC = 0x5146_49fb;
const VERSION = 3;
const HEADER_BYTES = 104;
const EXTENSION_BACKING_FORMAT = 0xe279_2aca;
/** Refcounts of 2^4 bits. */
const REFCOUNT_ORDER = 4;
const MAX_L1_BYTES = 32 << 20;
const MAX_NAME_BYTES = 1023;
const DEFAULT_CLUSTER_BYTES = 64 << 10;

/** Formats that the backing format extension calls otherwise than we do: QEMU names a VHD after Virtual PC. */
const NAMES_IN_QCOW2: ReadonlyMap<string, string> = new Map([['vhd', 'vpc']]);

export interface EmptyQcow2 {
  /** Virtual size in bytes, a multiple of 512. */
  readonly size: number;
  /** A power of two from 512 to 2 MiB; 64 KiB if absent. */
  readonly clusterBytes?: number;
  /** What is read where nothing has been written: a path, relative to the new file or absolute, and its format. */
  readonly backing?: { readonly name: string; readonly format: string };
}

/** Where everything lies in an empty image, in clusters. */
interface Layout {
  readonly table: number;
  readonly blocks: number;
  readonly l1: number;
  readonly total: number;
  readonly tableClusters: number;
}

/**
 * The whole file of a qcow2 image (version 3) that holds nothing of its own.
 * @throws RangeError if the disk is too large for its clusters, or the backing name too long for the header
 */
export function encodeEmptyQcow2({ size, clusterBytes = DEFAULT_CLUSTER_BYTES, backing }: EmptyQcow2): Uint8Array {
  const l1Entries = Math.ceil(size / (clusterBytes * (clusterBytes / 8)));
  if (l1Entries * 8 > MAX_L1_BYTES) throw new RangeError(`a disk of ${size} bytes needs larger clusters`);
  const layout = layOut(l1Entries, clusterBytes);
  const bytes = new Uint8Array(layout.total * clusterBytes);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC);
  view.setUint32(4, VERSION);
  view.setUint32(20, Math.log2(clusterBytes));
  view.setBigUint64(24, BigInt(size));
  view.setUint32(36, l1Entries);
  view.setBigUint64(40, BigInt(layout.l1 * clusterBytes));
  view.setBigUint64(48, BigInt(layout.table * clusterBytes));
  view.setUint32(56, layout.tableClusters);
  view.setUint32(96, REFCOUNT_ORDER);
  view.setUint32(100, HEADER_BYTES);
  if (backing) putBacking(view, bytes.subarray(0, clusterBytes), backing);
  for (let i = layout.blocks; i < layout.l1; i++) {
    view.setBigUint64(layout.table * clusterBytes + (i - layout.blocks) * 8, BigInt(i * clusterBytes));
  }
  for (let i = 0; i < layout.total; i++) view.setUint16(layout.blocks * clusterBytes + i * 2, 1);
  return bytes;
}

function layOut(l1Entries: number, clusterBytes: number): Layout {
  const l1Clusters = Math.ceil((l1Entries * 8) / clusterBytes);
  for (let blocks = 1; ; blocks++) {
    const tableClusters = Math.ceil((blocks * 8) / clusterBytes);
    const total = 1 + tableClusters + blocks + l1Clusters;
    if (total > blocks * (clusterBytes / 2)) continue;
    return { table: 1, tableClusters, blocks: 1 + tableClusters, l1: 1 + tableClusters + blocks, total };
  }
}

function putBacking(
  view: DataView,
  header: Uint8Array,
  backing: { readonly name: string; readonly format: string },
): void {
  const name = new TextEncoder().encode(backing.name);
  const at = HEADER_BYTES + encodeExtensions(backing.format).length;
  if (name.length > MAX_NAME_BYTES || at + name.length > header.length)
    throw new RangeError('the name of the backing file is too long');
  header.set(encodeExtensions(backing.format), HEADER_BYTES);
  header.set(name, at);
  view.setBigUint64(8, BigInt(at));
  view.setUint32(16, name.length);
}

/** Our name of a format that a backing format extension names. */
export function formatNamedInQcow2(name: string): string {
  return [...NAMES_IN_QCOW2].find(([, theirs]) => theirs === name)?.[0] ?? name;
}

/** The header extensions of an image: the format of its backing file, if it has one, and the end of the list. */
export function encodeExtensions(backingFormat: string | undefined): Uint8Array {
  if (backingFormat === undefined) return new Uint8Array(8);
  const format = new TextEncoder().encode(NAMES_IN_QCOW2.get(backingFormat) ?? backingFormat);
  const bytes = new Uint8Array(8 + Math.ceil(format.length / 8) * 8 + 8);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, EXTENSION_BACKING_FORMAT);
  view.setUint32(4, format.length);
  bytes.set(format, 8);
  return bytes;
}
