import type { DisplayRegisters } from '../display-state.js';
import { General } from '../display-state.js';
import { ClockingMode, Crtc, CrtcMode, Misc, Seq, Status1 } from './registers.js';

/** Dot clocks by miscellaneous output bits 3:2; the external ones behave as the first. Hz. */
const DOT_CLOCKS = [25_175_000, 28_322_000, 25_175_000, 25_175_000];

/** Where the electron beam is, derived from virtual time and the CRTC's timing registers. */
export class CrtTiming {
  private lineNs = 31_778;
  private displayNs = 25_422;
  private totalLines = 525;
  private displayLines = 480;
  private retraceStart = 490;
  private retraceLines = 2;

  /** Recomputes the timing; to be called when a register it depends on has changed. */
  update(r: DisplayRegisters): void {
    const { crtc, sequencer } = r;
    const clocking = sequencer[Seq.clockingMode]!;
    const overflow = crtc[Crtc.overflow]!;
    const dots = (clocking & ClockingMode.eightDots ? 8 : 9) * (clocking & ClockingMode.halfDotClock ? 2 : 1);
    const characterNs = (dots * 1e9) / DOT_CLOCKS[(r.general[General.misc]! & Misc.clockSelect) >> 2]!;
    const lines = crtc[Crtc.modeControl]! & CrtcMode.halveVertical ? 2 : 1;
    this.lineNs = (crtc[Crtc.horizontalTotal]! + 5) * characterNs;
    this.displayNs = (crtc[Crtc.horizontalDisplayEnd]! + 1) * characterNs;
    this.totalLines = (tenBits(crtc[Crtc.verticalTotal]!, overflow, 0, 5) + 2) * lines;
    this.displayLines = (tenBits(crtc[Crtc.verticalDisplayEnd]!, overflow, 1, 6) + 1) * lines;
    const start = tenBits(crtc[Crtc.verticalRetraceStart]!, overflow, 2, 7);
    this.retraceStart = start * lines;
    this.retraceLines = ((crtc[Crtc.verticalRetraceEnd]! - start) & 0x0f || 16) * lines;
  }

  /** Frame time in ns. */
  get frameNs(): number {
    return this.lineNs * this.totalLines;
  }

  /** Display-disabled and vertical-retrace bits of input status 1 at a virtual time. */
  status1(nowNs: number): number {
    const inFrame = nowNs % this.frameNs;
    const line = Math.floor(inFrame / this.lineNs);
    const blank = line >= this.displayLines || inFrame - line * this.lineNs >= this.displayNs;
    const retrace = line >= this.retraceStart && line < this.retraceStart + this.retraceLines;
    return (blank ? Status1.displayDisabled : 0) | (retrace ? Status1.verticalRetrace | Status1.displayDisabled : 0);
  }
}

/** A ten-bit vertical register: eight bits of its own, bits 8 and 9 in the overflow register. */
export function tenBits(low: number, overflow: number, bit8: number, bit9: number): number {
  return low | (((overflow >> bit8) & 1) << 8) | (((overflow >> bit9) & 1) << 9);
}
