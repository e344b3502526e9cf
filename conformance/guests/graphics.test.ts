import { describe, expect, it } from 'vitest';
import type { KeyCode } from '../../src/shared/contract/input.js';
import { typeText } from '../../src/shared/input/us-layout.js';
import { grubRescue, isolinuxIso } from '../../src/testing/boot-media.js';
import { Guest } from '../../src/testing/guest.js';

const SECONDS = 40;
const TIMEOUT_MS = 4 * SECONDS * 1000;

/** Types on the keyboard, a key at a time. */
function typeKeys(guest: Guest, text: string): void {
  for (const stroke of typeText(text).strokes) {
    for (const event of stroke) {
      if (event.type !== 'key') continue;
      guest.machine.keyboard.key(event.code, event.down);
      guest.runUntil(() => true, 1);
    }
  }
}

function pixel(guest: Guest, x: number, y: number): number[] {
  const { width, pixels } = guest.picture();
  const word = pixels[y * width + x]!;
  return [word & 0xff, (word >> 8) & 0xff, (word >> 16) & 0xff];
}

/** Runs until the picture has this width and height. */
function waitForSize(guest: Guest, width: number, height: number): void {
  const reached = guest.runUntil(() => {
    const picture = guest.picture();
    return picture.width === width && picture.height === height;
  }, SECONDS);
  expect(reached, guest.screen).toBe(true);
}

describe('graphics of real boot loaders', () => {
  it(
    'GRUB draws its video test through VBE, at several depths',
    async () => {
      const guest = new Guest({
        cdrom: await grubRescue('cdrom.iso'),
        memoryMiB: 64,
        spec: { videoMemoryBytes: 16 << 20 },
      });
      guest.waitForScreen('Use the', SECONDS);
      typeKeys(guest, 'c');
      guest.waitForScreen('grub>', SECONDS);
      typeKeys(guest, 'insmod vbe\n');
      for (const depth of [32, 16]) {
        typeKeys(guest, `videotest 640x480x${depth}\n`);
        waitForSize(guest, 640, 480);
        const drawn = guest.runUntil(() => pixel(guest, 50, 130)[2] === 255, SECONDS);
        expect(drawn).toBe(true);
        expect([50, 150, 250].map((x) => pixel(guest, x, 50))).toEqual([
          [255, 0, 0],
          [0, 255, 0],
          [0, 0, 255],
        ]);
        expect(pixel(guest, 50, 130)).toEqual([0, 255, 255]);
        typeKeys(guest, ' ');
        guest.waitForScreen('grub>', SECONDS);
      }
    },
    TIMEOUT_MS,
  );

  it(
    'the graphical menu of ISOLINUX comes up and follows the arrow keys',
    async () => {
      const cdrom = await isolinuxIso({
        config: ['UI vesamenu.c32', 'MENU TITLE Menu', 'LABEL a', 'KERNEL a', 'LABEL b', 'KERNEL b', ''].join('\n'),
        modules: ['vesamenu.c32', 'libcom32.c32', 'libutil.c32'],
      });
      const guest = new Guest({ cdrom, memoryMiB: 64 });
      waitForSize(guest, 640, 480);
      /** Red share of the selection bar over the grey background, on the line of an entry. */
      const selected = (entry: number): boolean => {
        const [red, green] = pixel(guest, 400, 64 + entry * 16) as [number, number];
        return red - green > 10;
      };
      expect(guest.runUntil(() => selected(0), SECONDS)).toBe(true);
      expect(selected(1)).toBe(false);
      guest.press('ArrowDown' satisfies KeyCode);
      expect(guest.runUntil(() => selected(1), SECONDS)).toBe(true);
      expect(selected(0)).toBe(false);
    },
    TIMEOUT_MS,
  );
});
