import { CODE_SEGMENT } from '../../rom/bios-rom.js';
import { BDA } from '../data-area.js';
import type { ServiceCall } from '../service-call.js';
import { loadGlyphs } from './fonts.js';
import type { FontHeight, Screen } from './screen.js';

const VECTOR_UPPER_GLYPHS = 0x1f * 4;
const VECTOR_GLYPHS = 0x43 * 4;

/** AL & 0Fh of the ROM-font functions → height. */
const ROM_FONTS: Readonly<Record<number, FontHeight>> = { 1: 14, 2: 8, 4: 16 };
/** BL of the graphics-font functions → rows; 0 takes DL. */
const ROWS: Readonly<Record<number, number>> = { 1: 14, 2: 25, 3: 43 };

/** Copies the caller's glyphs: ES:BP, CX of them from character DX, BH bytes each, into block BL. */
function loadUserFont(call: ServiceCall, screen: Screen): void {
  const height = Math.min(Math.max(call.bh, 1), 32);
  const count = Math.min(call.cx, 256);
  const bytes = screen.memory.readBytes(call.address('es', call.bp), count * height);
  loadGlyphs(screen.memory, screen.vga, { bytes, height, first: call.dx & 0xff }, call.bl & 7);
  if (call.al & 0x10) screen.setCharacterHeight(height);
}

function loadRomFont(call: ServiceCall, screen: Screen): void {
  const height = ROM_FONTS[call.al & 0x0f];
  if (height === undefined) return;
  screen.loadRomFont(height, call.bl & 7);
  if (call.al & 0x10) screen.setCharacterHeight(height);
}

function setGraphicsGlyphs(call: ServiceCall, screen: Screen, height: number): void {
  const rows = call.bl === 0 ? call.dl : (ROWS[call.bl] ?? 25);
  screen.memory.write8(BDA.videoRows, Math.max(rows, 1) - 1);
  screen.memory.write16(BDA.characterHeight, height);
}

function setUserGraphicsFont(call: ServiceCall, screen: Screen): void {
  screen.memory.write16(VECTOR_GLYPHS, call.bp);
  screen.memory.write16(VECTOR_GLYPHS + 2, call.es);
  setGraphicsGlyphs(call, screen, Math.min(Math.max(call.cx, 1), 32));
}

interface FarPointer {
  readonly segment: number;
  readonly offset: number;
}

/** BH of AX=1130h → the table asked for. */
function tablePointer(selector: number, screen: Screen): FarPointer {
  const vector = (at: number): FarPointer => ({
    offset: screen.memory.read16(at),
    segment: screen.memory.read16(at + 2),
  });
  const inRom = (address: number): FarPointer => ({ segment: CODE_SEGMENT, offset: address & 0xffff });
  switch (selector) {
    case 0:
      return vector(VECTOR_UPPER_GLYPHS);
    case 1:
      return vector(VECTOR_GLYPHS);
    case 2:
    case 5:
      return inRom(screen.fontAddress(14));
    case 3:
      return inRom(screen.fontAddress(8));
    case 4:
      return inRom(screen.upperFont8);
    default:
      return inRom(screen.fontAddress(16));
  }
}

function fontInformation(call: ServiceCall, screen: Screen): void {
  const { segment, offset } = tablePointer(call.bh, screen);
  call.cx = screen.characterHeight;
  call.dl = screen.rows - 1;
  call.setSegment('es', segment);
  call.bp = offset;
}

/** INT 10h AH=11h: character generator. */
export function fontFunction(call: ServiceCall, screen: Screen): void {
  const function_ = call.al;
  if (function_ === 0x30) fontInformation(call, screen);
  else if (function_ === 0x03) screen.vga.sequencer(3, call.bl);
  else if (function_ === 0x20) screen.memory.write32(VECTOR_UPPER_GLYPHS, call.bp | (call.es << 16));
  else if (function_ === 0x21) setUserGraphicsFont(call, screen);
  else if (function_ >= 0x22 && function_ <= 0x24) {
    const height = ([14, 8, 16] as const)[function_ - 0x22]!;
    screen.useGlyphs(height);
    setGraphicsGlyphs(call, screen, height);
  } else if ((function_ & 0x2f) === 0) loadUserFont(call, screen);
  else if ((function_ & 0xe0) === 0) loadRomFont(call, screen);
}
