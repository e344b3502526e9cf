import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { testDisplay } from '../../../../../testing/display.js';
import { VGA_MODES, type VgaDriver, type VgaMode } from '../../../../../testing/vga-driver.js';
import { thumbnail } from './thumbnail.js';

const VIDEO_MEMORY_BYTES = 4 << 20;
/** A moment at which cursor and blinking characters show, and one at which neither does. */
const SHOWN_MS = 0;
const HIDDEN_MS = 690;

function display() {
  const d = testDisplay(VIDEO_MEMORY_BYTES);
  const { scanOut } = d;
  const pixel = (x: number, y: number) => {
    const word = scanOut.frame.pixels[y * scanOut.frame.width + x]!;
    expect(word >>> 24).toBe(0xff);
    return [word & 0xff, (word >> 8) & 0xff, (word >> 16) & 0xff];
  };
  const size = () => [scanOut.frame.width, scanOut.frame.height];
  return { ...d, pixel, size };
}

/** In a mode, with DAC entry i = (i, 63 - i, 2) for the first 64. */
function displayIn(mode: VgaMode) {
  const d = display();
  d.driver.setMode(mode);
  for (let i = 0; i < 64; i++) d.driver.setColor(i, i, 63 - i, 2);
  return d;
}

const widen = (six: number) => (six << 2) | (six >> 4);
const color = (index: number) => [widen(index), widen(63 - index), widen(2)];

/** DAC entries the BIOS' text palette leads attributes to. */
const EGA = [0, 1, 2, 3, 4, 5, 0x14, 7, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0x3e, 0x3f];

