import { CODE_SEGMENT, type BiosRom } from '../../rom/bios-rom.js';
import { TableWriter } from '../../tables/table-writer.js';
import { BDA } from '../data-area.js';
import type { ServiceCall } from '../service-call.js';
import { DISPI, DISPI_ENABLE, type Dispi } from './dispi.js';
import { edid } from './edid.js';
import { restoreVideoState, saveVideoState } from './information-functions.js';
import type { Screen } from './screen.js';
import { bytesPerPixel, vesaModes, type Depth, type VesaMode } from './vesa-modes.js';

const SUPPORTED = 0x4f;
const SUCCESS = 0x00;
const FAILED = 0x01;
const BLOCK_BYTES = 0x1_0000;
/** BDA byte no standard mode has: characters are not drawn in VBE modes. */
const NOT_A_STANDARD_MODE = 0x7f;
const VBE_MODE_ADDRESS = 0x4ba;

const MODE_FLAGS = { linear: 0x4000, keepMemory: 0x8000 } as const;
const MODE_NUMBER = 0x3fff;
/** Supported by hardware, optional information, colour, graphics, linear frame buffer. */
const MODE_ATTRIBUTES = 0x009b;
const WINDOW_ATTRIBUTES = 0x07;
const MODEL = { packed: 4, direct: 6 } as const;

/** Red, green, blue and reserved: size and position of each. */
const CHANNELS: Readonly<Record<Depth, readonly number[]>> = {
  8: [0, 0, 0, 0, 0, 0, 0, 0],
  15: [5, 10, 5, 5, 5, 0, 1, 15],
  16: [5, 11, 6, 5, 5, 0, 0, 0],
  24: [8, 16, 8, 8, 8, 0, 0, 0],
  32: [8, 16, 8, 8, 8, 0, 8, 24],
};

type VesaFunction = (call: ServiceCall) => boolean;

/** VESA BIOS Extension 3.0 (INT 10h AH=4Fh) on the Bochs display interface. */
export class VesaBios {
  private readonly functions: Readonly<Record<number, VesaFunction>> = {
    0x00: (call) => this.controllerInformation(call),
    0x01: (call) => this.modeInformation(call),
    0x02: (call) => this.setMode(call),
    0x03: (call) => this.currentMode(call),
    0x04: (call) => this.saveRestore(call),
    0x05: (call) => this.window(call),
    0x06: (call) => this.scanLineLength(call),
    0x07: (call) => this.displayStart(call),
    0x08: (call) => this.dacWidth(call),
    0x09: (call) => this.paletteData(call),
    0x15: (call) => this.displayIdentification(call),
  };

  constructor(
    private readonly screen: Screen,
    private readonly dispi: Dispi,
    private readonly rom: BiosRom,
    /** Where POST put the linear frame buffer. */
    private readonly frameBuffer: () => number,
  ) {}

  handle(call: ServiceCall): void {
    const function_ = this.functions[call.al];
    if (!function_ || !this.dispi.present) return;
    const ok = function_(call);
    call.al = SUPPORTED;
    call.ah = ok ? SUCCESS : FAILED;
  }

  /** Back to VGA modes. */
  disable(): void {
    if (this.dispi.present) this.dispi.write(DISPI.enable, 0);
    this.screen.memory.write16(VBE_MODE_ADDRESS, 0);
  }

  private get videoMemory(): number {
    return this.dispi.blocks * BLOCK_BYTES;
  }

  private find(number: number): VesaMode | undefined {
    return vesaModes(this.videoMemory).find((mode) => mode.number === number);
  }

  private get mode(): VesaMode | undefined {
    return this.find(this.screen.memory.read16(VBE_MODE_ADDRESS) & MODE_NUMBER);
  }

