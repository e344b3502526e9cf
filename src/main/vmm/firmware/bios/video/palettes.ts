import type { PaletteName } from './modes.js';
import type { Rgb } from './vga-registers.js';

const grey = (level: number): Rgb => ({ red: level, green: level, blue: level });

/** The 16 CGA colours: bit 0 blue, 1 green, 2 red, 3 intensity; dark yellow is brown. */
function cga(index: number): Rgb {
  if (index === 6) return { red: 0x2a, green: 0x15, blue: 0 };
  const low = index & 8 ? 0x15 : 0;
  const level = (bit: number): number => low + (index & bit ? 0x2a : 0);
  return { red: level(4), green: level(2), blue: level(1) };
}

/** EGA colour numbers: primaries in bits 0–2 weigh two thirds, the secondary bits 3–5 one third. */
function ega(index: number): Rgb {
  const level = (primary: number, secondary: number): number =>
    (index & primary ? 0x2a : 0) + (index & secondary ? 0x15 : 0);
  return { red: level(0x04, 0x20), green: level(0x02, 0x10), blue: level(0x01, 0x08) };
}

const MONOCHROME_LEVELS = [0x00, 0x2a, 0x2a, 0x3f];

/** Grey ramp of colours 16–31 of mode 13h. */
const GREYS = [
  0x00, 0x05, 0x08, 0x0b, 0x0e, 0x11, 0x14, 0x18, 0x1c, 0x20, 0x24, 0x28, 0x2d, 0x32, 0x38, 0x3f,
] as const; // prettier-ignore

/** Five steps from off to full for each brightness × saturation of colours 32–247 of mode 13h. */
const RAMPS = [
  [0x00, 0x10, 0x1f, 0x2f, 0x3f], [0x1f, 0x27, 0x2f, 0x37, 0x3f], [0x2d, 0x31, 0x36, 0x3a, 0x3f],
  [0x00, 0x07, 0x0e, 0x15, 0x1c], [0x0e, 0x11, 0x15, 0x18, 0x1c], [0x14, 0x16, 0x18, 0x1a, 0x1c],
  [0x00, 0x04, 0x08, 0x0c, 0x10], [0x08, 0x0a, 0x0c, 0x0e, 0x10], [0x0b, 0x0c, 0x0d, 0x0f, 0x10],
] as const; // prettier-ignore

/** Hue 0–23 around the circle from blue through red and green, four steps a sixth. */
function hue(step: number, ramp: readonly number[]): Rgb {
  const up = ramp[step % 4]!;
  const down = ramp[4 - (step % 4)]!;
  const [off, full] = [ramp[0]!, ramp[4]!];
  const sixths: readonly (readonly [number, number, number])[] = [
    [up, off, full], [full, off, down], [full, up, off], [down, full, off], [off, full, up], [off, down, full],
  ]; // prettier-ignore
  const [red, green, blue] = sixths[Math.floor(step / 4)]!;
  return { red, green, blue };
}

function vga256(index: number): Rgb {
  if (index < 16) return cga(index);
  if (index < 32) return grey(GREYS[index - 16]!);
  if (index >= 248) return grey(0);
  return hue((index - 32) % 24, RAMPS[Math.floor((index - 32) / 24)]!);
}

const BUILDERS: Readonly<Record<PaletteName, (index: number) => Rgb>> = {
  monochrome: (index) => grey(MONOCHROME_LEVELS[(index >> 3) & 3]!),
  cga: (index) => cga((index & 7) | ((index & 0x10) >> 1)),
  ega,
  vga256,
};

/** DAC contents a mode set loads: 64 colours, or all 256 for mode 13h. */
export function palette(name: PaletteName): readonly Rgb[] {
  return Array.from({ length: name === 'vga256' ? 256 : 64 }, (_, index) => BUILDERS[name](index));
}

/** NTSC luminance weights, as INT 10h AX=101Bh sums to grey. */
export function toGrey({ red, green, blue }: Rgb): Rgb {
  return grey(Math.min(0x3f, Math.round(0.3 * red + 0.59 * green + 0.11 * blue)));
}
