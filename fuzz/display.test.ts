import { describe, expect, it } from 'vitest';
import { MAX_SCREEN_HEIGHT, MAX_SCREEN_WIDTH } from '../src/main/vmm/devices/display/display-source.js';
import { RegisterBar } from '../src/main/vmm/devices/display/register-bar.js';
import { testDisplay, TEST_VIDEO_MEMORY_BYTES } from '../src/testing/display.js';
import { VGA_MODES, type VgaMode } from '../src/testing/vga-driver.js';

const SEEDS = [1, 2, 3, 4];
const ROUNDS = 40;
const WRITES_PER_ROUND = 60;
const VIDEO_MEMORY_BYTES = 4 << 20;

/** Lies behind video memory and is never written by the guest, nor any value a palette could make of it. */
const FORBIDDEN = 0x5a;
const FORBIDDEN_PIXEL = 0xff5a_5a5a;

/** Marsaglia's xorshift32. */
function generator(seed: number): (limit: number) => number {
  let x = Math.imul(seed, 0x9e37_79b1) | 1;
  return (limit) => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) % limit;
  };
}

describe('a guest that writes garbage to the display adapter', () => {
  it.each(SEEDS)('gets a bounded picture of its own memory (seed %i)', (seed) => {
    const random = generator(seed);
    const byte = () => {
      const value = random(256);
      return value === FORBIDDEN ? 0 : value;
    };
    const whole = testDisplay(TEST_VIDEO_MEMORY_BYTES).memory;
    const { vga, driver, scanOut } = testDisplay(VIDEO_MEMORY_BYTES);
    whole.fill(FORBIDDEN, VIDEO_MEMORY_BYTES);
    const bar = new RegisterBar(vga);
    const modes: readonly VgaMode[] = Object.values(VGA_MODES);
    const sizes = [1, 2, 4] as const;

    const actions = [
      () => driver.outIndexed([0x3c4, 0x3ce, 0x3d4, 0x3b4][random(4)]!, random(0x40), byte()),
      () => driver.outAttribute(random(32), byte()),
      () => vga.ports.write(random(0x30), random(2 ** 32), sizes[random(3)]!),
      () => vga.ports.read(random(0x30), sizes[random(3)]!),
      () => vga.window.write(random(0x2_0000), byte() | (byte() << 8), sizes[random(3)]!),
      () => vga.window.read(random(0x2_0000), sizes[random(3)]!),
      () => driver.dispi(random(16), random(2) ? random(0x1_0000) : random(0x800)),
      () => driver.setDispiMode(random(3000), random(2000), [4, 8, 15, 16, 24, 32, 77][random(7)]!, random(2) * 0xa0),
      () => driver.setMode(modes[random(modes.length)]!),
      () => bar.write(random(0x1000), random(2 ** 32), sizes[random(3)]!),
      () => bar.read(random(0x1000), sizes[random(3)]!),
      () => vga.loadState(vga.saveState()),
    ];

    for (let round = 0; round < ROUNDS; round++) {
      for (let i = 0; i < WRITES_PER_ROUND; i++) actions[random(actions.length)]!();
      if (random(2)) driver.outAttribute(0x10, byte());
      scanOut.update(random(100_000));
      const { width, height, pixels } = scanOut.frame;
      expect(width).toBeLessThanOrEqual(MAX_SCREEN_WIDTH);
      expect(height).toBeLessThanOrEqual(MAX_SCREEN_HEIGHT);
      expect(pixels.length).toBe(width * height);
      if (scanOut.mode.kind !== 'linear' || scanOut.mode.depth > 16)
        expect(pixels.includes(FORBIDDEN_PIXEL)).toBe(false);
      for (const r of scanOut.changed.rects()) {
        expect(r.x + r.width).toBeLessThanOrEqual(width);
        expect(r.y + r.height).toBeLessThanOrEqual(height);
      }
      scanOut.text();
    }
    expect(whole.subarray(VIDEO_MEMORY_BYTES).every((value) => value === FORBIDDEN)).toBe(true);
  });
});
