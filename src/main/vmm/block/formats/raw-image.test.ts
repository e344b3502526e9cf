import { describe, expect, it } from 'vitest';
import { MemoryFile } from '../../../../testing/storage/memory-file.js';
import { RawImage } from './raw-image.js';

describe('a raw image', () => {
  it('is a disk rounded up to whole sectors, its end reading zero', async () => {
    const image = await RawImage.open(new MemoryFile(new Uint8Array(700).fill(7)));
    const sector = new Uint8Array(512).fill(1);
    await image.read(512, [sector]);
    expect(image.size).toBe(1024);
    expect(sector).toEqual(new Uint8Array(512).fill(7, 0, 188));
  });

  it('does not read zero where its file has been cut while it was open', async () => {
    const file = new MemoryFile(new Uint8Array(2048).fill(7));
    const image = await RawImage.open(file);
    await file.truncate(1024);
    const sectors = new Uint8Array(1024);
    await image.read(0, [sectors]);
    expect(sectors).toEqual(new Uint8Array(1024).fill(7));
    await expect(image.read(512, [sectors])).rejects.toMatchObject({ code: 'io-error' });
  });
});
