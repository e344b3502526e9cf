import { describe, expect, it } from 'vitest';
import { encodeEmptyQcow2 } from '../../../../../shared/disk/empty-qcow2.js';
import { MemoryFile } from '../../../../../testing/storage/memory-file.js';
import type { DiskImage } from '../../disk-image.js';
import { vectorLength, type Vectors } from '../../vectors.js';
import type { ImagePorts } from '../image-ports.js';
import { Qcow2Image } from './qcow2-image.js';
import { repairQcow2 } from './qcow2-repair.js';

const CLUSTER = 4096;
const DISK = 1 << 20;

/** A file that remembers what was asked of it, and keeps what was in the holes punched into it. */
class WatchedFile extends MemoryFile {
  /** Bytes of each transfer and syncs since the last look. */
  private seen: string[] = [];

  override readv(offset: number, targets: Vectors): Promise<number> {
    this.seen.push(`read ${vectorLength(targets)}`);
    return super.readv(offset, targets);
  }

  override writev(offset: number, sources: Vectors): Promise<void> {
    this.seen.push(`write ${vectorLength(sources)}`);
    return super.writev(offset, sources);
  }

  override sync(): Promise<void> {
    this.seen.push('sync');
    return super.sync();
  }

  override punchHole(): Promise<void> {
    return Promise.resolve();
  }

  look(): string[] {
    const seen = this.seen;
    this.seen = [];
    return seen;
  }
}

function portsOver(backing?: DiskImage): ImagePorts {
  const refuse = () => Promise.reject(new Error('nothing is elsewhere'));
  return { inflate: refuse, deflate: refuse, openPart: refuse, openBacking: async () => backing ?? refuse() };
}

async function opened(file: WatchedFile, backing?: DiskImage): Promise<Qcow2Image> {
  const image = await Qcow2Image.open(file, portsOver(backing));
  // Takes in the refcount block, and makes the L2 table.
  await image.write(DISK - CLUSTER, [new Uint8Array(CLUSTER)]);
  file.look();
  return image;
}

function emptyFile(backing?: { readonly name: string; readonly format: 'qcow2' }): WatchedFile {
  return new WatchedFile(encodeEmptyQcow2({ size: DISK, clusterBytes: CLUSTER, ...(backing ? { backing } : {}) }));
}

async function readBack(image: DiskImage, at: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length).fill(0xee);
  await image.read(at, [bytes]);
  return bytes;
}

const ones = (length: number): Uint8Array => new Uint8Array(length).fill(1);

describe('a write to new qcow2 clusters', () => {
  it('is one write of its own bytes, whole clusters or not, and no table before the flush', async () => {
    const file = emptyFile();
    const image = await opened(file);
    await image.write(0, [ones(3000), ones(8 * CLUSTER - 3000)]);
    expect(file.look()).toEqual([`write ${8 * CLUSTER}`]);
    await image.write(10 * CLUSTER + 512, [ones(CLUSTER)]);
    expect(file.look()).toEqual([`write ${CLUSTER}`]);
    await image.flush();
    // Refcounts, then the L2 table, then the L1 table, with a sync between.
    expect(file.look()).toEqual([`write ${CLUSTER}`, 'sync', `write ${CLUSTER}`, 'sync', expect.stringMatching('write'), 'sync']); // prettier-ignore
  });

  it('leaves zeros around it, at the end of the file too, and an image without problems', async () => {
    const file = emptyFile();
    const image = await opened(file);
    await image.write(5 * CLUSTER + 1024, [ones(512)]);
    await image.close();
    expect(file.bytes.length % CLUSTER).toBe(1536);
    expect(await repairQcow2(new MemoryFile(file.bytes.slice()), 'none')).toMatchObject({ problems: [], leaks: 0 });
    const again = await Qcow2Image.open(file, portsOver());
    const expected = new Uint8Array(CLUSTER);
    expected.fill(1, 1024, 1536);
    expect(await readBack(again, 5 * CLUSTER, CLUSTER)).toEqual(expected);
  });

  it('fills the rest of clusters that were in use before', async () => {
    const file = emptyFile();
    const image = await opened(file);
    await image.write(0, [new Uint8Array(4 * CLUSTER).fill(9)]);
    await image.flush();
    await image.discard(0, 4 * CLUSTER);
    await image.flush();
    const bytes = file.bytes.length;
    file.look();
    await image.write(CLUSTER + 512, [ones(512)]);
    expect(file.bytes.length).toBe(bytes);
    expect(file.look()).toEqual([`write ${CLUSTER}`]);
    expect((await readBack(image, CLUSTER, CLUSTER)).includes(9)).toBe(false);
  });

  it('fills the rest of clusters that were in use beyond the end of the file as it was opened', async () => {
    const file = emptyFile();
    const image = await opened(file);
    await image.flush();
    const end = file.bytes.length;
    await image.write(0, [ones(CLUSTER)]);
    await image.close();
    // As `preallocation=metadata` leaves it: the table names a cluster that the file does not reach.
    await file.truncate(end);
    const again = await Qcow2Image.open(file, portsOver());
    await again.write(0, [new Uint8Array(CLUSTER).fill(9)]);
    await again.discard(0, CLUSTER);
    await again.flush();
    await again.write(3 * CLUSTER + 512, [ones(512)]);
    expect(file.bytes.length).toBe(end + CLUSTER);
    expect((await readBack(again, 3 * CLUSTER, CLUSTER)).includes(9)).toBe(false);
  });

  it('copies what the image below has around it', async () => {
    const below = await opened(emptyFile());
    await below.write(2 * CLUSTER, [new Uint8Array(CLUSTER).fill(7)]);
    const image = await opened(emptyFile({ name: 'below', format: 'qcow2' }), below);
    await image.write(2 * CLUSTER + 512, [ones(512)]);
    const expected = new Uint8Array(CLUSTER).fill(7);
    expected.fill(1, 512, 1024);
    expect(await readBack(image, 2 * CLUSTER, CLUSTER)).toEqual(expected);
  });
});
