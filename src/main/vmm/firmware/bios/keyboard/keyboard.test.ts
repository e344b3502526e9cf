import { beforeEach, describe, expect, it } from 'vitest';
import { MmioBus } from '../../../bus/mmio-bus.js';
import { GuestMemory } from '../../../memory/guest-memory.js';
import { RAM_OFFSET } from '../../../memory/layout.js';
import { BiosBoard } from '../../../../../testing/bios-board.js';
import { AddressSpace } from '../address-space.js';
import { KeyBuffer } from './key-buffer.js';
import { KeyInterrupt } from './key-interrupt.js';

const BREAK = 0x80;
const KEY = {
  a: 0x1e,
  leftShift: 0x2a,
  control: 0x1d,
  alt: 0x38,
  caps: 0x3a,
  num: 0x45,
  f12: 0x58,
  delete: 0x53,
  home: 0x47,
  scroll: 0x46,
};

describe('INT 09h', () => {
  let buffer: KeyBuffer;
  let keys: KeyInterrupt;
  let leds: number[];
  let space: AddressSpace;

  beforeEach(() => {
    const memory = new GuestMemory(1 << 20, 0);
    memory.mapRam(0, RAM_OFFSET, 1 << 20);
    space = new AddressSpace(memory, new MmioBus());
    buffer = new KeyBuffer(space);
    buffer.reset();
    leds = [];
    keys = new KeyInterrupt(space, buffer, (value) => void leds.push(value));
  });

  const press = (...scans: number[]): void => scans.forEach((scan) => keys.handle(scan));
  const taken = (): number[] => {
    const codes = [];
    for (let code = buffer.take(); code !== undefined; code = buffer.take()) codes.push(code);
    return codes;
  };

  it('gives characters by shift state', () => {
    press(KEY.a, KEY.a | BREAK, KEY.leftShift, KEY.a, KEY.a | BREAK, KEY.leftShift | BREAK, KEY.a);
    expect(taken()).toEqual([0x1e61, 0x1e41, 0x1e61]);
    press(KEY.control, KEY.a, KEY.control | BREAK, KEY.alt, KEY.a, KEY.alt | BREAK);
    expect(taken()).toEqual([0x1e01, 0x1e00]);
  });

  it('toggles locks once per press, lights them, and lets Shift undo them', () => {
    press(KEY.caps, KEY.caps, KEY.caps | BREAK, KEY.a, KEY.leftShift, KEY.a, KEY.leftShift | BREAK);
    expect(taken()).toEqual([0x1e41, 0x1e61]);
    expect(leds).toEqual([4]);
    press(KEY.home, KEY.num, KEY.num | BREAK, KEY.home);
    expect(taken()).toEqual([0x4700, 0x4737]);
  });

  it('tells grey keys from the keypad', () => {
    press(0xe0, KEY.home, 0xe0, KEY.home | BREAK, KEY.f12);
    expect(taken()).toEqual([0x47e0, 0x8600]);
  });

  it('composes characters on the keypad with Alt', () => {
    press(KEY.alt, 0x4f, 0x4f | BREAK, 0x50, 0x50 | BREAK, 0x4c, 0x4c | BREAK, KEY.alt | BREAK);
    expect(taken()).toEqual([125]);
  });

  it('acts on the chords', () => {
    press(KEY.control, KEY.alt);
    expect(keys.handle(KEY.delete)).toBe('reset');
    press(KEY.alt | BREAK);
    expect(keys.handle(KEY.scroll)).toBe('break');
    press(KEY.control | BREAK);
    press(0xe0);
    expect(keys.handle(0x37)).toBe('print-screen');
    expect([0xe1, 0x1d, 0x45].map((scan) => keys.handle(scan)).at(-1)).toBe('pause');
    expect(keys.paused).toBe(true);
    press(0xe1, 0x9d, 0xc5);
    expect(keys.paused).toBe(true);
    press(KEY.a);
    expect(keys.paused).toBe(false);
  });

  it('drops keys when the ring is full, acknowledgements always', () => {
    for (let i = 0; i < 20; i++) press(KEY.a, KEY.a | BREAK, 0xfa);
    expect(taken()).toHaveLength(15);
  });

  it('survives a ring whose pointers a program has wrecked', () => {
    for (const at of [0x41a, 0x41c, 0x480, 0x482]) space.write16(at, 0xfffe - at);
    press(KEY.a);
    expect(() => buffer.take()).not.toThrow();
  });
});

describe('INT 16h', () => {
  it('waits for a key, then gives it to old and new callers in their own codes', () => {
    const board = new BiosBoard();
    board.post();
    board.onWait = (count) => {
      if (count === 3) board.memory.write16(0x41e, 0x47e0);
      if (count === 3) board.memory.write16(0x41c, 0x20);
    };
    expect(board.interrupt(0x16, { eax: 0x0000 }).eax & 0xffff).toBe(0x4700);
    board.interrupt(0x16, { eax: 0x0500, ecx: 0x8600 });
    expect(board.interrupt(0x16, { eax: 0x0100 }).zero).toBe(true);
    board.interrupt(0x16, { eax: 0x0500, ecx: 0x8600 });
    const checked = board.interrupt(0x16, { eax: 0x1100 });
    expect([checked.zero, checked.eax & 0xffff]).toEqual([false, 0x8600]);
  });
});