  private controllerInformation(call: ServiceCall): boolean {
    const { memory } = this.screen;
    const at = call.address('es', call.di);
    const version2 = memory.read32(at) === 0x3245_4256; // "VBE2"
    const pointer = (label: string): number => ((CODE_SEGMENT << 16) | (this.rom.address(label) & 0xffff)) >>> 0;
    const modeList = ((call.es << 16) | ((call.di + 0x22) & 0xffff)) >>> 0;
    const out = new TableWriter()
      .text('VESA')
      .u16(0x0300)
      .u32(pointer('oemName'))
      .u32(1)
      .u32(modeList)
      .u16(this.dispi.blocks);
    if (version2) out.u16(0x0100).u32(pointer('vendorName'), pointer('oemName'), pointer('oemName'));
    out.fill(0x22 - out.length, 0);
    for (const mode of vesaModes(this.videoMemory)) out.u16(mode.number);
    out.u16(0xffff);
    memory.writeBytes(
      at,
      out
        .fill(Math.max(0, 256 - out.length), 0)
        .bytes()
        .subarray(0, 256),
    );
    return true;
  }

  private modeInformation(call: ServiceCall): boolean {
    const mode = this.find(call.cx & MODE_NUMBER);
    if (!mode) return false;
    const { width, height, bitsPerPixel } = mode;
    const pitch = width * bytesPerPixel(bitsPerPixel);
    const pages = Math.min(Math.floor(this.videoMemory / (pitch * height)) - 1, 255);
    const channels = CHANNELS[bitsPerPixel];
    const out = new TableWriter()
      .u16(MODE_ATTRIBUTES).u8(WINDOW_ATTRIBUTES, 0).u16(64, 64, 0xa000, 0).u32(0).u16(pitch)
      .u16(width, height).u8(8, 16, 1, bitsPerPixel, 1, bitsPerPixel === 8 ? MODEL.packed : MODEL.direct, 0, pages, 1)
      .u8(...channels).u8(bitsPerPixel === 32 ? 2 : 0)
      .u32(this.frameBuffer(), 0).u16(0)
      .u16(pitch).u8(pages, pages).u8(...channels).u32(165_000_000); // prettier-ignore
    this.screen.memory.writeBytes(call.address('es', call.di), out.fill(256 - out.length, 0).bytes());
    return true;
  }

  private setMode(call: ServiceCall): boolean {
    const number = call.bx & 0x1ff;
    const keep = (call.bx & MODE_FLAGS.keepMemory) !== 0;
    if (number < 0x100) {
      this.disable();
      return this.screen.setMode(number | (keep ? 0x80 : 0));
    }
    const mode = this.find(number);
    if (!mode) return false;
    const { dispi } = this;
    const linear = (call.bx & MODE_FLAGS.linear) !== 0;
    dispi.write(DISPI.enable, 0);
    // 256-colour chained registers underneath: the banked window and the DAC behave as VBE programs expect.
    this.screen.setMode(0x13 | 0x80);
    dispi.write(DISPI.width, mode.width);
    dispi.write(DISPI.height, mode.height);
    dispi.write(DISPI.bitsPerPixel, mode.bitsPerPixel);
    const { enabled, linear: linearFlag, keepMemory } = DISPI_ENABLE;
    dispi.write(DISPI.enable, enabled | (linear ? linearFlag : 0) | (keep ? keepMemory : 0));
    dispi.write(DISPI.virtualWidth, mode.width);
    dispi.write(DISPI.bank, 0);
    this.describe(mode, call.bx);
    return true;
  }

  private describe(mode: VesaMode, request: number): void {
    const { memory } = this.screen;
    memory.write8(BDA.videoMode, NOT_A_STANDARD_MODE);
    memory.write16(BDA.videoColumns, mode.width >> 3);
    memory.write8(BDA.videoRows, (mode.height >> 4) - 1);
    memory.write16(BDA.characterHeight, 16);
    memory.write16(VBE_MODE_ADDRESS, mode.number | (request & (MODE_FLAGS.linear | MODE_FLAGS.keepMemory)));
  }

  private currentMode(call: ServiceCall): boolean {
    const vesa = this.screen.memory.read16(VBE_MODE_ADDRESS);
    call.bx = vesa === 0 ? this.screen.modeNumber : vesa;
    return true;
  }

  /** 4F04h: DL 0 size in 64-byte blocks, 1 save, 2 restore at ES:BX; CX bit 3 adds the display interface. */
  private saveRestore(call: ServiceCall): boolean {
    const { screen, dispi } = this;
    const at = call.address('es', call.bx);
    const mask = call.cx & 7;
    const room = 1024; // of the VGA part; the display interface's registers follow
    switch (call.dl) {
      case 0:
        call.bx = (room + 64) / 64;
        return true;
      case 1:
        dispi.save().forEach((value, i) => screen.memory.write16(at + room + i * 2, value));
        saveVideoState(screen, mask, at);
        return true;
      case 2:
        restoreVideoState(screen, mask, at);
        if (call.cx & 8) dispi.restore(Array.from({ length: 9 }, (_, i) => screen.memory.read16(at + room + i * 2)));
        return true;
      default:
        return false;
    }
  }

