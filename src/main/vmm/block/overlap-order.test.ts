import { describe, expect, it } from 'vitest';
import { OverlapOrder } from './overlap-order.js';

/** Work that ends when told, and says when it started. */
function controlled(log: string[], name: string) {
  let finish!: () => void;
  const gate = new Promise<void>((resolve) => (finish = resolve));
  const work = async () => {
    log.push(`start ${name}`);
    await gate;
    log.push(`end ${name}`);
  };
  return { work, finish };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('OverlapOrder', () => {
  it('lets reads and separate writes run side by side', async () => {
    const order = new OverlapOrder();
    const log: string[] = [];
    const a = controlled(log, 'a');
    const b = controlled(log, 'b');
    const c = controlled(log, 'c');
    void order.run(0, 10, false, a.work);
    void order.run(5, 15, false, b.work);
    void order.run(15, 20, true, c.work);
    expect(log).toEqual(['start a', 'start b', 'start c']);
    for (const { finish } of [a, b, c]) finish();
    await order.idle();
  });

  it('starts a write after the read it would overtake, and a read after that write', async () => {
    const order = new OverlapOrder();
    const log: string[] = [];
    const read = controlled(log, 'read');
    const write = controlled(log, 'write');
    const again = controlled(log, 'again');
    void order.run(0, 10, false, read.work);
    void order.run(9, 12, true, write.work);
    void order.run(11, 12, false, again.work);
    await settle();
    expect(log).toEqual(['start read']);
    read.finish();
    await settle();
    expect(log.at(-1)).toBe('start write');
    write.finish();
    again.finish();
    await order.idle();
    expect(log.slice(3)).toEqual(['end write', 'start again', 'end again']);
  });

  it('goes on after an operation that failed', async () => {
    const order = new OverlapOrder();
    const failed = order.run(0, 1, true, () => Promise.reject(new Error('broken')));
    const next = order.run(0, 1, true, () => Promise.resolve('fine'));
    await expect(failed).rejects.toThrow('broken');
    await expect(next).resolves.toBe('fine');
    await expect(order.idle()).resolves.toBeUndefined();
  });
});
