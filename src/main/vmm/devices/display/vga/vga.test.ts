import { describe, expect, it } from 'vitest';
import { VGA_MODES, VgaDriver } from '../../../../../testing/vga-driver.js';
import { ManualClock } from '../../../time/clock.js';
import { DISPLAY_STATE_BYTES } from '../display-state.js';
import { Vga } from './vga.js';

const VIDEO_MEMORY_BYTES = 4 << 20;

function adapter() {
  const clock = new ManualClock();
  const buffer = new SharedArrayBuffer(VIDEO_MEMORY_BYTES + DISPLAY_STATE_BYTES);
  const vga = new Vga({
    buffer,
    clock,
    videoMemory: { offset: 0, length: VIDEO_MEMORY_BYTES },
    stateOffset: VIDEO_MEMORY_BYTES,
  });
  return { vga, clock, driver: new VgaDriver(vga), memory: new Uint8Array(buffer, 0, VIDEO_MEMORY_BYTES) };
}

/** The byte of one plane at an offset. */
const plane = (memory: Uint8Array, number: number, offset: number) => memory[offset * 4 + number];

describe('register access', () => {
  it('reads back what exists of each register and nothing else', () => {
    const { driver } = adapter();
    driver.out(0x3c2, 0x01);
    driver.outIndexed(0x3c4, 2, 0xff);
    driver.outIndexed(0x3ce, 5, 0xff);
    driver.outIndexed(0x3ce, 8, 0xa5);
    expect(driver.inIndexed(0x3c4, 2)).toBe(0x0f);
    expect(driver.inIndexed(0x3ce, 5)).toBe(0x7b);
    expect(driver.inIndexed(0x3ce, 8)).toBe(0xa5);
    expect(driver.inIndexed(0x3ce, 0x0f)).toBe(0);
  });

  it('answers the CRTC where the miscellaneous output register puts it', () => {
    const { driver } = adapter();
    driver.out(0x3c2, 0x00);
    driver.outIndexed(0x3b4, 0x0f, 0x42);
    expect(driver.inIndexed(0x3b4, 0x0f)).toBe(0x42);
    expect(driver.in(0x3d5)).toBe(0xff);
    driver.out(0x3c2, 0x01);
    expect(driver.inIndexed(0x3d4, 0x0f)).toBe(0x42);
    expect(driver.in(0x3b5)).toBe(0xff);
  });

  it('protects CRTC registers 0 to 7 but for line compare bit 8', () => {
    const { driver } = adapter();
    driver.setMode(VGA_MODES.text80x25);
    driver.outIndexed(0x3d4, 0x00, 0x11);
    driver.outIndexed(0x3d4, 0x07, 0x00);
    expect(driver.inIndexed(0x3d4, 0x00)).toBe(0x5f);
    expect(driver.inIndexed(0x3d4, 0x07)).toBe(0x0f);
  });

  it('toggles between attribute index and data, and status 1 resets the toggle', () => {
    const { driver } = adapter();
    driver.out(0x3c2, 0x01);
    driver.out(0x3c0, 0x11);
    driver.in(0x3da);
    driver.out(0x3c0, 0x10);
    driver.out(0x3c0, 0x41);
    driver.out(0x3c0, 0x30);
    expect(driver.in(0x3c0)).toBe(0x30);
    expect(driver.in(0x3c1)).toBe(0x41);
  });

  it('steps through the palette three accesses a colour, six bits wide', () => {
    const { driver } = adapter();
    driver.setColor(7, 0xff, 0x20, 0x01);
    driver.out(0x3c7, 7);
    expect(driver.in(0x3c7)).toBe(3);
    expect([driver.in(0x3c9), driver.in(0x3c9), driver.in(0x3c9)]).toEqual([0x3f, 0x20, 0x01]);
    expect(driver.in(0x3c8)).toBe(9);
  });

  it('leaves a colour alone until its third component arrives', () => {
    const { driver } = adapter();
    driver.setColor(1, 1, 2, 3);
    driver.out(0x3c8, 1);
    driver.out(0x3c9, 9);
    driver.out(0x3c7, 1);
    expect(driver.in(0x3c9)).toBe(1);
  });
});

