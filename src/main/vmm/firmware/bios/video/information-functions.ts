import { BDA } from '../data-area.js';
import type { ServiceCall } from '../service-call.js';
import { setVideoFlag } from './palette-functions.js';
import type { Screen } from './screen.js';

/** Analogue colour VGA in the display combination code. */
const VGA_COLOUR = 0x08;
const SUPPORTED = 0x12;
/** Static functionality table: all modes, all scan lines, two fonts at once, every service of a VGA. */
const FUNCTIONALITY = [
  0xff, 0xe0, 0x0f, 0, 0, 0, 0, 0x07, 0x02, 0x08, 0xe7, 0x0c, 0, 0, 0, 0,
] as const; // prettier-ignore
/** 256 KiB of video memory in 64 KiB steps, less one. */
const MEMORY_CODE = 3;

const SCAN_LINE_FLAGS: Readonly<Record<number, number>> = { 0: 0x80, 1: 0x00, 2: 0x10 };

/** AH=12h: alternate select. */
function alternateSelect(call: ServiceCall, screen: Screen): void {
  switch (call.bl) {
    case 0x10:
      call.bx = (screen.modeNumber === 7 || screen.modeNumber === 0x0f ? 0x100 : 0) | MEMORY_CODE;
      call.cx = 0x0009;
      return;
    case 0x30: {
      const flags = SCAN_LINE_FLAGS[call.al];
      if (flags === undefined) return;
      setVideoFlag(screen, 0x90, false);
      setVideoFlag(screen, flags, true);
      break;
    }
    case 0x31:
      setVideoFlag(screen, 0x08, (call.al & 1) !== 0);
      break;
    case 0x33:
      setVideoFlag(screen, 0x02, (call.al & 1) === 0);
      break;
    case 0x34: {
      const control = screen.memory.read8(BDA.videoControl);
      screen.memory.write8(BDA.videoControl, (control & ~1) | (call.al & 1));
      break;
    }
    case 0x32:
      screen.vga.misc = (screen.vga.misc & ~2) | (call.al & 1 ? 0 : 2);
      break;
    case 0x36:
      screen.vga.sequencer(1, (screen.vga.readSequencer(1) & ~0x20) | (call.al & 1 ? 0x20 : 0));
      break;
    default:
      return;
  }
  call.al = SUPPORTED;
}

function displayCombination(call: ServiceCall, screen: Screen): void {
  if (call.al === 0) {
    call.bx = screen.memory.read8(BDA.displayCombination);
    call.al = 0x1a;
  } else if (call.al === 1) {
    screen.memory.write8(BDA.displayCombination, call.bl);
    call.al = 0x1a;
  }
}

/** AH=1Bh: 64 bytes at ES:DI. */
function functionality(call: ServiceCall, screen: Screen, tablePointer: number): void {
  if (call.bx !== 0) return;
  const at = call.address('es', call.di);
  const { memory } = screen;
  memory.fill(at, 64, 0);
  memory.write32(at, tablePointer);
  memory.writeBytes(at + 0x04, memory.readBytes(BDA.videoMode, 30));
  memory.write8(at + 0x22, memory.read8(BDA.videoRows) + 1);
  memory.write16(at + 0x23, screen.characterHeight);
  memory.write8(at + 0x25, VGA_COLOUR);
  memory.write16(at + 0x27, screen.mode?.kind === 'packed256' ? 256 : 16);
  memory.write8(at + 0x29, screen.mode?.pages ?? 1);
  memory.write8(at + 0x2a, screen.mode?.misc === 0xe3 ? 3 : 2);
  memory.write8(at + 0x31, MEMORY_CODE);
  call.al = 0x1b;
}

/** The static functionality table, for the ROM. */
export const STATIC_FUNCTIONALITY = Uint8Array.from(FUNCTIONALITY);

