import type { BusHandler } from '../main/vmm/bus/access.js';

/** The register file a BIOS loads for a mode. */
export interface VgaMode {
  readonly misc: number;
  readonly sequencer: readonly number[];
  readonly crtc: readonly number[];
  readonly graphics: readonly number[];
  readonly attribute: readonly number[];
}

const hex = (text: string): number[] => text.split(' ').map((byte) => parseInt(byte, 16));
const IDENTITY_PALETTE = '00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f';
const EGA_PALETTE = '00 01 02 03 04 05 14 07 38 39 3a 3b 3c 3d 3e 3f';
const CRTC_640 = '5f 4f 50 82 54 80';
const CRTC_320 = '2d 27 28 90 2b 80';
const NO_CURSOR = '00 00 00 00 00 00';

/** Parameters of the standard modes (IBM PS/2 and PC BIOS Interface Technical Reference, video parameter tables). */
export const VGA_MODES = {
  text80x25: {
    misc: 0x67,
    sequencer: hex('03 00 03 00 02'),
    crtc: hex('5f 4f 50 82 55 81 bf 1f 00 4f 0d 0e 00 00 00 00 9c 8e 8f 28 1f 96 b9 a3 ff'),
    graphics: hex('00 00 00 00 00 10 0e 00 ff'),
    attribute: hex(`${EGA_PALETTE} 0c 00 0f 08 00`),
  },
  text40x25: {
    misc: 0x67,
    sequencer: hex('03 08 03 00 02'),
    crtc: hex('2d 27 28 90 2b a0 bf 1f 00 4f 0d 0e 00 00 00 00 9c 8e 8f 14 1f 96 b9 a3 ff'),
    graphics: hex('00 00 00 00 00 10 0e 00 ff'),
    attribute: hex(`${EGA_PALETTE} 0c 00 0f 08 00`),
  },
  cga320x200: {
    misc: 0x63,
    sequencer: hex('03 09 03 00 02'),
    crtc: hex(`${CRTC_320} bf 1f 00 c1 ${NO_CURSOR} 9c 8e 8f 14 00 96 b9 a2 ff`),
    graphics: hex('00 00 00 00 00 30 0f 00 ff'),
    attribute: hex('00 13 15 17 02 04 06 07 10 11 12 13 14 15 16 17 01 00 03 00 00'),
  },
  cga640x200: {
    misc: 0x63,
    sequencer: hex('03 01 01 00 06'),
    crtc: hex(`${CRTC_640} bf 1f 00 c1 ${NO_CURSOR} 9c 8e 8f 28 00 96 b9 c2 ff`),
    graphics: hex('00 00 00 00 00 00 0d 00 ff'),
    attribute: hex('00 17 17 17 17 17 17 17 17 17 17 17 17 17 17 17 01 00 01 00 00'),
  },
  planar320x200: {
    misc: 0x63,
    sequencer: hex('03 09 0f 00 06'),
    crtc: hex(`${CRTC_320} bf 1f 00 c0 ${NO_CURSOR} 9c 8e 8f 14 00 96 b9 e3 ff`),
    graphics: hex('00 00 00 00 00 00 05 0f ff'),
    attribute: hex(`${IDENTITY_PALETTE} 01 00 0f 00 00`),
  },
  planar640x480: {
    misc: 0xe3,
    sequencer: hex('03 01 0f 00 06'),
    crtc: hex(`${CRTC_640} 0b 3e 00 40 ${NO_CURSOR} ea 8c df 28 00 e7 04 e3 ff`),
    graphics: hex('00 00 00 00 00 00 05 0f ff'),
    attribute: hex(`${IDENTITY_PALETTE} 01 00 0f 00 00`),
  },
  mode13h: {
    misc: 0x63,
    sequencer: hex('03 01 0f 00 0e'),
    crtc: hex(`${CRTC_640} bf 1f 00 41 ${NO_CURSOR} 9c 8e 8f 28 40 96 b9 a3 ff`),
    graphics: hex('00 00 00 00 00 40 05 0f ff'),
    attribute: hex(`${IDENTITY_PALETTE} 41 00 0f 00 00`),
  },
  /** 320 × 240, unchained: "mode X". */
  modeX: {
    misc: 0xe3,
    sequencer: hex('03 01 0f 00 06'),
    crtc: hex(`${CRTC_640} 0d 3e 00 41 ${NO_CURSOR} ea ac df 28 00 e7 06 e3 ff`),
    graphics: hex('00 00 00 00 00 40 05 0f ff'),
    attribute: hex(`${IDENTITY_PALETTE} 41 00 0f 00 00`),
  },
} as const satisfies Record<string, VgaMode>;

