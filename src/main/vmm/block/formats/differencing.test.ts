import { describe, expect, it } from 'vitest';
import {
  CHILD_OFFSET,
  DIFFERENCING_DISK_BYTES,
  IMAGE_UUID,
  imageWith,
  noParts,
  vhdChild,
  vhdxChild,
  vhdxLinkage,
} from '../../../../testing/storage/differencing-images.js';
import { MemoryFile } from '../../../../testing/storage/memory-file.js';
import { DyingProcess } from '../../../../testing/storage/image-session.js';
import { patternBytes } from '../../../../testing/storage/ide-rig.js';
import type { DiskImage } from '../disk-image.js';
import { driverOf, type ImageFormat, type ImagePorts } from './image-format.js';
import { nextGuid } from './vhdx/guid.js';

const KIB = 1 << 10;
const MIB = 1 << 20;

async function readAll(image: DiskImage): Promise<Uint8Array> {
  const bytes = new Uint8Array(image.size);
  await image.read(0, [bytes.subarray(0, 700), bytes.subarray(700)]);
  return bytes;
}

/** `toEqual` takes seconds for megabytes. */
const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

const base = patternBytes(2 * MIB);
const own = patternBytes(4 * KIB).map((byte) => byte ^ 0xff);
/** What child and parent show together: the child's eight sectors from 8 KiB on, the parent's elsewhere. */
const together = new Uint8Array(DIFFERENCING_DISK_BYTES);
together.set(base, 4 * KIB);
together.set(own, CHILD_OFFSET);

function withParent(format: ImageFormat, parent: MemoryFile, expectName: string): ImagePorts {
  return {
    ...noParts,
    openBacking: (name, backingFormat) => {
      expect([name, backingFormat]).toEqual([expectName, format]);
      return driverOf(format).open(new MemoryFile(parent.bytes, { readonly: true }), noParts);
    },
  };
}

describe('differencing VHD', () => {
  it('shows its parent’s sectors where its bitmap says so, and is not written', async () => {
    const parent = await imageWith('vhd', [4 * KIB, base]);
    const image = await driverOf('vhd').open(await vhdChild(IMAGE_UUID, own), withParent('vhd', parent, 'base.vhd'));
    expect(image.readonly).toBe(true);
    expect(same(await readAll(image), together)).toBe(true);
    await expect(image.write(0, [own])).rejects.toMatchObject({ code: 'read-only' });
  });

  it('refuses a parent that is another disk', async () => {
    const parent = await imageWith('vhd', [4 * KIB, base]);
    const opening = driverOf('vhd').open(
      await vhdChild(nextGuid(IMAGE_UUID), own),
      withParent('vhd', parent, 'base.vhd'),
    );
    await expect(opening).rejects.toMatchObject({ code: 'image-damaged', message: /not the disk/ });
  });
});

describe('differencing VHDX', () => {
  it('shows its parent’s sectors where its bitmap says so, and is not written', async () => {
    const parent = await imageWith('vhdx', [4 * KIB, base]);
    const image = await driverOf('vhdx').open(
      await vhdxChild(vhdxLinkage(parent), own),
      withParent('vhdx', parent, './base.vhdx'),
    );
    expect(image.readonly).toBe(true);
    expect(same(await readAll(image), together)).toBe(true);
  });

  it('refuses a parent that has been changed since', async () => {
    const parent = await imageWith('vhdx', [4 * KIB, base]);
    const linkage = vhdxLinkage(parent);
    const image = await driverOf('vhdx').open(parent, noParts);
    await image.write(0, [own]);
    await image.close();
    const opening = driverOf('vhdx').open(await vhdxChild(linkage, own), withParent('vhdx', parent, './base.vhdx'));
    await expect(opening).rejects.toMatchObject({ message: /changed since/ });
  });
});

describe('VHDX log', () => {
  it('is replayed in memory for reading, onto the file for writing, with the same result', async () => {
    let replays = 0;
    for (let writes = 1; ; writes++) {
      const file = await imageWith('vhdx');
      const dying = new DyingProcess(writes).wrap(file);
      const image = await driverOf('vhdx').open(dying, noParts);
      const finished = await image
        .write(8 * KIB, [own])
        .then(() => image.flush())
        .then(() => true)
        .catch(() => false);
      const crashed = file.bytes.slice();
      const readonly = new MemoryFile(crashed, { readonly: true });
      const seen = await readAll(await driverOf('vhdx').open(readonly, noParts));
      expect(same(readonly.bytes, crashed)).toBe(true);
      const replayed = new MemoryFile(crashed.slice());
      const again = await driverOf('vhdx').open(replayed, noParts);
      expect(same(await readAll(again), seen)).toBe(true);
      await again.close();
      const table = (bytes: Uint8Array): Uint8Array => bytes.subarray(3 * MIB, 3 * MIB + 4 * KIB);
      if (!same(table(replayed.bytes), table(crashed))) replays++;
      if (!finished) continue;
      expect(replays).toBeGreaterThan(0);
      return expect(same(seen.subarray(8 * KIB, 12 * KIB), own)).toBe(true);
    }
  });
});