describe('input status 1', () => {
  it('shows 70 retraces a second in text mode', () => {
    const { driver, clock } = adapter();
    driver.setMode(VGA_MODES.text80x25);
    let retraces = 0;
    let before = driver.in(0x3da) & 8;
    for (let us = 0; us < 1_000_000; us += 20) {
      clock.advance(20_000);
      const now = driver.in(0x3da) & 8;
      if (now && !before) retraces++;
      before = now;
    }
    expect(retraces).toBe(70);
  });

  it('reports display disabled outside the visible part of a line', () => {
    const { driver, clock } = adapter();
    driver.setMode(VGA_MODES.planar640x480);
    expect(driver.in(0x3da) & 1).toBe(0);
    clock.advance(27_000);
    expect(driver.in(0x3da) & 1).toBe(1);
    clock.advance(6_000);
    expect(driver.in(0x3da) & 1).toBe(0);
  });
});

describe('planar memory', () => {
  function planar() {
    const device = adapter();
    device.driver.setMode(VGA_MODES.planar640x480);
    return device;
  }

  it('writes the planes of the map mask', () => {
    const { driver, memory } = planar();
    driver.outIndexed(0x3c4, 2, 0b0101);
    driver.poke(0xa0003, 0x5a);
    expect([0, 1, 2, 3].map((p) => plane(memory, p, 3))).toEqual([0x5a, 0, 0x5a, 0]);
  });

  it('write mode 0: rotates, replaces by set/reset, combines with the latches under the bit mask', () => {
    const { driver, memory } = planar();
    driver.poke(0xa0000, 0b1100_1100);
    driver.peek(0xa0000);
    driver.outIndexed(0x3ce, 0, 0b0010);
    driver.outIndexed(0x3ce, 1, 0b0011);
    driver.outIndexed(0x3ce, 3, 0b11_001);
    driver.outIndexed(0x3ce, 8, 0b0000_1111);
    driver.poke(0xa0000, 0b0000_0110);
    // Planes 0 and 1 take 0 and ones from set/reset, 2 and 3 the rotated byte; all XOR latch in the low four bits.
    expect([0, 1, 2, 3].map((p) => plane(memory, p, 0))).toEqual([0b1100_1100, 0b1100_0011, 0b1100_1111, 0b1100_1111]);
  });

  it('write mode 1 copies the latches', () => {
    const { driver, memory } = planar();
    for (let p = 0; p < 4; p++) {
      driver.outIndexed(0x3c4, 2, 1 << p);
      driver.poke(0xa0010, 0x11 * (p + 1));
    }
    driver.outIndexed(0x3c4, 2, 0x0f);
    driver.outIndexed(0x3ce, 5, 1);
    driver.peek(0xa0010);
    driver.poke(0xa0020, 0xff);
    expect([0, 1, 2, 3].map((p) => plane(memory, p, 0x20))).toEqual([0x11, 0x22, 0x33, 0x44]);
  });

  it('write mode 2 spreads the colour over the bit mask', () => {
    const { driver, memory } = planar();
    driver.outIndexed(0x3ce, 5, 2);
    driver.outIndexed(0x3ce, 8, 0x80);
    driver.peek(0xa0000);
    driver.poke(0xa0000, 0b1010);
    expect([0, 1, 2, 3].map((p) => plane(memory, p, 0))).toEqual([0, 0x80, 0, 0x80]);
  });

  it('write mode 3 uses the rotated byte as bit mask for set/reset', () => {
    const { driver, memory } = planar();
    driver.outIndexed(0x3ce, 0, 0b0110);
    driver.outIndexed(0x3ce, 5, 3);
    driver.peek(0xa0000);
    driver.poke(0xa0000, 0x3c);
    expect([0, 1, 2, 3].map((p) => plane(memory, p, 0))).toEqual([0, 0x3c, 0x3c, 0]);
  });

  it('reads one plane, or compares colours', () => {
    const { driver } = planar();
    driver.outIndexed(0x3c4, 2, 0b0011);
    driver.poke(0xa0000, 0xf0);
    driver.outIndexed(0x3c4, 2, 0b0100);
    driver.poke(0xa0000, 0xcc);
    driver.outIndexed(0x3ce, 4, 2);
    expect(driver.peek(0xa0000)).toBe(0xcc);
    driver.outIndexed(0x3ce, 5, 8);
    driver.outIndexed(0x3ce, 2, 0b0011);
    driver.outIndexed(0x3ce, 7, 0b1111);
    expect(driver.peek(0xa0000)).toBe(0x30);
  });

  it('chain-4 memory is linear and obeys the map mask', () => {
    const { driver, memory } = adapter();
    driver.setMode(VGA_MODES.mode13h);
    driver.poke(0xa0000, 1, 2, 3, 4, 5);
    expect([...memory.subarray(0, 5)]).toEqual([1, 2, 3, 4, 5]);
    driver.outIndexed(0x3c4, 2, 0b1110);
    driver.poke(0xa0000, 9, 9);
    expect([...memory.subarray(0, 2)]).toEqual([1, 9]);
    expect(driver.peek(0xa0004)).toBe(5);
  });

  it('text memory puts characters into plane 0 and attributes into plane 1', () => {
    const { driver, memory } = adapter();
    driver.setMode(VGA_MODES.text80x25);
    driver.poke(0xb8000, 0x41, 0x07, 0x42, 0x1f);
    expect([plane(memory, 0, 0), plane(memory, 1, 0), plane(memory, 0, 2), plane(memory, 1, 2)]).toEqual([
      0x41, 0x07, 0x42, 0x1f,
    ]);
    expect([driver.peek(0xb8002), driver.peek(0xb8003)]).toEqual([0x42, 0x1f]);
  });

  it('answers only in the selected window, and only with memory enabled', () => {
    const { driver } = adapter();
    driver.setMode(VGA_MODES.text80x25);
    driver.poke(0xb8000, 0x41);
    expect(driver.peek(0xa0000)).toBe(0xff);
    expect(driver.peek(0xb0000)).toBe(0xff);
    driver.out(0x3c2, 0x65);
    expect(driver.peek(0xb8000)).toBe(0xff);
  });
});