describe('text modes', () => {
  function text(mode: VgaMode = VGA_MODES.text80x25) {
    const d = displayIn(mode);
    // Glyph 41h: rows 81h, 01h, 0…; glyph C4h (line graphics): one full row.
    d.driver.loadFont(0x41, 16, [0x81, 0x01]);
    d.driver.loadFont(0xc4, 16, [0xff]);
    d.driver.loadFont(0x42, 16, [0xff]);
    d.driver.outIndexed(0x3d4, 0x0a, 0x20);
    return d;
  }

  it('draws nine-dot glyphs in their colours', () => {
    const { driver, scanOut, pixel, size } = text();
    driver.poke(0xb8000 + 2 * 81, 0x41, 0x1e);
    scanOut.update(SHOWN_MS);
    expect(size()).toEqual([720, 400]);
    const [x, y] = [9, 16];
    expect(pixel(x, y)).toEqual(color(EGA[14]!));
    expect(pixel(x + 1, y)).toEqual(color(EGA[1]!));
    expect(pixel(x + 7, y + 1)).toEqual(color(EGA[14]!));
    expect(pixel(x + 8, y + 1)).toEqual(color(EGA[1]!));
  });

  it('repeats the eighth dot of line graphics only', () => {
    const { driver, scanOut, pixel } = text();
    driver.poke(0xb8000, 0xc4, 0x07, 0x42, 0x07);
    scanOut.update(SHOWN_MS);
    expect(pixel(8, 0)).toEqual(color(7));
    expect(pixel(17, 0)).toEqual(color(0));
  });

  it('doubles dots at half the dot clock', () => {
    const { driver, scanOut, pixel, size } = text(VGA_MODES.text40x25);
    driver.poke(0xb8000, 0x41, 0x0f);
    scanOut.update(SHOWN_MS);
    expect(size()).toEqual([720, 400]);
    expect([pixel(0, 0), pixel(1, 0), pixel(2, 0)]).toEqual([color(EGA[15]!), color(EGA[15]!), color(0)]);
  });

  it('shows the cursor between its scan lines, blinking', () => {
    const { driver, scanOut, pixel } = text();
    driver.poke(0xb8000 + 2, 0x20, 0x07);
    driver.outIndexed(0x3d4, 0x0a, 13);
    driver.outIndexed(0x3d4, 0x0b, 14);
    driver.outIndexed(0x3d4, 0x0f, 1);
    scanOut.update(SHOWN_MS);
    expect([12, 13, 14, 15].map((y) => pixel(9, y))).toEqual([color(0), color(7), color(7), color(0)]);
    scanOut.update(HIDDEN_MS);
    expect(pixel(9, 13)).toEqual(color(0));
    expect(scanOut.changed.rects()).toEqual([{ x: 0, y: 0, width: 32, height: 16 }]);
  });

  it('blinks or brightens the background, as the attribute controller says', () => {
    const { driver, scanOut, pixel } = text();
    driver.poke(0xb8000, 0x41, 0x9e);
    scanOut.update(SHOWN_MS);
    expect([pixel(0, 0), pixel(1, 0)]).toEqual([color(EGA[14]!), color(1)]);
    scanOut.update(HIDDEN_MS);
    expect(pixel(0, 0)).toEqual(color(1));
    driver.outAttribute(0x10, 0x04);
    scanOut.update(HIDDEN_MS);
    expect([pixel(0, 0), pixel(1, 0)]).toEqual([color(EGA[14]!), color(EGA[9]!)]);
  });

  it('underlines blue-on-anything where the underline location is in the cell', () => {
    const { driver, scanOut, pixel } = text();
    driver.outIndexed(0x3d4, 0x14, 12);
    driver.poke(0xb8000, 0x20, 0x01, 0x20, 0x02);
    scanOut.update(SHOWN_MS);
    expect([pixel(4, 12), pixel(13, 12)]).toEqual([color(1), color(0)]);
  });

  it('takes attribute bit 3 as the choice between two fonts', () => {
    const { driver, scanOut, pixel } = text();
    driver.loadFont(0x41, 16, [0x40], 1);
    driver.outIndexed(0x3c4, 3, 0b0000_0100);
    driver.poke(0xb8000, 0x41, 0x0f, 0x41, 0x07);
    scanOut.update(SHOWN_MS);
    expect([pixel(0, 0), pixel(1, 0)]).toEqual([color(0), color(EGA[15]!)]);
    expect([pixel(9, 0), pixel(10, 0)]).toEqual([color(7), color(0)]);
  });

  it('scrolls by start address, splits by line compare, pans by dots', () => {
    const { driver, scanOut, pixel } = text();
    driver.poke(0xb8000 + 160, 0x41, 0x07);
    driver.outIndexed(0x3d4, 0x0d, 80);
    scanOut.update(SHOWN_MS);
    expect(pixel(0, 0)).toEqual(color(7));
    driver.poke(0xb8000, 0x42, 0x02);
    driver.outIndexed(0x3d4, 0x11, 0x0e);
    driver.outIndexed(0x3d4, 0x18, 199);
    driver.outIndexed(0x3d4, 0x07, 0x0f);
    driver.outIndexed(0x3d4, 0x09, 0x0f);
    scanOut.update(SHOWN_MS);
    expect([pixel(0, 0), pixel(0, 200)]).toEqual([color(7), color(2)]);
    driver.outAttribute(0x13, 6);
    scanOut.update(SHOWN_MS);
    expect(pixel(0, 0)).toEqual(color(7));
    expect(pixel(1, 0)).toEqual(color(0));
  });

  it('gives the characters as text', () => {
    const { driver, scanOut } = text();
    for (let i = 0; i < 2000; i++) driver.poke(0xb8000 + i * 2, 0x20, 0x07);
    [...'Hi'].forEach((c, i) => driver.poke(0xb8000 + 2 * (80 + i), c.charCodeAt(0)));
    driver.poke(0xb8000 + 2 * 160, 0xc9, 0x07, 0xcd, 0x07, 0x01, 0x07);
    expect(scanOut.text()).toBe('\nHi\n╔═☺\n');
    driver.setMode(VGA_MODES.mode13h);
    expect(scanOut.text()).toBeUndefined();
  });

  it('changes only the tiles of a changed cell', () => {
    const { driver, scanOut } = text();
    scanOut.update(SHOWN_MS);
    scanOut.update(SHOWN_MS);
    expect(scanOut.changed.any).toBe(false);
    driver.poke(0xb8000 + 2 * (80 * 3 + 10), 0x41, 0x07);
    scanOut.update(SHOWN_MS);
    expect(scanOut.changed.rects()).toEqual([{ x: 80, y: 48, width: 32, height: 16 }]);
  });
});

