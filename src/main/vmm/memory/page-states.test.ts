import { describe, expect, it } from 'vitest';
import { AsideRing } from './aside-ring.js';
import { GuestMemory } from './guest-memory.js';
import { PAGE_SIZE, RAM_OFFSET } from './layout.js';
import { hostPageOf, PAGE_CLEAN, PAGE_FREE, PAGE_PENDING } from './page-states.js';

const RAM_BYTES = 1 << 20;
const FIRST = hostPageOf(RAM_OFFSET);

function machine() {
  const memory = new GuestMemory(RAM_BYTES, 1 << 20);
  memory.mapRam(0, RAM_OFFSET, RAM_BYTES);
  const buffers = AsideRing.create(4);
  memory.pages.copyAsideTo(new AsideRing(buffers));
  return { memory, saved: new AsideRing(buffers) };
}

describe('PageStates', () => {
  it('counts every page as clean at power-on, and as changed once something wrote to it', () => {
    const { memory } = machine();
    expect(memory.pages.raw[FIRST + 3]).toBe(PAGE_CLEAN);
    memory.write(3 * PAGE_SIZE + 5, Uint8Array.of(1));
    expect(memory.pages.raw[FIRST + 3]).toBe(PAGE_FREE);
    expect(memory.freeze(false).pendingPages).toBe(1);
    expect(memory.pages.raw[FIRST + 3]).toBe(PAGE_PENDING);
  });

  it.each([
    ['a byte', (memory: GuestMemory) => memory.write8(PAGE_SIZE, 9)],
    ['bytes', (memory: GuestMemory) => memory.write(PAGE_SIZE, Uint8Array.of(9))],
    [
      'asynchronous I/O',
      (memory: GuestMemory) => (memory.bytes[memory.segments(PAGE_SIZE, 4, 'write')![0]!.offset] = 9),
    ],
  ])('keeps what a pending page held before %s changes it', (_what, change) => {
    const { memory, saved } = machine();
    memory.write8(PAGE_SIZE, 7);
    memory.freeze(false);
    change(memory);
    const copies: [number, number][] = [];
    expect(saved.shift((page, content) => copies.push([page - FIRST, content[0]!]))).toBe(true);
    expect(copies).toEqual([[1, 7]]);
    expect(memory.read8(PAGE_SIZE)).toBe(9);
    expect(memory.pages.raw[FIRST + 1]).toBe(PAGE_FREE);
    expect(saved.shift(() => undefined)).toBe(false);
  });

  it('saves a page once: by the saver or by the writer', () => {
    const { memory, saved } = machine();
    memory.write8(PAGE_SIZE, 7);
    memory.freeze(false);
    const target = new Uint8Array(PAGE_SIZE);
    expect(memory.pages.saveTo(FIRST + 1, target)).toBe(true);
    expect(target[0]).toBe(7);
    expect(memory.pages.saveTo(FIRST + 1, target)).toBe(false);
    memory.write8(PAGE_SIZE, 8);
    expect(saved.shift(() => undefined)).toBe(false);
    expect(memory.freeze(false).pendingPages).toBe(1);
  });

  it('leaves pages out that did not change since they were saved', () => {
    const { memory } = machine();
    memory.write8(0, 1);
    memory.write8(PAGE_SIZE, 1);
    memory.freeze(false);
    memory.pages.saveTo(FIRST, new Uint8Array(PAGE_SIZE));
    memory.pages.saveTo(FIRST + 1, new Uint8Array(PAGE_SIZE));
    memory.write8(0, 2);
    expect(memory.freeze(false).pendingPages).toBe(1);
    expect(memory.pages.raw[FIRST]).toBe(PAGE_PENDING);
  });

  it('forgets everything when saving was given up', () => {
    const { memory, saved } = machine();
    memory.write8(0, 1);
    memory.freeze(false);
    memory.pages.forget(FIRST, RAM_BYTES / PAGE_SIZE);
    memory.write8(0, 2);
    expect(saved.shift(() => undefined)).toBe(false);
    expect(memory.freeze(false).pendingPages).toBe(RAM_BYTES / PAGE_SIZE);
  });

  it('copies nothing aside once the ring is closed, however full it is', () => {
    const { memory, saved } = machine();
    for (let page = 0; page < 8; page++) memory.write8(page * PAGE_SIZE, 1);
    memory.freeze(false);
    saved.close();
    for (let page = 0; page < 8; page++) memory.write8(page * PAGE_SIZE, 2);
    expect(saved.shift(() => undefined)).toBe(false);
  });
});

describe('AsideRing', () => {
  it('hands pages over in order and uses its slots again', () => {
    const buffers = AsideRing.create(2);
    const writer = new AsideRing(buffers);
    const saver = new AsideRing(buffers);
    const seen: number[] = [];
    for (let page = 0; page < 7; page++) {
      writer.push(page, new Uint8Array(PAGE_SIZE).fill(page));
      saver.shift((number, content) => seen.push(number, content[PAGE_SIZE - 1]!));
    }
    expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6].flatMap((page) => [page, page]));
  });
});

describe('absent pages', () => {
  it('come when somebody looks, or all at once', () => {
    const brought: number[] = [];
    const large = new GuestMemory(2 * RAM_BYTES, 1 << 20);
    large.mapRam(0, RAM_OFFSET, 2 * RAM_BYTES);
    const pages = new Uint8Array((2 * RAM_BYTES) / PAGE_SIZE);
    pages.fill(1, RAM_BYTES / PAGE_SIZE - 1, RAM_BYTES / PAGE_SIZE + 3);
    large.defer({
      absent: pages,
      bringIn(page) {
        brought.push(page);
        large.bytes[RAM_OFFSET + page * PAGE_SIZE] = page & 0xff;
      },
    });
    expect(brought).toEqual([255]);
    expect(large.read8(257 * PAGE_SIZE)).toBe(1);
    large.write8(257 * PAGE_SIZE, 9);
    expect(large.read8(257 * PAGE_SIZE)).toBe(9);
    expect(large.segments(256 * PAGE_SIZE, PAGE_SIZE, 'read')).toEqual([
      { offset: RAM_OFFSET + 256 * PAGE_SIZE, length: PAGE_SIZE },
    ]);
    expect(brought).toEqual([255, 257, 256]);
    large.allPresent();
    expect(brought).toEqual([255, 257, 256, 258]);
    expect(large.read8(257 * PAGE_SIZE)).toBe(9);
  });
});
