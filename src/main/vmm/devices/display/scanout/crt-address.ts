import type { DisplayRegisters } from '../display-state.js';
import { tenBits } from '../vga/crt-timing.js';
import {
  Attr,
  AttrMode,
  ClockingMode,
  Crtc,
  CrtcMode,
  Gfx,
  GfxMisc,
  MaxScanLine,
  MemoryMode,
  Seq,
  Underline,
} from '../vga/registers.js';

/** Turns the CRTC's address counter into an offset in the planes, as the mode-control bits wire it. */
export class CrtAddress {
  private doubleWord = false;
  private byteMode = false;
  private linear = false;
  private wrapShift = 13;
  private replace13 = false;
  private replace14 = false;

  update({ crtc, sequencer }: DisplayRegisters): void {
    const mode = crtc[Crtc.modeControl]!;
    this.doubleWord = (crtc[Crtc.underline]! & Underline.doubleWord) !== 0;
    this.byteMode = (mode & CrtcMode.byteMode) !== 0;
    // Chain-4 memory is kept linear (see PlanarMemory), so double words need no scaling there.
    this.linear = (sequencer[Seq.memoryMode]! & MemoryMode.chain4) !== 0;
    this.wrapShift = mode & CrtcMode.wrapBit15 ? 15 : 13;
    this.replace13 = (mode & CrtcMode.keepBit13) === 0;
    this.replace14 = (mode & CrtcMode.keepBit14) === 0;
  }

  /** Successive counts are successive addresses, but where wrapped or replaced bits break in. */
  get steps(): boolean {
    return this.byteMode && !this.doubleWord;
  }

  /** @param rowScan scan line within the character row, which CGA and Hercules modes put into the address */
  planeOffset(counter: number, rowScan: number): number {
    let a = counter;
    if (this.doubleWord) {
      if (!this.linear) a = (counter << 2) | ((counter >> 14) & 3);
    } else if (!this.byteMode) {
      a = (counter << 1) | ((counter >> this.wrapShift) & 1);
    }
    if (this.replace13) a = (a & ~0x2000) | ((rowScan & 1) << 13);
    if (this.replace14) a = (a & ~0x4000) | ((rowScan & 2) << 13);
    return a & 0xffff;
  }
}

/** A run of scan lines that belong to one row of characters (or repeat one row of pixels). */
export interface RowBand {
  /** First scan line on the screen. */
  readonly y: number;
  readonly height: number;
  /** Row scan of the first line: not 0 after a preset row scan. */
  readonly firstScan: number;
  /** Address counter at the left edge. */
  readonly counter: number;
  /** Dots the row is shifted to the left. */
  readonly pan: number;
}

/** Scan lines of the screen and where each row of it starts: start address, row offset, split screen, preset, panning. */
export function rowBands(r: DisplayRegisters, screenLines: number): RowBand[] {
  const { crtc, attribute } = r;
  const maxScan = crtc[Crtc.maxScanLine]!;
  const repeat = maxScan & MaxScanLine.doubleScan ? 2 : 1;
  const rowLines = ((maxScan & MaxScanLine.rows) + 1) * repeat;
  const step = crtc[Crtc.offset]! * 2;
  const split = lineCompare(crtc);
  const topPan = panDots(r);
  const bottomPan = attribute[Attr.mode]! & AttrMode.panTopOnly ? 0 : topPan;

  const bands: RowBand[] = [];
  let counter = ((crtc[Crtc.startHigh]! << 8) | crtc[Crtc.startLow]!) + ((crtc[Crtc.presetRowScan]! >> 5) & 3);
  let scan = Math.min((crtc[Crtc.presetRowScan]! & 0x1f) * repeat, rowLines - 1);
  for (let y = 0; y < screenLines;) {
    const below = y > split;
    const end = Math.min(y + rowLines - scan, screenLines, below ? screenLines : split + 1);
    bands.push({ y, height: end - y, firstScan: scan, counter, pan: below ? bottomPan : topPan });
    scan = 0;
    counter = !below && end === split + 1 ? 0 : counter + step;
    y = end;
  }
  return bands;
}

/** Row scan a line of a band shows, double scanning taken out. */
export function rowScanOf(r: DisplayRegisters, band: RowBand, line: number): number {
  const scan = band.firstScan + line;
  return r.crtc[Crtc.maxScanLine]! & MaxScanLine.doubleScan ? scan >> 1 : scan;
}

/** Horizontal panning in pixels of the screen. Nine-dot cells count from 8 (none) over 0 (one dot) to 7 (eight). */
function panDots({ sequencer, graphics, attribute }: DisplayRegisters): number {
  const clocking = sequencer[Seq.clockingMode]!;
  const value = attribute[Attr.panning]!;
  const eightDots = clocking & ClockingMode.eightDots || graphics[Gfx.misc]! & GfxMisc.graphics;
  const dots = eightDots ? value & 7 : value < 8 ? value + 1 : 0;
  return clocking & ClockingMode.halfDotClock ? dots * 2 : dots;
}

/** Last scan line above the split. */
function lineCompare(crtc: Uint8Array): number {
  const bit9 = crtc[Crtc.maxScanLine]! & MaxScanLine.lineCompareBit9 ? 0x200 : 0;
  const lines = tenBits(crtc[Crtc.lineCompare]!, crtc[Crtc.overflow]!, 4, 8) | bit9;
  return crtc[Crtc.modeControl]! & CrtcMode.halveVertical ? lines * 2 + 1 : lines;
}
