import { General, type DisplayRegisters } from '../display-state.js';
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
  Misc,
  Seq,
} from './registers.js';

/** Geometry of a four-bit DISPI mode in pixels. */
export interface PlanarGeometry {
  readonly width: number;
  readonly height: number;
  readonly virtualWidth: number;
  readonly xOffset: number;
  readonly yOffset: number;
}

/** Loads the VGA registers a four-bit DISPI mode stands for: there the VGA's own planar path makes the picture. */
export function programPlanarDispi(r: DisplayRegisters, g: PlanarGeometry): void {
  const lines = g.height - 1;
  const start = (g.yOffset * g.virtualWidth + g.xOffset) >> 3;
  const { crtc } = r;
  r.general[General.misc]! |= Misc.colorAddress | Misc.enableRam;
  r.sequencer[Seq.clockingMode] = ClockingMode.eightDots;
  r.sequencer[Seq.memoryMode] = MemoryMode.extended | MemoryMode.oddEvenOff;
  r.graphics[Gfx.mode] = 0;
  r.graphics[Gfx.misc] = GfxMisc.graphics | 0x04;
  r.attribute[Attr.mode] = AttrMode.graphics;
  crtc[Crtc.horizontalDisplayEnd] = (g.width >> 3) - 1;
  crtc[Crtc.offset] = g.virtualWidth >> 4;
  crtc[Crtc.startHigh] = start >> 8;
  crtc[Crtc.startLow] = start;
  crtc[Crtc.presetRowScan] = 0;
  crtc[Crtc.underline] = 0;
  crtc[Crtc.modeControl] = CrtcMode.keepBit13 | CrtcMode.keepBit14 | CrtcMode.byteMode | CrtcMode.syncEnable;
  crtc[Crtc.verticalDisplayEnd] = lines;
  // Bits 8 and 9 of the display end, bit 8 of line compare; line compare beyond the last line: no split.
  crtc[Crtc.overflow] = ((lines >> 7) & 0x02) | ((lines >> 3) & 0x40) | 0x10;
  crtc[Crtc.lineCompare] = 0xff;
  crtc[Crtc.maxScanLine] = MaxScanLine.lineCompareBit9;
}
