/**
 * The monitor's identity as the guest reads it. Source: VESA Enhanced EDID Standard, release A, revision 2 (EDID 1.4).
 */
export const EDID_BYTES = 128;

/** VESA Display Monitor Timing: 1024 × 768 at 60 Hz, the monitor's preferred mode. Pixels, lines and 10 kHz. */
const PREFERRED = {
  clock: 6500,
  width: 1024,
  horizontalBlank: 320,
  horizontalFront: 24,
  horizontalSync: 136,
  height: 768,
  verticalBlank: 38,
  verticalFront: 3,
  verticalSync: 6,
} as const;

/** Image size in millimetres: 96 dots an inch. */
const WIDTH_MM = 271;
const HEIGHT_MM = 203;

/** Standard timings (section 3.9): width and the code of the aspect ratio (0 = 16:10, 1 = 4:3, 2 = 5:4, 3 = 16:9), 60 Hz. */
const STANDARD_TIMINGS = [
  [1280, 0],
  [1280, 2],
  [1440, 0],
  [1600, 1],
  [1680, 0],
  [1920, 3],
  [1920, 0],
] as const;

/** Established timings I and II (section 3.8): 640 × 480, 800 × 600 and 1024 × 768 at 60 Hz. */
const ESTABLISHED = [0x21, 0x08] as const;

export function monitorEdid(): Uint8Array {
  const edid = new Uint8Array(EDID_BYTES);
  edid.set([0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00]);
  edid.set(manufacturer('ANX'), 8);
  edid.set([0x01, 0x00], 10);
  // Model year 2025, EDID 1.4.
  edid.set([0xff, 2025 - 1990, 1, 4], 16);
  // Digital, 8 bits a colour; size in cm; gamma 2.2; preferred timing is the native one.
  edid.set([0xa0, Math.round(WIDTH_MM / 10), Math.round(HEIGHT_MM / 10), 120, 0x02], 20);
  // sRGB chromaticities.
  edid.set([0xee, 0x91, 0xa3, 0x54, 0x4c, 0x99, 0x26, 0x0f, 0x50, 0x54], 25);
  edid.set(ESTABLISHED, 35);
  for (let i = 0; i < 8; i++) edid.set(standardTiming(i), 38 + i * 2);
  edid.set(detailedTiming(), 54);
  edid.set(textDescriptor(0xfc, 'Annex'), 72);
  edid.set(textDescriptor(0xff, '1'), 90);
  edid.set([0, 0, 0, 0x10], 108);
  edid[EDID_BYTES - 1] = -edid.reduce((sum, byte) => sum + byte, 0);
  return edid;
}

/** Three letters of five bits, big endian. */
function manufacturer(id: string): [number, number] {
  const [a, b, c] = [...id].map((letter) => letter.charCodeAt(0) - 0x40) as [number, number, number];
  const word = (a << 10) | (b << 5) | c;
  return [word >> 8, word & 0xff];
}

function standardTiming(index: number): [number, number] {
  const timing = STANDARD_TIMINGS[index];
  return timing ? [timing[0] / 8 - 31, timing[1] << 6] : [0x01, 0x01];
}

/** Detailed timing descriptor (section 3.10.2). */
function detailedTiming(): number[] {
  const p = PREFERRED;
  return [
    p.clock & 0xff,
    p.clock >> 8,
    p.width & 0xff,
    p.horizontalBlank & 0xff,
    ((p.width >> 8) << 4) | (p.horizontalBlank >> 8),
    p.height & 0xff,
    p.verticalBlank & 0xff,
    ((p.height >> 8) << 4) | (p.verticalBlank >> 8),
    p.horizontalFront,
    p.horizontalSync,
    (p.verticalFront << 4) | p.verticalSync,
    0,
    WIDTH_MM & 0xff,
    HEIGHT_MM & 0xff,
    ((WIDTH_MM >> 8) << 4) | (HEIGHT_MM >> 8),
    0,
    0,
    // Digital separate sync.
    0x18,
  ];
}

/** Display descriptor with up to 13 characters (section 3.10.3). */
function textDescriptor(tag: number, text: string): number[] {
  const characters = [...text].map((c) => c.charCodeAt(0));
  const padding = new Array<number>(13 - characters.length).fill(0x20);
  if (padding.length > 0) padding[0] = 0x0a;
  return [0, 0, 0, tag, 0, ...characters, ...padding];
}
