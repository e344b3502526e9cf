import { describe, expect, it } from 'vitest';
import type { BlockRequest, BlockStatus } from './block-device.js';
import { CompletionQueue } from './completion-queue.js';
import { MemoryDisk } from './memory-disk.js';

function setUp(options: { readonly readonly?: boolean } = {}) {
  const memory = new Uint8Array(8192);
  const content = Uint8Array.from({ length: 4 * 512 + 100 }, (_, i) => i & 0xff);
  const queue = new CompletionQueue();
  const disk = new MemoryDisk(memory, content, queue, options);
  const results: BlockStatus[] = [];
  const submit = (request: Partial<BlockRequest>) =>
    disk.submit({ op: 'read', sector: 0, count: 0, segments: [], onDone: (s) => results.push(s), ...request });
  return { memory, content, queue, disk, results, submit };
}

describe('MemoryDisk', () => {
  it('scatters a read over segments and reports it only when the loop drains', () => {
    const { memory, queue, results, submit } = setUp();
    const segments = [
      { offset: 100, length: 200 },
      { offset: 4000, length: 312 },
    ];
    submit({ sector: 1, count: 1, segments });
    expect(results).toEqual([]);
    expect(queue.drain()).toBe(1);
    expect(results).toEqual(['ok']);
    expect([...memory.subarray(100, 102)]).toEqual([0, 1]);
    expect(memory[4000]).toBe(200);
    expect(memory[4311]).toBe(255);
  });

  it('gathers a write', () => {
    const { memory, content, queue, submit } = setUp();
    memory.fill(0xab, 0, 512);
    submit({ op: 'write', sector: 2, count: 1, segments: [{ offset: 0, length: 512 }] });
    queue.drain();
    expect(content[1023]).toBe(255);
    expect(content[1024]).toBe(0xab);
    expect(content[1535]).toBe(0xab);
    expect(content[1536]).toBe(0);
  });

  it('leaves a last partial sector out and refuses what lies outside', () => {
    const { disk, queue, results, submit } = setUp();
    expect(disk.info.sectors).toBe(4);
    const segments = [{ offset: 0, length: 512 }];
    submit({ sector: 4, count: 1, segments });
    submit({ sector: -1, count: 1, segments });
    submit({ sector: 2 ** 53, count: 1, segments });
    submit({ sector: 0, count: 2, segments });
    queue.drain();
    expect(results).toEqual(['out-of-range', 'out-of-range', 'out-of-range', 'out-of-range']);
  });

  it('refuses to change a read-only medium', () => {
    const { content, queue, results, submit } = setUp({ readonly: true });
    submit({ op: 'write', count: 1, segments: [{ offset: 0, length: 512 }] });
    submit({ op: 'discard', count: 1 });
    queue.drain();
    expect(results).toEqual(['read-only', 'read-only']);
    expect(content[1]).toBe(1);
  });

  it('reports what a callback submits only at the next drain', () => {
    const { disk, queue } = setUp();
    let done = 0;
    const flush = (onDone: () => void): void => disk.submit({ op: 'flush', sector: 0, count: 0, segments: [], onDone });
    flush(() => flush(() => done++));
    queue.drain();
    expect(done).toBe(0);
    queue.drain();
    expect(done).toBe(1);
  });
});