  /** 4F05h: the 64 KiB window at A0000h. */
  private window(call: ServiceCall): boolean {
    if (call.bl !== 0) return false;
    if (call.bh === 1) {
      call.dx = this.dispi.read(DISPI.bank);
      return true;
    }
    if (call.bh !== 0 || call.dx >= this.dispi.blocks) return false;
    this.dispi.write(DISPI.bank, call.dx);
    return true;
  }

  private scanLineLength(call: ServiceCall): boolean {
    const { mode, dispi } = this;
    if (!mode) return false;
    const bytes = bytesPerPixel(mode.bitsPerPixel);
    const maximum = Math.floor(this.videoMemory / (mode.height * bytes));
    const pixels = call.bl === 0 ? call.cx : Math.ceil(call.cx / bytes);
    if (call.bl === 0 || call.bl === 2) {
      if (pixels < mode.width || pixels > maximum) return false;
      dispi.write(DISPI.virtualWidth, pixels);
    } else if (call.bl === 3) {
      call.bx = Math.min(maximum * bytes, 0xffff);
      call.cx = Math.min(maximum, 0xffff);
      call.dx = mode.height;
      return true;
    } else if (call.bl !== 1) {
      return false;
    }
    const width = dispi.read(DISPI.virtualWidth) || mode.width;
    call.bx = width * bytes;
    call.cx = width;
    call.dx = Math.min(Math.floor(this.videoMemory / (width * bytes)), 0xffff);
    return true;
  }

  private displayStart(call: ServiceCall): boolean {
    const { dispi } = this;
    if (!this.mode) return false;
    if ((call.bl & 0x7f) === 0) {
      dispi.write(DISPI.xOffset, call.cx);
      dispi.write(DISPI.yOffset, call.dx);
      return true;
    }
    if (call.bl !== 1) return false;
    call.bh = 0;
    call.cx = dispi.read(DISPI.xOffset);
    call.dx = dispi.read(DISPI.yOffset);
    return true;
  }

  private dacWidth(call: ServiceCall): boolean {
    const { dispi } = this;
    if (this.mode?.bitsPerPixel !== 8) return false;
    const enable = dispi.read(DISPI.enable);
    if (call.bl === 0) {
      const dac8 = call.bh >= 8 ? DISPI_ENABLE.dac8 : 0;
      dispi.write(DISPI.enable, (enable & ~DISPI_ENABLE.dac8) | dac8 | DISPI_ENABLE.keepMemory);
    } else if (call.bl !== 1) {
      return false;
    }
    call.bh = dispi.read(DISPI.enable) & DISPI_ENABLE.dac8 ? 8 : 6;
    return true;
  }

  /** 4F09h: CX entries of blue, green, red, 0 from index DX at ES:DI. */
  private paletteData(call: ServiceCall): boolean {
    const { memory, vga } = this.screen;
    const get = call.bl === 1;
    if (!get && (call.bl & 0x7f) !== 0) return false;
    if (call.dx + call.cx > 256) return false;
    for (let i = 0; i < call.cx; i++) {
      const at = call.address('es', call.di + i * 4);
      if (get) {
        const { red, green, blue } = vga.colour(call.dx + i);
        memory.writeBytes(at, Uint8Array.of(blue, green, red, 0));
      } else {
        const [blue, green, red] = memory.readBytes(at, 3);
        vga.setColour(call.dx + i, { red: red!, green: green!, blue: blue! });
      }
    }
    return true;
  }

  /** 4F15h: DDC. */
  private displayIdentification(call: ServiceCall): boolean {
    if (call.bl === 0) {
      call.bx = 0x0002; // DDC2, a block takes well under a second
      return true;
    }
    if (call.bl !== 1 || call.dx !== 0) return false;
    call.memory.writeBytes(call.address('es', call.di), edid());
    return true;
  }
}
