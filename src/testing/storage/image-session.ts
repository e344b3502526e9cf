import fc from 'fast-check';
import { expect } from 'vitest';
import type { DiskImage, FilePort } from '../../main/vmm/block/disk-image.js';
import { patternBytes } from './ide-rig.js';

/** A step of random work on a disk of any size. */
export interface ImageOperation {
  readonly kind: 'write' | 'read' | 'discard' | 'flush' | 'reopen';
  /** Where, as a part of the disk from 0 to 1. */
  readonly where: number;
  readonly sectors: number;
  readonly seed: number;
}

export const imageOperation: fc.Arbitrary<ImageOperation> = fc.record({
  kind: fc.constantFrom('write', 'write', 'write', 'read', 'discard', 'flush', 'reopen'),
  where: fc.double({ min: 0, max: 0.999, noNaN: true }),
  sectors: fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1000, max: 6000 })),
  seed: fc.integer({ min: 1, max: 255 }),
});

/** Applies operations to the image and to the model, which ends as what the image must hold. */
export async function runImageSession(
  open: () => Promise<DiskImage>,
  operations: readonly ImageOperation[],
  model: Buffer,
): Promise<void> {
  let image = await open();
  for (const { kind, where, sectors, seed } of operations) {
    const from = Math.floor((where * model.length) / 512) * 512;
    const bytes = Math.min(sectors * 512, model.length - from);
    if (kind === 'write') {
      const data = patternBytes(bytes).map((b) => b ^ seed);
      await image.write(from, [data.subarray(0, 100), data.subarray(100)]);
      model.set(data, from);
    } else if (kind === 'read') expect((await readRange(image, from, bytes)).equals(model.subarray(from, from + bytes))).toBe(true);
    else if (kind === 'flush') await image.flush();
    else if (kind === 'discard') await discardRange(image, from, bytes, model);
    else {
      await image.close();
      image = await open();
    }
  }
  expect((await readRange(image, 0, image.size)).equals(model)).toBe(true);
  await image.close();
} // prettier-ignore

/** What a discard leaves is old data or zeros, sector by sector; the model takes it over. */
async function discardRange(image: DiskImage, from: number, bytes: number, model: Buffer): Promise<void> {
  await image.discard(from, bytes);
  const got = await readRange(image, from, bytes);
  for (let at = 0; at < bytes; at += 512) {
    const part = got.subarray(at, at + 512);
    expect(part.equals(model.subarray(from + at, from + at + 512)) || part.every((b) => b === 0)).toBe(true);
  }
  model.set(got, from);
}

export async function readRange(image: DiskImage, from: number, bytes: number): Promise<Buffer> {
  const content = Buffer.alloc(bytes);
  await image.read(from, [content.subarray(0, 1000), content.subarray(1000)]);
  return content;
}

/** A process that is killed after some writes: nothing its files are told from then on happens. */
export class DyingProcess {
  private readonly files = new Set<FilePort>();

  constructor(private writesLeft: number) {}

  get dead(): boolean {
    return this.writesLeft <= 0;
  }

  /** What the operating system does with the files of a process that has ended. */
  async closeFiles(): Promise<void> {
    for (const file of this.files) await file.close();
    this.files.clear();
  }

  wrap(file: FilePort): FilePort {
    this.files.add(file);
    const alive = async <T>(work: () => Promise<T>): Promise<T> => {
      if (this.dead) throw new Error('killed');
      this.writesLeft--;
      return work();
    };
    return {
      readonly: file.readonly,
      size: () => file.size(),
      read: (offset, target) => file.read(offset, target),
      readv: (offset, targets) => file.readv(offset, targets),
      write: (offset, source) => alive(() => file.write(offset, source)),
      writev: (offset, sources) => alive(() => file.writev(offset, sources)),
      truncate: (size) => alive(() => file.truncate(size)),
      punchHole: (offset, length) => alive(() => file.punchHole(offset, length)),
      allocation: (offset, length) => file.allocation(offset, length),
      sync: () => Promise.resolve(),
      close: () => {
        this.files.delete(file);
        return file.close();
      },
    };
  }
}
