import { dataView, latin1, type ByteSource } from './byte-source.js';

/** What a file that can be started directly, or serve as its initial RAM disk, is. */
export type KernelImageKind = 'linux' | 'elf' | 'initrd';

const INITRD_MAGICS: readonly (readonly number[])[] = [
  [0x1f, 0x8b], // gzip
  [0xfd, 0x37, 0x7a, 0x58, 0x5a], // xz
  [0x28, 0xb5, 0x2f, 0xfd], // zstd
  [0x42, 0x5a, 0x68], // bzip2
  [0x02, 0x21, 0x4c, 0x18], // lz4 legacy
  [...Buffer.from('070701')],
  [...Buffer.from('070702')],
];

/** Recognises a bzImage ("HdrS" at 0x202, Linux boot protocol 2.00), an ELF executable or a compressed or plain cpio archive. */
export async function kernelImageKind(source: ByteSource): Promise<KernelImageKind | undefined> {
  const head = await source.read(0, 0x210);
  if (head.length >= 0x206 && latin1(head.subarray(0x202, 0x206)) === 'HdrS') return 'linux';
  if (head.length >= 20 && dataView(head).getUint32(0) === 0x7f454c46) return 'elf';
  const isInitrd = INITRD_MAGICS.some((magic) => magic.every((byte, i) => head[i] === byte));
  return isInitrd ? 'initrd' : undefined;
}
