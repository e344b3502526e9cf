import type { HostFiles } from '../../node/host-files.js';

/** What the first bytes of a disk image say of it, as far as layers need to know it. */
export interface ImageStart {
  /** Size of the disk in bytes, a multiple of 512. */
  readonly virtualBytes: number;
  /** The image it builds on, as it names it. */
  readonly backingName: string | null;
}

/** QEMU's docs/interop/qcow2.txt, "Header": the name of the backing file lies in the first cluster. */
const QCOW2_MAGIC = 0x5146_49fb;
const QCOW2_HEADER_BYTES = 72;
const MAX_BACKING_NAME = 1023;
const READ_BYTES = 64 << 10;

/** @returns undefined if there is no such file or it is not of this format */
export async function readImageStart(files: HostFiles, file: string, format: string): Promise<ImageStart | undefined> {
  const usage = await files.usage(file);
  if (!usage) return undefined;
  if (format === 'raw') return { virtualBytes: Math.ceil(usage.sizeBytes / 512) * 512, backingName: null };
  return format === 'qcow2' ? decodeQcow2Start(await files.readStart(file, READ_BYTES)) : undefined;
}

function decodeQcow2Start(start: Uint8Array): ImageStart | undefined {
  if (start.length < QCOW2_HEADER_BYTES) return undefined;
  const view = new DataView(start.buffer, start.byteOffset, start.length);
  const virtualBytes = Number(view.getBigUint64(24));
  if (view.getUint32(0) !== QCOW2_MAGIC || !Number.isSafeInteger(virtualBytes) || virtualBytes % 512 !== 0)
    return undefined;
  const offset = Number(view.getBigUint64(8));
  if (offset === 0) return { virtualBytes, backingName: null };
  const length = view.getUint32(16);
  if (length === 0 || length > MAX_BACKING_NAME || offset + length > start.length) return undefined;
  return { virtualBytes, backingName: new TextDecoder().decode(start.subarray(offset, offset + length)) };
}
