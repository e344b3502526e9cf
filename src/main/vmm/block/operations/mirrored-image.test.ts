import { describe, expect, it } from 'vitest';
import { FileError, type DiskImage } from '../disk-image.js';
import { MirroredImage } from './mirrored-image.js';

/** A disk in memory that notes what is asked of it, and fails when told to. */
class NotedImage implements DiskImage {
  readonly format = 'raw';
  readonly size = 4096;
  readonly readonly = false;
  readonly bytes = new Uint8Array(4096);
  full = false;

  constructor(
    private readonly name: string,
    private readonly notes: string[],
    readonly backing: DiskImage | undefined,
  ) {}

  read(offset: number, [target]: readonly Uint8Array[]): Promise<void> {
    target!.set(this.bytes.subarray(offset, offset + target!.length));
    return Promise.resolve();
  }

  write(offset: number, [source]: readonly Uint8Array[]): Promise<void> {
    this.notes.push(`${this.name} write`);
    if (this.full) return Promise.reject(new FileError('no-space', 'full'));
    this.bytes.set(source!, offset);
    return Promise.resolve();
  }

  discard(offset: number, length: number): Promise<void> {
    this.bytes.fill(0, offset, offset + length);
    return Promise.resolve();
  }

  extent(_offset: number, length: number): Promise<{ kind: 'data'; length: number }> {
    return Promise.resolve({ kind: 'data', length });
  }

  flush(): Promise<void> {
    this.notes.push(`${this.name} flush`);
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.notes.push(`${this.name} close`);
    return Promise.resolve();
  }
}

function setUp() {
  const notes: string[] = [];
  const lower = new NotedImage('lower', notes, undefined);
  const upper = new NotedImage('upper', notes, lower);
  return { notes, upper, lower, mirror: new MirroredImage(upper, lower) };
}

const ONES = new Uint8Array(512).fill(1);

describe('MirroredImage', () => {
  it('writes above, then below, and flushes in that order', async () => {
    const { notes, upper, lower, mirror } = setUp();
    await mirror.write(512, [ONES]);
    await mirror.flush();
    expect(notes).toEqual(['upper write', 'lower write', 'upper flush', 'lower flush']);
    expect(lower.bytes).toEqual(upper.bytes);
  });

  it('writes nothing below that did not get there above', async () => {
    const { notes, upper, mirror } = setUp();
    upper.full = true;
    await expect(mirror.write(0, [ONES])).rejects.toMatchObject({ code: 'no-space' });
    expect(notes).toEqual(['upper write']);
  });

  it('goes on without the lower one as long as nobody depends on it, and tells', async () => {
    const { upper, lower, mirror } = setUp();
    lower.full = true;
    await mirror.write(0, [ONES]);
    lower.full = false;
    await mirror.write(512, [ONES]);
    expect(upper.bytes[0]).toBe(1);
    expect(lower.bytes[512]).toBe(0);
    expect(() => mirror.bind()).toThrow('full');
  });

  it('fails with the lower one once bound, and takes the write when it is made again', async () => {
    const { lower, mirror } = setUp();
    mirror.bind();
    lower.full = true;
    await expect(mirror.write(0, [ONES])).rejects.toMatchObject({ code: 'no-space' });
    lower.full = false;
    await mirror.write(0, [ONES]);
    expect(lower.bytes[0]).toBe(1);
    expect(() => mirror.assertKept()).not.toThrow();
  });

  it('leaves what is discarded as it is, in both', async () => {
    const { upper, lower, mirror } = setUp();
    await mirror.write(0, [ONES]);
    await mirror.discard();
    expect([upper.bytes[0], lower.bytes[0]]).toEqual([1, 1]);
  });
});