/** Bytes of AH=1Ch's blocks: CX bit 0 hardware, 1 data area, 2 DAC. */
const HARDWARE_BYTES = 5 + 25 + 20 + 9 + 4;
const DATA_AREA_BYTES = 0x60;
const DAC_BYTES = 3 * 256 + 1;

function saveStateBytes(mask: number): number {
  return (mask & 1 ? HARDWARE_BYTES : 0) + (mask & 2 ? DATA_AREA_BYTES : 0) + (mask & 4 ? DAC_BYTES : 0);
}

/** AH=1Ch: save and restore state at ES:BX. */
function saveRestore(call: ServiceCall, screen: Screen): void {
  const mask = call.cx & 7;
  if (call.al === 0) call.bx = Math.ceil(saveStateBytes(mask) / 64);
  else if (call.al === 1) saveVideoState(screen, mask, call.address('es', call.bx));
  else if (call.al === 2) restoreVideoState(screen, mask, call.address('es', call.bx));
  else return;
  call.al = 0x1c;
}

/** Writes what `mask` names to `at`; the layout is ours and only {@link restoreVideoState} reads it. */
export function saveVideoState(screen: Screen, mask: number, at: number): void {
  const { memory, vga } = screen;
  const bytes: number[] = [];
  if (mask & 1) {
    bytes.push(vga.misc);
    for (let i = 1; i < 5; i++) bytes.push(vga.readSequencer(i));
    for (let i = 0; i < 25; i++) bytes.push(vga.readCrtc(i));
    for (let i = 0; i < 20; i++) bytes.push(vga.readAttribute(i));
    for (let i = 0; i < 9; i++) bytes.push(vga.readGraphics(i));
    bytes.push(0, 0, 0, 0);
  }
  if (mask & 2) bytes.push(...memory.readBytes(BDA.videoMode, DATA_AREA_BYTES));
  if (mask & 4) {
    bytes.push(vga.pelMask);
    for (let i = 0; i < 256; i++) {
      const { red, green, blue } = vga.colour(i);
      bytes.push(red, green, blue);
    }
  }
  memory.writeBytes(at, Uint8Array.from(bytes));
}

export function restoreVideoState(screen: Screen, mask: number, at: number): void {
  const { memory, vga } = screen;
  const bytes = memory.readBytes(at, saveStateBytes(mask));
  let next = 0;
  if (mask & 1) {
    vga.misc = bytes[next++]!;
    for (let i = 1; i < 5; i++) vga.sequencer(i, bytes[next++]!);
    vga.crtc(0x11, bytes[next + 0x11]! & 0x7f);
    for (let i = 0; i < 25; i++) vga.crtc(i, bytes[next++]!);
    for (let i = 0; i < 20; i++) vga.attribute(i, bytes[next++]!);
    for (let i = 0; i < 9; i++) vga.graphics(i, bytes[next++]!);
    next += 4;
  }
  if (mask & 2) {
    // Only the video part: what lies between (ticks, keyboard) belongs to others.
    const video = bytes.subarray(next, next + DATA_AREA_BYTES);
    memory.writeBytes(BDA.videoMode, video.subarray(0, BDA.ticks - BDA.videoMode));
    memory.writeBytes(BDA.videoRows, video.subarray(BDA.videoRows - BDA.videoMode, BDA.videoRows - BDA.videoMode + 7));
    next += DATA_AREA_BYTES;
  }
  if (mask & 4) {
    vga.setPelMask(bytes[next++]!);
    for (let i = 0; i < 256; i++, next += 3) {
      vga.setColour(i, { red: bytes[next]!, green: bytes[next + 1]!, blue: bytes[next + 2]! });
    }
  }
}

/** INT 10h AH=12h, 1Ah, 1Bh and 1Ch. */
export function informationFunction(call: ServiceCall, screen: Screen): void {
  if (call.ah === 0x12) alternateSelect(call, screen);
  else if (call.ah === 0x1a) displayCombination(call, screen);
  else if (call.ah === 0x1b) functionality(call, screen, screen.functionalityPointer);
  else saveRestore(call, screen);
}
