import type { DiskImage, FilePort } from '../disk-image.js';
import type { FormatDriver, ImageFormat } from './format-driver.js';
import type { ImagePorts } from './image-ports.js';
import { qcow2Driver } from './qcow2/qcow2-driver.js';
import { isoDriver, rawDriver } from './raw-driver.js';
import { vdiDriver } from './vdi/vdi-driver.js';
import { vhdDriver } from './vhd/vhd-driver.js';
import { vhdxDriver } from './vhdx/vhdx-driver.js';
import { vmdkDriver } from './vmdk/vmdk-driver.js';

export type { ImageFormat, ImagePorts };

/** How many bytes from the start of a file {@link detectFormat} looks at. */
export const DETECT_BYTES = 0x9000;

interface Signature {
  readonly format: ImageFormat;
  readonly offset: number;
  readonly bytes: string;
}

const SIGNATURES: readonly Signature[] = [
  { format: 'qcow2', offset: 0, bytes: 'QFI\xfb' },
  { format: 'vmdk', offset: 0, bytes: 'KDMV' },
  { format: 'vmdk', offset: 0, bytes: '# Disk DescriptorFile' },
  { format: 'vhdx', offset: 0, bytes: 'vhdxfile' },
  { format: 'vhd', offset: 0, bytes: 'conectix' },
  { format: 'vdi', offset: 0x40, bytes: '\x7f\x10\xda\xbe' },
  // Volume descriptors start at sector 16 (ECMA-119, 8.1); the identifier is at byte 1.
  { format: 'iso', offset: 0x8001, bytes: 'CD001' },
];

/**
 * What a file that a person chose looks like. For new media only: the format of a disk in use is kept with the machine,
 * since a guest can write any signature into a raw disk.
 * @param header the first {@link DETECT_BYTES} bytes, or all of a shorter file
 */
export function detectFormat(header: Uint8Array): ImageFormat {
  const found = SIGNATURES.find(({ offset, bytes }) =>
    [...bytes].every((char, i) => header[offset + i] === char.charCodeAt(0)),
  );
  return found?.format ?? 'raw';
}

const DRIVERS: Readonly<Record<ImageFormat, FormatDriver>> = {
  raw: rawDriver,
  iso: isoDriver,
  qcow2: qcow2Driver,
  vdi: vdiDriver,
  vhd: vhdDriver,
  vhdx: vhdxDriver,
  vmdk: vmdkDriver,
};

export function driverOf(format: ImageFormat): FormatDriver {
  return DRIVERS[format];
}

/**
 * Opens an image; the image then owns the file.
 * @throws ImageError `image-unsupported` for what this version cannot read, `image-damaged` for what cannot be trusted
 */
export async function openImage(format: ImageFormat, file: FilePort, ports: ImagePorts): Promise<DiskImage> {
  return driverOf(format).open(file, ports);
}
