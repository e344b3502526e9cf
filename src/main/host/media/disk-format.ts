import type { MediaView } from '../../../shared/contract/host-view.js';
import { dataView, latin1, type ByteSource } from './byte-source.js';

export type DiskFormat = NonNullable<MediaView['format']>;

const VHD_FOOTER_BYTES = 512;

/** Format of a disk image by its magic numbers; `undefined` if it carries none (raw, ISO or no image at all). */
export async function diskFormat(source: ByteSource): Promise<Exclude<DiskFormat, 'raw' | 'iso'> | undefined> {
  const head = await source.read(0, 512);
  if (head.length < 8) return undefined;
  const view = dataView(head);
  if (view.getUint32(0) === 0x514649fb) return 'qcow2';
  if (latin1(head.subarray(0, 4)) === 'KDMV' || latin1(head.subarray(0, 21)) === '# Disk DescriptorFile') return 'vmdk';
  if (latin1(head.subarray(0, 8)) === 'vhdxfile') return 'vhdx';
  if (head.length >= 0x44 && view.getUint32(0x40, true) === 0xbeda107f) return 'vdi';
  const footer = await source.read(Math.max(0, source.size - VHD_FOOTER_BYTES), 8);
  return latin1(footer) === 'conectix' ? 'vhd' : undefined;
}

/** Capacities of the floppy formats a PC drive reads, in bytes. */
export const FLOPPY_BYTES: ReadonlySet<number> = new Set(
  [160, 180, 320, 360, 720, 1200, 1440, 1680, 1720, 2880].map((kib) => kib * 1024),
);

/** Whether the first sector ends in the boot signature every BIOS asks for. */
export async function hasBootSignature(source: ByteSource): Promise<boolean> {
  const sector = await source.read(0, 512);
  return sector.length === 512 && sector[510] === 0x55 && sector[511] === 0xaa;
}
