import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemoryFile } from '../../../testing/storage/memory-file.js';
import type { BlockStatus } from './block-device.js';
import { BlockServer } from './block-server.js';
import { RawImage } from './formats/raw-image.js';

const SECTORS = 64;

async function setUp(bytes = SECTORS * 512, options: { readonly readonly?: boolean } = {}) {
  const memory = new Uint8Array(1 << 20);
  const file = new MemoryFile(new Uint8Array(bytes), options);
  const server = new BlockServer(memory);
  const number = server.attach(await RawImage.open(file));
  return { memory, file, server, number };
}

describe('BlockServer', () => {
  const operation = fc.record({
    write: fc.boolean(),
    sector: fc.nat(SECTORS - 1),
    count: fc.integer({ min: 1, max: 12 }),
  });

  it('lets overlapping requests take effect in the order they came, all in flight at once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 40 }), async (operations) => {
        const { memory, file, server, number } = await setUp();
        const model = new Uint8Array(SECTORS * 512);
        const checks: (() => void)[] = [];
        const running = operations.map(({ write, sector, count }, i) => {
          const sectors = Math.min(count, SECTORS - sector);
          const length = sectors * 512;
          const offset = i * 12 * 512;
          // Two pieces in the wrong order in memory.
          const half = length / 2;
          const segments = [
            { offset: offset + half, length: half },
            { offset, length: half },
          ];
          if (write) {
            memory.fill(i + 1, offset, offset + length);
            model.fill(i + 1, sector * 512, sector * 512 + length);
          } else {
            const wanted = model.slice(sector * 512, sector * 512 + length);
            checks.push(() => {
              const got = Buffer.concat(segments.map((s) => memory.subarray(s.offset, s.offset + s.length)));
              expect(Buffer.compare(got, wanted)).toBe(0);
            });
          }
          return server.run(number, { op: write ? 'write' : 'read', sector, count: sectors, segments });
        });
        expect((await Promise.all(running)).every((status) => status === 'ok')).toBe(true);
        for (const check of checks) check();
        expect(Buffer.compare(file.bytes, model)).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  it('says when the host is full, and goes on when there is room', async () => {
    const { file, server, number } = await setUp(100);
    const segments = [{ offset: 0, length: 512 }];
    file.room = 200;
    expect(await server.run(number, { op: 'write', sector: 0, count: 1, segments })).toBe('no-space');
    file.room = Infinity;
    expect(await server.run(number, { op: 'write', sector: 0, count: 1, segments })).toBe('ok');
    expect(file.bytes).toHaveLength(512);
  });

  it('turns a guest flush into a sync, and counts what moves', async () => {
    const { file, server, number } = await setUp();
    const segments = [{ offset: 0, length: 1024 }];
    await server.run(number, { op: 'write', sector: 2, count: 2, segments });
    await server.run(number, { op: 'read', sector: 2, count: 2, segments });
    expect(file.syncs).toBe(0);
    await server.run(number, { op: 'flush', sector: 0, count: 0, segments: [] });
    expect(file.syncs).toBe(1);
    expect(server.counters(number)).toEqual({ readBytes: 1024, writeBytes: 1024, reads: 1, writes: 1, flushes: 1 });
  });

  it('waits for requests under way before it lets go of an image', async () => {
    const { memory, server, number } = await setUp();
    const results: BlockStatus[] = [];
    memory.fill(0xff, 0, 512);
    const segments = [{ offset: 0, length: 512 }];
    void server.run(number, { op: 'read', sector: 0, count: 1, segments }).then((status) => results.push(status));
    await server.detach(number);
    await Promise.resolve();
    expect(results).toEqual(['ok']);
    expect(memory[0]).toBe(0);
    expect(await server.run(number, { op: 'read', sector: 0, count: 1, segments })).toBe('no-medium');
    expect(server.info(number)).toEqual({ sectors: 0, readonly: true });
  });

  it('reports the file’s refusal to be written', async () => {
    const { server, number } = await setUp(512, { readonly: true });
    expect(server.info(number).readonly).toBe(true);
    const segments = [{ offset: 0, length: 512 }];
    expect(await server.run(number, { op: 'write', sector: 0, count: 1, segments })).toBe('read-only');
  });
});
