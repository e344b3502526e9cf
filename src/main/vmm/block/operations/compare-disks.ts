import type { DiskImage } from '../disk-image.js';
import type { OperationControl } from '../formats/format-driver.js';
import { contentAt, eachPiece, isZero, readBytes } from './content.js';

/** Ranges a report lists at most. */
const MAX_RANGES = 1000;
/** Unit in which differences are found. */
const GRAIN = 512;

export interface Difference {
  readonly differentBytes: number;
  /** In order; the first of them if there are many. */
  readonly ranges: readonly { readonly offset: number; readonly length: number }[];
}

/** Where two disks read differently, in sectors. A shorter disk is taken to go on with zeros. */
export async function compareDisks(a: DiskImage, b: DiskImage, control: OperationControl): Promise<Difference> {
  const report = new DifferenceReport();
  await eachPiece(Math.max(a.size, b.size), control, async (offset, length) => {
    const [left, right] = await Promise.all([piece(a, offset, length), piece(b, offset, length)]);
    if (left === undefined && right === undefined) return;
    if (left !== undefined && right !== undefined) return report.addDifferences(offset, left, right);
    const one = (left ?? right)!;
    if (!isZero(one)) report.addDifferences(offset, one, new Uint8Array(length));
  });
  return report;
}

/** `undefined` for zeros throughout. */
async function piece(image: DiskImage, offset: number, length: number): Promise<Uint8Array | undefined> {
  const there = Math.min(length, image.size - offset);
  if (there <= 0) return undefined;
  const content = await contentAt(image, offset, there);
  if (content.zero && content.length === there) return undefined;
  const bytes = new Uint8Array(length);
  bytes.set(await readBytes(image, offset, there));
  return bytes;
}

class DifferenceReport implements Difference {
  differentBytes = 0;
  readonly ranges: { offset: number; length: number }[] = [];

  addDifferences(offset: number, a: Uint8Array, b: Uint8Array): void {
    for (let at = 0; at < a.length; at += GRAIN) {
      if (!sameWords(a.subarray(at, at + GRAIN), b.subarray(at, at + GRAIN))) this.add(offset + at, GRAIN);
    }
  }

  private add(offset: number, length: number): void {
    this.differentBytes += length;
    const last = this.ranges.at(-1);
    if (last !== undefined && last.offset + last.length === offset) last.length += length;
    else if (this.ranges.length < MAX_RANGES) this.ranges.push({ offset, length });
  }
}

/** Both as long, a multiple of 8, and aligned to it. */
function sameWords(a: Uint8Array, b: Uint8Array): boolean {
  const left = new BigUint64Array(a.buffer, a.byteOffset, a.length >> 3);
  const right = new BigUint64Array(b.buffer, b.byteOffset, b.length >> 3);
  return left.every((word, i) => word === right[i]);
}
