import { describe, expect, it } from 'vitest';
import { FileError, type FilePort } from '../disk-image.js';
import { MemoryFile } from '../../../../testing/storage/memory-file.js';
import { DETECT_BYTES, detectFormat, driverOf, openImage, type ImagePorts } from './image-format.js';

function withBytes(offset: number, text: string): Uint8Array {
  const header = new Uint8Array(DETECT_BYTES);
  header.set(Buffer.from(text, 'latin1'), offset);
  return header;
}

describe('detectFormat', () => {
  it.each([
    ['qcow2', 0, 'QFI\xfb'],
    ['vmdk', 0, 'KDMV'],
    ['vmdk', 0, '# Disk DescriptorFile\n'],
    ['vhd', 0, 'conectix'],
    ['vhdx', 0, 'vhdxfile'],
    ['vdi', 64, '\x7f\x10\xda\xbe'],
    ['iso', 0x8001, 'CD001'],
    ['raw', 0, '\xebc\x90'],
  ] as const)('recognises %s', (format, offset, text) => {
    expect(detectFormat(withBytes(offset, text))).toBe(format);
  });

  it('takes a file shorter than any header for raw', () => {
    expect(detectFormat(new Uint8Array())).toBe('raw');
  });
});

describe('openImage', () => {
  const file = { readonly: false, size: () => Promise.resolve(1025) } as FilePort;

  const ports: ImagePorts = {
    inflate: () => Promise.reject(new Error('nothing is compressed')),
    deflate: () => Promise.reject(new Error('nothing is compressed')),
    openPart: () => Promise.reject(new Error('nothing is elsewhere')),
    openBacking: () => Promise.reject(new Error('nothing is elsewhere')),
  };

  it('rounds the size of a raw file up to whole sectors', async () => {
    expect(await openImage('raw', file, ports)).toMatchObject({ format: 'raw', size: 1536, readonly: false });
  });

  it('never writes to an ISO', async () => {
    expect(await openImage('iso', file, ports)).toMatchObject({ format: 'iso', readonly: true });
  });

  it.each(['qcow2', 'vmdk', 'vdi', 'vhd', 'vhdx'] as const)('closes the file of a %s that cannot be written any more', async (format) => {
    const disk = new MemoryFile();
    const identity = { uuid: new Uint8Array(16), createdAt: 0 };
    await driverOf(format).create!(disk, { size: 4 << 20, layout: 'sparse', identity });
    const image = await openImage(format, disk, ports);
    await image.write(0, [new Uint8Array(512).fill(1)]);
    disk.sync = () => Promise.reject(new FileError('io-error', 'the disk is gone'));
    await expect(image.close()).rejects.toThrow('the disk is gone');
    expect(disk.closed).toBe(true);
  }); // prettier-ignore
});