describe('graphics modes', () => {
  it('12h: four planes make sixteen colours', () => {
    const { driver, scanOut, pixel, size } = displayIn(VGA_MODES.planar640x480);
    driver.outIndexed(0x3ce, 5, 2);
    driver.outIndexed(0x3ce, 8, 0x40);
    driver.peek(0xa0000 + 80 * 5 + 2);
    driver.poke(0xa0000 + 80 * 5 + 2, 11);
    scanOut.update(SHOWN_MS);
    expect(size()).toEqual([640, 480]);
    expect([pixel(16, 5), pixel(17, 5), pixel(18, 5)]).toEqual([color(0), color(11), color(0)]);
  });

  it('12h: every pixel takes a bit from each plane, and only what changes is marked', () => {
    const { driver, memory, scanOut, pixel } = displayIn(VGA_MODES.planar640x480);
    const bytes = memory.subarray(0, 80 * 480 * 4);
    bytes.forEach((_, at) => (bytes[at] = Math.imul(at + 1, 0x9e37_79b1) >>> 24));
    scanOut.update(SHOWN_MS);
    for (const [x, y] of [[0, 0], [5, 0], [639, 0], [320, 200], [17, 333], [639, 479]] as const) {
      const at = (y * 80 + (x >> 3)) * 4;
      const attribute = [0, 1, 2, 3].reduce((sum, plane) => sum | (((bytes[at + plane]! >> (7 - (x & 7))) & 1) << plane), 0);
      expect(pixel(x, y)).toEqual(color(attribute));
    }
    bytes[(80 * 100 + 3) * 4]! ^= 1;
    bytes[(80 * 479 + 79) * 4 + 3]! ^= 0x80;
    driver.outIndexed(0x3d4, 0x0a, 0x20);
    scanOut.update(SHOWN_MS);
    expect(scanOut.changed.rects()).toEqual([
      { x: 16, y: 96, width: 16, height: 16 },
      { x: 624, y: 464, width: 16, height: 16 },
    ]);
  }); // prettier-ignore

  it('0Dh: 320 × 200 doubled both ways', () => {
    const { driver, scanOut, pixel, size } = displayIn(VGA_MODES.planar320x200);
    driver.outIndexed(0x3c4, 2, 0b0100);
    driver.poke(0xa0000 + 40, 0x80);
    scanOut.update(SHOWN_MS);
    expect(size()).toEqual([640, 400]);
    expect([pixel(0, 1), pixel(0, 2), pixel(1, 3), pixel(2, 2)]).toEqual([color(0), color(4), color(4), color(0)]);
  });

  it('13h: one byte a pixel, doubled both ways', () => {
    const { driver, scanOut, pixel, size } = displayIn(VGA_MODES.mode13h);
    driver.poke(0xa0000 + 320 * 10 + 7, 33);
    scanOut.update(SHOWN_MS);
    expect(size()).toEqual([640, 400]);
    expect([pixel(14, 20), pixel(15, 21), pixel(16, 20), pixel(14, 22)]).toEqual([
      color(33),
      color(33),
      color(0),
      color(0),
    ]);
  });

  it('mode X: pixel n in plane n & 3, pages by start address', () => {
    const { driver, scanOut, pixel, size } = displayIn(VGA_MODES.modeX);
    driver.outIndexed(0x3c4, 2, 0b0100);
    driver.poke(0xa0000 + 80 * 240 + 80 * 3 + 1, 50);
    driver.outIndexed(0x3d4, 0x0c, (80 * 240) >> 8);
    driver.outIndexed(0x3d4, 0x0d, (80 * 240) & 0xff);
    scanOut.update(SHOWN_MS);
    expect(size()).toEqual([640, 480]);
    expect([pixel(11, 6), pixel(12, 6), pixel(13, 7), pixel(14, 6)]).toEqual([
      color(0),
      color(50),
      color(50),
      color(0),
    ]);
  });

  it('04h: two bits a pixel, odd lines 8 KiB further', () => {
    const { driver, scanOut, pixel, size } = displayIn(VGA_MODES.cga320x200);
    driver.poke(0xb8000, 0b00_01_10_11);
    driver.poke(0xb8001, 0b11_00_00_00);
    driver.poke(0xba000, 0b01_00_00_00);
    scanOut.update(SHOWN_MS);
    expect(size()).toEqual([640, 400]);
    expect([0, 2, 4, 6, 8].map((x) => pixel(x, 0))).toEqual([0, 0x13, 0x15, 0x17, 0x17].map(color));
    expect([pixel(0, 2), pixel(0, 3), pixel(2, 2)]).toEqual([color(0x13), color(0x13), color(0)]);
  });

  it('06h: one bit a pixel', () => {
    const { driver, scanOut, pixel, size } = displayIn(VGA_MODES.cga640x200);
    driver.poke(0xb8000 + 1, 0x80);
    driver.poke(0xba000 + 80, 0x01);
    scanOut.update(SHOWN_MS);
    expect(size()).toEqual([640, 400]);
    expect([pixel(8, 0), pixel(9, 0), pixel(7, 6), pixel(7, 4)]).toEqual([
      color(0x17),
      color(0),
      color(0x17),
      color(0),
    ]);
  });

  it('splits the screen and pans planes', () => {
    const { driver, scanOut, pixel } = displayIn(VGA_MODES.planar640x480);
    driver.poke(0xa0000, 0x80);
    driver.poke(0xa0000 + 80 * 100, 0x10);
    driver.outIndexed(0x3d4, 0x0c, (80 * 100) >> 8);
    driver.outIndexed(0x3d4, 0x0d, (80 * 100) & 0xff);
    driver.outIndexed(0x3d4, 0x18, 99);
    driver.outIndexed(0x3d4, 0x11, 0x0c);
    driver.outIndexed(0x3d4, 0x07, 0x2e);
    driver.outIndexed(0x3d4, 0x09, 0x00);
    driver.outAttribute(0x10, 0x21);
    driver.outAttribute(0x13, 3);
    scanOut.update(SHOWN_MS);
    expect([pixel(0, 0), pixel(0, 100)]).toEqual([color(15), color(15)]);
    expect([pixel(3, 0), pixel(0, 99), pixel(0, 101)]).toEqual([color(0), color(0), color(0)]);
  });

  it('blanks the screen on request and brings it back', () => {
    const { driver, scanOut, pixel } = displayIn(VGA_MODES.mode13h);
    driver.poke(0xa0000, 33);
    scanOut.update(SHOWN_MS);
    driver.outIndexed(0x3c4, 1, 0x21);
    scanOut.update(SHOWN_MS);
    expect(pixel(0, 0)).toEqual([0, 0, 0]);
    driver.outIndexed(0x3c4, 1, 0x01);
    scanOut.update(SHOWN_MS);
    expect(pixel(0, 0)).toEqual(color(33));
  });

  it('follows the palette', () => {
    const { driver, scanOut, pixel } = displayIn(VGA_MODES.mode13h);
    scanOut.update(SHOWN_MS);
    driver.setColor(0, 63, 0, 0);
    scanOut.update(SHOWN_MS);
    expect(pixel(639, 399)).toEqual([255, 0, 0]);
  });
});

