import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BlockDevice, BlockRequest, BlockStatus } from '../../vmm/block/block-device.js';
import { BlockServer } from '../../vmm/block/block-server.js';
import type { DiskImage } from '../../vmm/block/disk-image.js';
import { FileError } from '../../vmm/block/disk-image.js';
import { RawImage } from '../../vmm/block/formats/raw-image.js';
import { openNodeFile } from '../files/node-file.js';
import { createBlockChannel } from './block-channel.js';
import { BlockChannelClient } from './block-channel-client.js';
import { BlockChannelServer } from './block-channel-server.js';
import { createDoorbell, timesRung, untilRung } from './doorbell.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'annex-ring-'));
});
afterEach(() => rm(folder, { recursive: true }));

function setUp() {
  const memory = new Uint8Array(new SharedArrayBuffer(1 << 20));
  const kick = createDoorbell();
  const channel = createBlockChannel(kick);
  const blocks = new BlockServer(memory);
  const server = new BlockChannelServer(channel, blocks);
  const client = new BlockChannelClient(channel);
  const attach = (image: DiskImage): BlockDevice => {
    const number = blocks.attach(image);
    return client.device(number, blocks.info(number));
  };
  /** Stands for the machine loop: sleeps on the kick, drains. */
  const drainAll = async () => {
    while (client.pending > 0) {
      const seen = timesRung(kick);
      if (client.drain() === 0) await untilRung(kick, seen);
    }
  };
  return { memory, blocks, server, client, attach, drainAll };
}

async function fileImage(bytes: Uint8Array) {
  const file = path.join(folder, 'disk.raw');
  await writeFile(file, bytes);
  return RawImage.open(await openNodeFile(file, { readonly: false }));
}

const request = (r: Partial<BlockRequest>, results: BlockStatus[]): BlockRequest => ({
  op: 'read',
  sector: 0,
  count: 0,
  segments: [],
  onDone: (status) => results.push(status),
  ...r,
});

describe('block channel', () => {
  it('carries reads and writes between shared memory and a file', async () => {
    const { memory, attach, drainAll, server } = setUp();
    const image = await fileImage(Uint8Array.from({ length: 4096 + 10 }, (_, i) => i >> 8));
    const device = attach(image);
    const results: BlockStatus[] = [];
    expect(device.info).toEqual({ sectors: 9, readonly: false });

    const segments = [
      { offset: 0, length: 100 },
      { offset: 5000, length: 924 },
    ];
    device.submit(request({ sector: 7, count: 2, segments }, results));
    await drainAll();
    expect(results).toEqual(['ok']);
    expect(memory[0]).toBe(14);
    expect(memory[5000 + 924 - 1]).toBe(0);
    expect(memory[5000 + 512 - 100 + 9]).toBe(16);

    memory.fill(0x5a, 0, 100);
    device.submit(request({ op: 'write', sector: 8, count: 2, segments }, results));
    device.submit(request({ op: 'write', sector: 2, count: 2, segments }, results));
    device.submit(request({ op: 'flush' }, results));
    await drainAll();
    expect(results.filter((s) => s === 'out-of-range')).toHaveLength(1);
    const handle = await open(path.join(folder, 'disk.raw'));
    const onDisk = Buffer.alloc(100);
    await handle.read(onDisk, 0, 100, 1024);
    await handle.close();
    expect(onDisk.every((b) => b === 0x5a)).toBe(true);
    server.close();
    await image.close();
  });

  it('takes more requests than it has slots, each reported once', async () => {
    const { memory, attach, drainAll, client } = setUp();
    const image = await fileImage(Uint8Array.from({ length: 512 * 200 }, (_, i) => Math.floor(i / 512)));
    const device = attach(image);
    const done = new Array<number>(200).fill(0);
    for (let i = 0; i < 200; i++) {
      const segments = [{ offset: i * 512, length: 512 }];
      device.submit({ op: 'read', sector: i, count: 1, segments, onDone: () => done[i]!++ });
    }
    expect(client.pending).toBe(200);
    await drainAll();
    expect(done.every((n) => n === 1)).toBe(true);
    expect(Array.from({ length: 200 }, (_, i) => memory[i * 512 + 511])).toEqual(Array.from(done.keys()));
    await image.close();
  });

  it('answers for an image that is gone, and passes sector numbers beyond 32 bits whole', async () => {
    const { attach, blocks, drainAll } = setUp();
    const seen: number[] = [];
    const size = 2 ** 33 * 512;
    const image: DiskImage = {
      format: 'raw',
      size,
      readonly: false,
      read: async (offset) => void seen.push(offset),
      write: () => Promise.reject(new FileError('no-space', 'full')),
      discard: () => Promise.reject(new Error('bad')),
      flush: () => Promise.reject(new FileError('io-error', 'broken')),
      backing: undefined,
      extent: (_offset, length) => Promise.resolve({ kind: 'data', length }),
      close: () => Promise.resolve(),
    };
    const device = attach(image);
    const results: BlockStatus[] = [];
    const segments = [{ offset: 0, length: 512 }];
    device.submit(request({ sector: 2 ** 32 + 5, count: 1, segments }, results));
    await drainAll();
    expect(seen).toEqual([(2 ** 32 + 5) * 512]);
    for (const op of ['write', 'discard', 'flush'] as const) {
      device.submit(request({ op, count: op === 'flush' ? 0 : 1, segments: op === 'write' ? segments : [] }, results));
      await drainAll();
    }
    await blocks.detach(1);
    device.submit(request({ count: 1, segments }, results));
    await drainAll();
    expect(results).toEqual(['ok', 'no-space', 'io-error', 'io-error', 'no-medium']);
  });
});