describe('Bochs VBE', () => {
  it('reports identity, memory and capabilities', () => {
    const { driver } = adapter();
    expect(driver.dispiRead(0)).toBe(0xb0c5);
    driver.dispi(0, 0xb0c2);
    expect(driver.dispiRead(0)).toBe(0xb0c2);
    driver.dispi(0, 0x1234);
    expect(driver.dispiRead(0)).toBe(0xb0c2);
    expect(driver.dispiRead(10)).toBe(VIDEO_MEMORY_BYTES >> 16);
    driver.dispi(4, 2);
    expect([1, 2, 3].map((i) => driver.dispiRead(i))).toEqual([2560, 1600, 32]);
  });

  it('clears the screen on enabling unless told not to', () => {
    const { driver, memory } = adapter();
    memory.fill(0xee);
    driver.setDispiMode(640, 480, 32, 0x80);
    expect(memory[0]).toBe(0xee);
    driver.setDispiMode(640, 480, 32);
    expect(memory.subarray(0, 640 * 480 * 4).every((b) => b === 0)).toBe(true);
    expect(memory[640 * 480 * 4]).toBe(0xee);
  });

  it('keeps the visible rectangle inside video memory', () => {
    const { driver } = adapter();
    driver.setDispiMode(1024, 768, 32);
    expect(driver.dispiRead(7)).toBe(1024);
    driver.dispi(6, 0xffff);
    driver.dispi(8, 0xffff);
    driver.dispi(9, 0xffff);
    const [width, height, , , , virtualWidth, virtualHeight, x, y] = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((i) =>
      driver.dispiRead(i),
    ) as number[];
    expect(virtualWidth! * 4 * virtualHeight!).toBeLessThanOrEqual(VIDEO_MEMORY_BYTES);
    expect(x! + width!).toBeLessThanOrEqual(virtualWidth!);
    expect(y! + height!).toBeLessThanOrEqual(virtualHeight!);
  });

  it('shows the chosen bank at A0000h', () => {
    const { driver, memory } = adapter();
    driver.setDispiMode(800, 600, 8);
    driver.dispi(5, 3);
    driver.poke(0xa0010, 0x77);
    expect(memory[3 * 65536 + 0x10]).toBe(0x77);
    driver.dispi(5, 0x1ff);
    expect(driver.dispiRead(5)).toBe(3);
  });

  it('widens the palette to eight bits', () => {
    const { driver } = adapter();
    driver.setDispiMode(640, 480, 8, 0x20);
    driver.setColor(1, 0xff, 0x81, 0);
    driver.out(0x3c7, 1);
    expect([driver.in(0x3c9), driver.in(0x3c9)]).toEqual([0xff, 0x81]);
  });
});

describe('saved state', () => {
  it('restores an adapter that answers and writes alike', () => {
    const source = adapter();
    source.driver.setMode(VGA_MODES.planar640x480);
    source.driver.setColor(3, 1, 2, 3);
    source.driver.outIndexed(0x3ce, 8, 0x3c);
    source.driver.poke(0xa0000, 0xff);
    source.driver.peek(0xa0000);
    const state = source.vga.saveState();
    const target = adapter();
    target.vga.loadState(structuredClone(state));
    expect(target.vga.saveState()).toEqual(state);
    target.driver.poke(0xa0001, 0xff);
    expect(plane(target.memory, 0, 1)).toBe(0x3c);
  });
});
