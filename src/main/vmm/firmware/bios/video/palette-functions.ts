import { BDA } from '../data-area.js';
import type { ServiceCall } from '../service-call.js';
import { toGrey } from './palettes.js';
import type { Screen } from './screen.js';
import type { VgaRegisters } from './vga-registers.js';

const OVERSCAN = 0x11;
const MODE_CONTROL = 0x10;
const COLOUR_SELECT = 0x14;

type PaletteFunction = (call: ServiceCall, vga: VgaRegisters, screen: Screen) => void;

/** Component triplets at ES:DX, CX of them from register BX. */
function* tripletAddresses(call: ServiceCall): Generator<{ index: number; address: number }> {
  for (let i = 0; i < Math.min(call.cx, 256); i++) {
    yield { index: (call.bx + i) & 0xff, address: call.address('es', call.dx + i * 3) };
  }
}

function setColours(call: ServiceCall, vga: VgaRegisters, screen: Screen): void {
  for (const { index, address } of tripletAddresses(call)) {
    const [red, green, blue] = screen.memory.readBytes(address, 3);
    vga.setColour(index, { red: red!, green: green!, blue: blue! });
  }
}

function getColours(call: ServiceCall, vga: VgaRegisters, screen: Screen): void {
  for (const { index, address } of tripletAddresses(call)) {
    const { red, green, blue } = vga.colour(index);
    screen.memory.writeBytes(address, Uint8Array.of(red, green, blue));
  }
}

/** AX=1013h: BL=0 chooses 4 pages of 64 or 16 of 16 colours, BL=1 the page. */
function selectColourPage(call: ServiceCall, vga: VgaRegisters): void {
  const mode = vga.readAttribute(MODE_CONTROL);
  if (call.bl === 0) vga.attribute(MODE_CONTROL, (mode & 0x7f) | ((call.bh & 1) << 7));
  else vga.attribute(COLOUR_SELECT, mode & 0x80 ? call.bh & 0x0f : (call.bh & 3) << 2);
}

function getColourPage(call: ServiceCall, vga: VgaRegisters): void {
  const mode = vga.readAttribute(MODE_CONTROL) >> 7;
  const select = vga.readAttribute(COLOUR_SELECT) & 0x0f;
  call.bl = mode;
  call.bh = mode ? select : select >> 2;
}

const FUNCTIONS: Readonly<Record<number, PaletteFunction>> = {
  0x00: (call, vga) => vga.attribute(call.bl & 0x1f, call.bh),
  0x01: (call, vga) => vga.attribute(OVERSCAN, call.bh),
  0x02: (call, vga, { memory }) => {
    for (let i = 0; i < 16; i++) vga.attribute(i, memory.read8(call.address('es', call.dx + i)));
    vga.attribute(OVERSCAN, memory.read8(call.address('es', call.dx + 16)));
  },
  0x03: (call, vga) => {
    const blink = call.bl & 1 ? 0x08 : 0;
    vga.attribute(MODE_CONTROL, (vga.readAttribute(MODE_CONTROL) & ~0x08) | blink);
  },
  0x07: (call, vga) => (call.bh = vga.readAttribute(call.bl & 0x1f)),
  0x08: (call, vga) => (call.bh = vga.readAttribute(OVERSCAN)),
  0x09: (call, vga, { memory }) => {
    for (let i = 0; i < 16; i++) memory.write8(call.address('es', call.dx + i), vga.readAttribute(i));
    memory.write8(call.address('es', call.dx + 16), vga.readAttribute(OVERSCAN));
  },
  0x10: (call, vga) => vga.setColour(call.bx & 0xff, { red: call.dh, green: call.ch, blue: call.cl }),
  0x12: setColours,
  0x13: selectColourPage,
  0x15: (call, vga) => {
    const { red, green, blue } = vga.colour(call.bl);
    call.dh = red;
    call.ch = green;
    call.cl = blue;
  },
  0x17: getColours,
  0x18: (call, vga) => vga.setPelMask(call.bl),
  0x19: (call, vga) => (call.bl = vga.pelMask),
  0x1a: getColourPage,
  0x1b: (call, vga) => {
    for (let i = 0; i < Math.min(call.cx, 256); i++) {
      const index = (call.bx + i) & 0xff;
      vga.setColour(index, toGrey(vga.colour(index)));
    }
  },
};

/** INT 10h AH=10h: palette registers and DAC. */
export function paletteFunction(call: ServiceCall, screen: Screen): void {
  FUNCTIONS[call.al]?.(call, screen.vga, screen);
}

/** Whether mode sets leave the palette alone (AX=1231h), and sum to grey (AX=1233h): bits of BDA 40:89h. */
export function setVideoFlag(screen: Screen, mask: number, on: boolean): void {
  const flags = screen.memory.read8(BDA.videoFlags);
  screen.memory.write8(BDA.videoFlags, on ? flags | mask : flags & ~mask);
}
