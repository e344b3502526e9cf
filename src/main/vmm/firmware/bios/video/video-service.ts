import { BDA } from '../data-area.js';
import type { ServiceCall } from '../service-call.js';
import { fontFunction } from './font-functions.js';
import { informationFunction } from './information-functions.js';
import { paletteFunction } from './palette-functions.js';
import type { Screen } from './screen.js';
import type { VesaBios } from './vesa-bios.js';

type VideoFunction = (call: ServiceCall) => void;

/** INT 10h (IBM VGA BIOS interface; Ralf Brown's interrupt list for what programs expect of it). */
export class VideoService {
  private readonly functions: Readonly<Record<number, VideoFunction>>;

  constructor(
    private readonly screen: Screen,
    vesa: VesaBios,
  ) {
    this.functions = {
      0x00: (call) => this.setMode(call, vesa),
      0x01: (call) => screen.setCursorShape(call.cx),
      0x02: (call) => screen.setCursor(call.bh, call.dl, call.dh),
      0x03: (call) => this.getCursor(call),
      0x04: (call) => (call.ah = 0), // no light pen
      0x05: (call) => screen.setActivePage(call.al),
      0x06: (call) => this.scroll(call, 1),
      0x07: (call) => this.scroll(call, -1),
      0x08: (call) => this.readCharacter(call),
      0x09: (call) => this.writeCharacters(call, true),
      0x0a: (call) => this.writeCharacters(call, false),
      0x0b: (call) => this.setCgaPalette(call),
      0x0c: (call) => screen.surface?.putPixel(call.bh, call.cx, call.dx, call.al),
      0x0d: (call) => (call.al = screen.surface?.readPixel(call.bh, call.cx, call.dx) ?? 0),
      0x0e: (call) => screen.teletype(screen.activePage, call.al, screen.isText ? undefined : call.bl),
      0x0f: (call) => this.getMode(call),
      0x10: (call) => paletteFunction(call, screen),
      0x11: (call) => fontFunction(call, screen),
      0x12: (call) => informationFunction(call, screen),
      0x13: (call) => this.writeString(call),
      0x1a: (call) => informationFunction(call, screen),
      0x1b: (call) => informationFunction(call, screen),
      0x1c: (call) => informationFunction(call, screen),
      0x4f: (call) => vesa.handle(call),
    };
  }

  handle(call: ServiceCall): void {
    this.functions[call.ah]?.(call);
  }

  private setMode(call: ServiceCall, vesa: VesaBios): void {
    const request = call.al;
    vesa.disable();
    if (!this.screen.setMode(request)) return;
    const number = request & 0x7f;
    call.al = number > 7 ? 0x20 : number === 6 ? 0x3f : 0x30;
  }

  private getMode(call: ServiceCall): void {
    const { screen } = this;
    call.al = screen.modeNumber | (screen.memory.read8(BDA.videoControl) & 0x80);
    call.ah = screen.columns;
    call.bh = screen.activePage;
  }

  private getCursor(call: ServiceCall): void {
    const { column, row } = this.screen.cursor(call.bh);
    call.cx = this.screen.memory.read16(BDA.cursorShape);
    call.dx = column | (row << 8);
  }

  private scroll(call: ServiceCall, direction: 1 | -1): void {
    const { screen } = this;
    const [left, top] = [call.cl, call.ch];
    const [right, bottom] = [Math.min(call.dl, screen.columns - 1), Math.min(call.dh, screen.rows - 1)];
    if (left > right || top > bottom) return;
    const height = bottom - top + 1;
    const rows = call.al === 0 || call.al > height ? height : call.al;
    screen.surface?.scroll(screen.activePage, { left, top, right, bottom }, rows * direction, call.bh);
  }

  private readCharacter(call: ServiceCall): void {
    const cell = { page: call.bh & 7, ...this.screen.cursor(call.bh) };
    call.ax = this.screen.surface?.readCharacter(cell) ?? 0;
  }

  private writeCharacters(call: ServiceCall, withAttribute: boolean): void {
    const { screen } = this;
    const { surface } = screen;
    if (!surface) return;
    const page = call.bh & 7;
    const { column, row } = screen.cursor(page);
    const cells = screen.columns * screen.rows;
    const first = row * screen.columns + column;
    for (let at = first; at < Math.min(first + call.cx, cells); at++) {
      const cell = { page, column: at % screen.columns, row: Math.floor(at / screen.columns) };
      const keep = screen.isText && !withAttribute;
      surface.putCharacter(cell, call.al, keep ? surface.readCharacter(cell) >> 8 : call.bl);
    }
  }

  /** AH=0Bh: border and background (BH=0), or one of the two CGA palettes (BH=1). */
  private setCgaPalette(call: ServiceCall): void {
    const { vga } = this.screen;
    if (call.bh === 0) {
      const colour = (call.bl & 0x07) | ((call.bl & 0x08) << 1);
      vga.attribute(0x11, colour);
      if (!this.screen.isText) vga.attribute(0x00, colour);
    } else {
      for (let index = 1; index < 4; index++) vga.attribute(index, (vga.readAttribute(index) & 0xfe) | (call.bl & 1));
    }
  }

  /** AH=13h: ES:BP, CX characters, at DX; AL bit 0 moves the cursor, bit 1 each character has its attribute. */
  private writeString(call: ServiceCall): void {
    const { screen } = this;
    const page = call.bh & 7;
    const before = screen.cursor(page);
    const bytesEach = call.al & 2 ? 2 : 1;
    const byte = (offset: number): number => screen.memory.read8(call.address('es', call.bp + offset));
    screen.setCursor(page, call.dl, call.dh);
    for (let i = 0; i < call.cx; i++) {
      screen.teletype(page, byte(i * bytesEach), bytesEach === 2 ? byte(i * 2 + 1) : call.bl);
    }
    if (!(call.al & 1)) screen.setCursor(page, before.column, before.row);
  }
}