describe('the linear frame buffer', () => {
  const view = (memory: Uint8Array) => new DataView(memory.buffer, memory.byteOffset);

  it.each([
    {
      depth: 32,
      write: (m: DataView, at: number) => m.setUint32(at * 4, 0x00_12_34_56, true),
      rgb: [0x12, 0x34, 0x56],
    },
    {
      depth: 16,
      write: (m: DataView, at: number) => m.setUint16(at * 2, 0b10000_100001_00001, true),
      rgb: [132, 134, 8],
    },
    {
      depth: 15,
      write: (m: DataView, at: number) => m.setUint16(at * 2, 0b10000_00001_11111, true),
      rgb: [132, 8, 255],
    },
    {
      depth: 24,
      write: (m: DataView, at: number) => [0x56, 0x34, 0x12].forEach((b, i) => m.setUint8(at * 3 + i, b)),
      rgb: [0x12, 0x34, 0x56],
    },
    { depth: 8, write: (m: DataView, at: number) => m.setUint8(at, 9), rgb: [1, 2, 3] },
  ])('shows $depth bits a pixel', ({ depth, write, rgb }) => {
    const { driver, scanOut, pixel, size, memory } = display();
    driver.setDispiMode(800, 600, depth, 0x20);
    driver.setColor(9, 1, 2, 3);
    write(view(memory), 800 * 20 + 30);
    scanOut.update(SHOWN_MS);
    expect(size()).toEqual([800, 600]);
    expect([pixel(30, 20), pixel(31, 20), pixel(29, 20)]).toEqual([rgb, [0, 0, 0], [0, 0, 0]]);
  });

  it('pans over the virtual screen, at any byte', () => {
    const { driver, scanOut, pixel, memory } = display();
    driver.setDispiMode(640, 400, 8, 0x20);
    driver.setColor(9, 1, 2, 3);
    driver.dispi(6, 1024);
    memory[1024 * 7 + 5] = 9;
    scanOut.update(SHOWN_MS);
    expect(pixel(5, 7)).toEqual([1, 2, 3]);
    driver.dispi(8, 3);
    driver.dispi(9, 7);
    scanOut.update(SHOWN_MS);
    expect(pixel(2, 0)).toEqual([1, 2, 3]);
    expect(pixel(5, 7)).toEqual([0, 0, 0]);
  });

  it('shows four bits a pixel through the planes', () => {
    const { driver, scanOut, pixel, size } = displayIn(VGA_MODES.planar640x480);
    driver.setDispiMode(800, 600, 4);
    driver.outIndexed(0x3c4, 2, 0b0110);
    driver.poke(0xa0000 + 100 * 599, 0x01);
    scanOut.update(SHOWN_MS);
    expect(size()).toEqual([800, 600]);
    expect([pixel(7, 599), pixel(6, 599)]).toEqual([color(6), color(0)]);
  });

  it('is back in the VGA mode when switched off', () => {
    const { driver, scanOut, size } = displayIn(VGA_MODES.text80x25);
    driver.setDispiMode(1024, 768, 32);
    scanOut.update(SHOWN_MS);
    expect(size()).toEqual([1024, 768]);
    driver.dispi(4, 0);
    scanOut.update(SHOWN_MS);
    expect(size()).toEqual([720, 400]);
  });
});

