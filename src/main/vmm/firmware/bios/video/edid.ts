import { checksum } from '../../tables/table-writer.js';

const WIDTH = 1024;
const HEIGHT = 768;

/** A detailed timing of VESA DMT 1024×768 at 60 Hz: 65 MHz, blanking 320×38, sync 24+136 and 3+6. */
const TIMING = [
  0x64, 0x19, WIDTH & 0xff, 0x40, ((WIDTH >> 8) << 4) | 0x01, HEIGHT & 0xff, 0x26, (HEIGHT >> 8) << 4, 0x18, 0x88, 0x36, 0x00,
  0x40, 0xf0, 0x10, 0, 0, 0x18,
]; // prettier-ignore

/** ASCII descriptor (EDID 1.3, 3.10.3): tag FCh is the monitor's name. */
function textDescriptor(tag: number, text: string): number[] {
  return [0, 0, 0, tag, 0, ...Array.from(`${text}\n`.padEnd(13, ' ').slice(0, 13), (c) => c.charCodeAt(0))];
}

/** The monitor: EDID 1.3 of a 4:3 display that takes the common VESA timings. */
export function edid(): Uint8Array {
  const bytes = Uint8Array.from([
    0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00,
    0x05, 0xd8, 0x01, 0x00, 0x01, 0x00, 0x00, 0x00, 0x01, 36, 1, 3, // maker "ANX", week 1 of 2026, EDID 1.3
    0x0f, 32, 24, 0x78, 0x0a, 0xee, 0x91, 0xa3, 0x54, 0x4c, 0x99, 0x26, 0x0f, 0x50, 0x54, // analogue, size, gamma 2.2, sRGB
    0x21, 0x08, 0x00, // 640×480, 800×600 and 1024×768 at 60 Hz
    0x61, 0x40, 0x81, 0x80, 0x81, 0xc0, 0x95, 0x00, 0xa9, 0x40, 0xb3, 0x00, 0xd1, 0xc0, 0x01, 0x01,
    ...TIMING, ...textDescriptor(0xfc, 'Annex display'),
    0, 0, 0, 0xfd, 0, 50, 75, 30, 82, 20, 0, 10, 32, 32, 32, 32, 32, 32,
    ...textDescriptor(0xff, '1'),
    0, 0,
  ]); // prettier-ignore
  bytes[127] = checksum(bytes.subarray(0, 127));
  return bytes;
}
