/** One file of an archive. `mode` holds type and permission bits; devices give their numbers. */
export interface CpioEntry {
  readonly name: string;
  readonly mode: number;
  readonly data?: Uint8Array;
  readonly device?: readonly [major: number, minor: number];
}

export const CPIO_DIRECTORY = 0o040755;
export const CPIO_EXECUTABLE = 0o100755;
export const CPIO_SYMLINK = 0o120777;
export const CPIO_CHARACTER_DEVICE = 0o020600;

const pad4 = (length: number): number => (4 - (length % 4)) % 4;

/** An uncompressed "newc" archive, as Linux takes it for an initramfs (kernel documentation, buffer-format.rst). */
export function cpioArchive(entries: readonly CpioEntry[]): Buffer {
  const trailer = { name: 'TRAILER!!!', mode: 0 };
  return Buffer.concat([...entries, trailer].flatMap((entry, index) => record(entry, index + 1)));
}

function record({ name, mode, data = new Uint8Array(), device = [0, 0] }: CpioEntry, inode: number): Uint8Array[] {
  const path = Buffer.from(`${name}\0`);
  const fields = [inode, mode, 0, 0, 1, 0, data.length, 0, 0, ...device, path.length, 0];
  const header = Buffer.from('070701' + fields.map((field) => field.toString(16).padStart(8, '0')).join(''));
  return [header, path, Buffer.alloc(pad4(header.length + path.length)), data, Buffer.alloc(pad4(data.length))];
}