/** The adapter as a guest reaches it. */
export interface VgaWires {
  readonly ports: BusHandler;
  readonly dispiPorts: BusHandler;
  readonly window: BusHandler;
}

/** A guest's display driver: programs the adapter through its ports and window as real ones do. */
export class VgaDriver {
  constructor(private readonly wires: VgaWires) {}

  in(port: number): number {
    return this.wires.ports.read(port - 0x3b0, 1);
  }

  out(port: number, value: number): void {
    this.wires.ports.write(port - 0x3b0, value, 1);
  }

  /** Index and data in one 16-bit access. */
  outIndexed(port: number, index: number, value: number): void {
    this.wires.ports.write(port - 0x3b0, index | (value << 8), 2);
  }

  inIndexed(port: number, index: number): number {
    this.out(port, index);
    return this.in(port + 1);
  }

  outAttribute(index: number, value: number): void {
    this.in(0x3da);
    this.out(0x3c0, index);
    this.out(0x3c0, value);
    this.out(0x3c0, 0x20);
  }

  dispi(index: number, value: number): void {
    this.wires.dispiPorts.write(0, index, 2);
    this.wires.dispiPorts.write(1, value, 2);
  }

  dispiRead(index: number): number {
    this.wires.dispiPorts.write(0, index, 2);
    return this.wires.dispiPorts.read(1, 2);
  }

  setMode(mode: VgaMode): void {
    this.out(0x3c2, mode.misc);
    mode.sequencer.forEach((value, i) => this.outIndexed(0x3c4, i, value));
    this.outIndexed(0x3d4, 0x11, mode.crtc[0x11]! & 0x7f);
    mode.crtc.forEach((value, i) => this.outIndexed(0x3d4, i, value));
    mode.graphics.forEach((value, i) => this.outIndexed(0x3ce, i, value));
    this.in(0x3da);
    mode.attribute.forEach((value, i) => {
      this.out(0x3c0, i);
      this.out(0x3c0, value);
    });
    this.out(0x3c0, 0x20);
    this.out(0x3c6, 0xff);
  }

  /** DISPI mode as a video BIOS sets it; `enable` are the bits besides "enabled" and "linear". */
  setDispiMode(width: number, height: number, bitsPerPixel: number, enable = 0): void {
    this.dispi(4, 0);
    this.dispi(1, width);
    this.dispi(2, height);
    this.dispi(3, bitsPerPixel);
    this.dispi(4, 0x41 | enable);
    this.in(0x3da);
    this.out(0x3c0, 0x20);
  }

  setColor(index: number, red: number, green: number, blue: number): void {
    this.out(0x3c8, index);
    for (const component of [red, green, blue]) this.out(0x3c9, component);
  }

  /** @param address physical, in A0000h–BFFFFh */
  poke(address: number, ...bytes: readonly number[]): void {
    bytes.forEach((byte, i) => this.wires.window.write(address - 0xa0000 + i, byte, 1));
  }

  peek(address: number): number {
    return this.wires.window.read(address - 0xa0000, 1);
  }

  /** Loads glyphs into plane 2 as a BIOS does, and puts the text registers back. */
  loadFont(firstCharacter: number, rowsPerGlyph: number, rows: readonly number[], bank = 0): void {
    this.outIndexed(0x3c4, 2, 0x04);
    this.outIndexed(0x3c4, 4, 0x06);
    this.outIndexed(0x3ce, 5, 0x00);
    this.outIndexed(0x3ce, 6, 0x04);
    rows.forEach((row, i) => {
      const character = firstCharacter + Math.floor(i / rowsPerGlyph);
      this.poke(0xa0000 + bank * 0x4000 + character * 32 + (i % rowsPerGlyph), row);
    });
    this.outIndexed(0x3c4, 2, 0x03);
    this.outIndexed(0x3c4, 4, 0x02);
    this.outIndexed(0x3ce, 5, 0x10);
    this.outIndexed(0x3ce, 6, 0x0e);
  }
}
