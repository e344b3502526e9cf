import { AnnexError } from '../../../shared/contract/errors.js';
import { latin1, type ByteSource } from '../media/byte-source.js';

/** POSIX.1-2001 ustar archives ("pax" format without its extensions), with GNU's sizes beyond 8 GiB. */
const BLOCK = 512;
const FIELD = { name: 0, mode: 100, uid: 108, gid: 116, size: 124, time: 136, checksum: 148, type: 156, magic: 257, prefix: 345 } as const; // prettier-ignore
const REGULAR: ReadonlySet<string> = new Set(['0', '\0', '7']);
/** Headers of GNU and pax that say more about the file behind them; OVA files have no use for them. */
const SKIPPED: ReadonlySet<string> = new Set(['x', 'g', 'L', 'K']);

/** An archive of more files than this is no machine. */
const MAX_ENTRIES = 1000;
const MAX_OCTAL_SIZE = 8 ** 11;

export interface TarEntry {
  readonly name: string;
  /** Where its content is in the archive, in bytes, as the size. */
  readonly offset: number;
  readonly size: number;
}

/** Regular files of an archive. @throws AnnexError `appliance-invalid` */
export async function readTar(source: ByteSource, name: string): Promise<TarEntry[]> {
  const invalid = (why: string): AnnexError =>
    new AnnexError('appliance-invalid', `“${name}” cannot be read: ${why}.`, { name });
  const entries: TarEntry[] = [];
  for (let at = 0, count = 0; at + BLOCK <= source.size; count++) {
    const header = Buffer.from(await source.read(at, BLOCK));
    if (header.every((byte) => byte === 0)) break;
    if (count >= MAX_ENTRIES) throw invalid('it holds too many files');
    if (!isHeader(header)) throw invalid('it is no tar archive, or it is damaged');
    const size = sizeOf(header);
    const offset = at + BLOCK;
    if (!(offset + size <= source.size)) throw invalid('it is incomplete. Download it again');
    const type = String.fromCharCode(header[FIELD.type]!);
    if (REGULAR.has(type)) entries.push({ name: nameOf(header), offset, size });
    else if (!SKIPPED.has(type)) throw invalid('it holds something that is no file');
    at = offset + Math.ceil(size / BLOCK) * BLOCK;
  }
  return entries;
}

/** Whether bytes begin with a header whose checksum is right. */
export function isHeader(start: Uint8Array): boolean {
  const header = start.subarray(0, BLOCK);
  if (header.length < BLOCK || latin1(header.subarray(FIELD.magic, FIELD.magic + 5)) !== 'ustar') return false;
  return Number.parseInt(latin1(header.subarray(FIELD.checksum, FIELD.checksum + 8)), 8) === checksum(header);
}

/** The sum of all bytes, its own eight taken as blanks. */
function checksum(header: Uint8Array): number {
  return header.reduce((sum, byte, i) => sum + (i >= FIELD.checksum && i < FIELD.checksum + 8 ? 0x20 : byte), 0);
}

/** NaN if it is no size. */
function sizeOf(header: Buffer): number {
  const field = header.subarray(FIELD.size, FIELD.size + 12);
  if ((field[0]! & 0x80) !== 0) return Number(field.readBigUInt64BE(4));
  const text = latin1(field).replaceAll('\0', ' ').trim();
  return /^[0-7]*$/.test(text) ? Number.parseInt(text || '0', 8) : Number.NaN;
}

function nameOf(header: Buffer): string {
  const text = (at: number, length: number): string =>
    header.toString('utf8', at, at + length).replace(/\0.*$/s, '');
  const prefix = text(FIELD.prefix, 155);
  const name = text(FIELD.name, 100);
  return prefix === '' ? name : `${prefix}/${name}`;
} // prettier-ignore

/** Header of a file in an archive. @param modifiedAt seconds since 1970 */
export function encodeTarHeader(name: string, size: number, modifiedAt: number): Uint8Array {
  const header = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, length: number): void => {
    header.write(value.toString(8).padStart(length - 1, '0'), at, 'latin1');
  };
  if (Buffer.byteLength(name) > 100) throw new RangeError(`"${name}" is too long for an archive`);
  header.write(name, FIELD.name, 'utf8');
  octal(0o644, FIELD.mode, 8);
  octal(0, FIELD.uid, 8);
  octal(0, FIELD.gid, 8);
  if (size < MAX_OCTAL_SIZE) octal(size, FIELD.size, 12);
  else {
    header[FIELD.size] = 0x80;
    header.writeBigUInt64BE(BigInt(size), FIELD.size + 4);
  }
  octal(modifiedAt, FIELD.time, 12);
  header.write('0', FIELD.type, 'latin1');
  header.write('ustar\x0000', FIELD.magic, 'latin1');
  header.write(`${checksum(header).toString(8).padStart(6, '0')}\0 `, FIELD.checksum, 'latin1');
  return header;
}

/** Zeros that fill a file's content up to whole blocks. */
export function tarPadding(size: number): Uint8Array {
  return new Uint8Array((BLOCK - (size % BLOCK)) % BLOCK);
}

/** The end of an archive. */
export const TAR_END = new Uint8Array(2 * BLOCK);