describe('dirty tiles', () => {
  const place = fc.nat(0xffff);
  const write = fc.oneof(
    fc.record({ kind: fc.constant('window' as const), at: place, value: fc.nat(255) }),
    fc.record({ kind: fc.constant('register' as const), at: place, value: fc.nat(255) }),
    fc.record({ kind: fc.constant('color' as const), at: place, value: fc.nat(63) }),
    fc.record({ kind: fc.constant('linear' as const), at: fc.nat(VIDEO_MEMORY_BYTES - 1), value: fc.nat(255) }),
  );
  type Write = typeof write extends fc.Arbitrary<infer T> ? T : never;
  /** Registers a program changes inside a mode: start address, cursor, line compare, panning, map mask. */
  const REGISTERS = [0x0c, 0x0d, 0x0a, 0x0e, 0x0f, 0x18, 0x09, 0x13];

  function apply({ driver, memory }: ReturnType<typeof display>, w: Write): void {
    if (w.kind === 'window') driver.poke(0xa0000 + w.at, w.value);
    if (w.kind === 'window') driver.poke(0xb8000 + (w.at & 0x7fff), w.value);
    if (w.kind === 'register') driver.outIndexed(0x3d4, REGISTERS[w.at % REGISTERS.length]!, w.value);
    if (w.kind === 'color') driver.setColor(w.at & 0xff, w.value, w.value, w.value);
    if (w.kind === 'linear') memory[w.at % (1 << 21)] = w.value;
  }

  const setUps: readonly (readonly [string, (driver: VgaDriver) => void])[] = [
    ...Object.entries(VGA_MODES).map(([name, mode]) => [name, (d: VgaDriver) => d.setMode(mode)] as const),
    ['linear 640×480×32', (d) => d.setDispiMode(640, 480, 32)],
    ['linear 320×200×16', (d) => d.setDispiMode(320, 200, 16)],
    ['linear 328×200×15', (d) => d.setDispiMode(328, 200, 15)],
    ['linear 648×200×24', (d) => d.setDispiMode(648, 200, 24)],
    ['linear 328×240×8', (d) => d.setDispiMode(328, 240, 8)],
  ];

  it.each(setUps)('cover exactly what changed in %s', (_name, setMode) => {
    fc.assert(
      fc.property(
        fc.array(fc.array(write, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 4 }),
        (steps) => {
          const d = display();
          setMode(d.driver);
          d.scanOut.update(SHOWN_MS);
          let rebuilt = Uint32Array.from(d.scanOut.frame.pixels);
          for (const step of steps) {
            for (const w of step) apply(d, w);
            // Planar memory written behind the window's back is looked for at a slower pace.
            for (const w of step.slice(0, 1)) if (w.kind === 'linear') d.driver.poke(0xa0000, 0);
            d.scanOut.update(SHOWN_MS);
            const { frame, changed } = d.scanOut;
            if (rebuilt.length !== frame.pixels.length) rebuilt = new Uint32Array(frame.pixels.length);
            for (const r of changed.rects()) {
              for (let y = r.y; y < r.y + r.height; y++) {
                const at = y * frame.width + r.x;
                rebuilt.set(frame.pixels.subarray(at, at + r.width), at);
              }
            }
          }
          const fresh = d.secondScanOut();
          fresh.update(SHOWN_MS);
          d.scanOut.update(SHOWN_MS);
          expect(rebuilt.findIndex((word, i) => word !== fresh.frame.pixels[i])).toBe(-1);
        },
      ),
      { numRuns: 12, seed: 7 },
    );
  });
});

describe('thumbnails', () => {
  it('average what they shrink and never grow', () => {
    const pixels = Uint32Array.of(
      0xff000000,
      0xff0000ff,
      0xff000000,
      0xff0000ff,
      0xff00ff00,
      0xff00ff00,
      0xff00ff00,
      0xff00ff00,
    );
    expect(thumbnail({ width: 4, height: 2, pixels }, 2)).toEqual({
      width: 2,
      height: 1,
      pixels: Uint32Array.of(0xff008040, 0xff008040),
    });
    expect(thumbnail({ width: 4, height: 2, pixels }, 100).width).toBe(4);
  });
});
