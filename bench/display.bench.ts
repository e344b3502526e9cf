import { encodeUpdate, updateBytes } from '../src/main/vmm/devices/display/stream/encode.js';
import { UpdateBuffers } from '../src/main/vmm/devices/display/stream/update-buffers.js';
import { testDisplay } from '../src/testing/display.js';
import { VGA_MODES, type VgaDriver } from '../src/testing/vga-driver.js';
import { median, spread, type Figure } from './lib/figure.js';

const FRAMES = 120;
const WARM_UP = 30;
/** Frames a second the load is stated for. */
const RATE = 30;
const MAX_LOAD = 0.1;

interface Scene {
  readonly name: string;
  setMode(driver: VgaDriver): void;
  /** What the guest does between two frames; not measured. */
  draw(frame: number, memory: Uint8Array, driver: VgaDriver): void;
}

/** Makes every pixel of the visible part different from the frame before. */
function everyPixel(bytes: number) {
  return (frame: number, memory: Uint8Array): void => {
    const words = new Uint32Array(memory.buffer, memory.byteOffset, bytes >> 2);
    for (let i = 0; i < words.length; i++) words[i] = Math.imul(i + frame, 0x9e37_79b1);
  };
}

const SCENES: readonly Scene[] = [
  {
    name: '1024×768×32, every pixel changes',
    setMode: (driver) => driver.setDispiMode(1024, 768, 32),
    draw: everyPixel(1024 * 768 * 4),
  },
  {
    name: '1024×768×32, nothing changes',
    setMode: (driver) => driver.setDispiMode(1024, 768, 32),
    draw: () => undefined,
  },
  {
    name: '640×480, 16 colours, every pixel changes',
    setMode: (driver) => driver.setMode(VGA_MODES.planar640x480),
    draw: (frame, memory, driver) => {
      everyPixel(80 * 480 * 4)(frame, memory);
      driver.poke(0xa0000, frame);
    },
  },
  {
    name: '80×25 text, every cell changes',
    setMode: (driver) => driver.setMode(VGA_MODES.text80x25),
    draw: (frame, _memory, driver) => {
      for (let i = 0; i < 4000; i++) driver.poke(0xb8000 + i, i + frame);
    },
  },
  {
    name: '80×25 text, nothing changes',
    setMode: (driver) => driver.setMode(VGA_MODES.text80x25),
    draw: () => undefined,
  },
];

/** Milliseconds each frame takes to scan out and encode. */
function frameTimes(scene: Scene): number[] {
  const { driver, memory, scanOut } = testDisplay();
  scene.setMode(driver);
  const times: number[] = [];
  const buffers = new UpdateBuffers();
  for (let frame = 0; frame < FRAMES + WARM_UP; frame++) {
    scene.draw(frame, memory, driver);
    const start = performance.now();
    scanOut.update(0);
    if (scanOut.changed.any) {
      const rects = scanOut.changed.rects();
      const buffer = buffers.take(updateBytes(rects));
      encodeUpdate(scanOut.frame, rects, frame, buffer);
      buffers.give(buffer);
    }
    if (frame >= WARM_UP) times.push(performance.now() - start);
  }
  return times;
}

/** Scan-out and encoding on the I/O thread: time a frame, and the share of a core at 30 frames a second. */
export default function display(): Promise<Figure[]> {
  return Promise.resolve(
    SCENES.map((scene) => {
      const times = frameTimes(scene);
      const load = (median(times) * RATE) / 1000;
      return {
        figure: `${scene.name}, ms a frame`,
        value: spread(times),
        goal: `≤ ${MAX_LOAD * 100} % of a core at ${RATE}/s`,
        met: load <= MAX_LOAD,
        note: `${(load * 100).toFixed(1)} %`,
      };
    }),
  );
}
