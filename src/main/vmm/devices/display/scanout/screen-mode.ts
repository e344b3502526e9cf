import { MAX_SCREEN_HEIGHT, MAX_SCREEN_WIDTH } from '../display-source.js';
import { DispiEnable, DispiIndex, dispiPitch } from '../dispi.js';
import { General, type DisplayRegisters } from '../display-state.js';
import { tenBits } from '../vga/crt-timing.js';
import { Attr, AttrMode, ClockingMode, Crtc, CrtcMode, Gfx, GfxMisc, GfxMode, Seq } from '../vga/registers.js';

interface Size {
  readonly width: number;
  readonly height: number;
}

/** Depths of the linear frame buffer. */
export type LinearDepth = 8 | 15 | 16 | 24 | 32;

/** What the registers put on the screen. Sizes in pixels of the picture a monitor would show. */
export type ScreenMode =
  | ({ readonly kind: 'blank' } & Size)
  | ({ readonly kind: 'text'; readonly columns: number; readonly cellWidth: number } & Size)
  /** `dots` is how often each pixel is repeated to the right. */
  | ({
      readonly kind: 'planar';
      readonly pixels: '16-colors' | '4-colors' | '256-colors';
      readonly columns: number;
      readonly dots: number;
    } & Size)
  | ({ readonly kind: 'linear'; readonly depth: LinearDepth; readonly pitch: number; readonly start: number } & Size);

/** The screen of an adapter nobody has programmed yet. */
export const UNPROGRAMMED: ScreenMode = { kind: 'blank', width: 720, height: 400 };

const LINEAR_DEPTHS: readonly number[] = [8, 15, 16, 24, 32] satisfies LinearDepth[];

/** Decides the mode. Whatever the registers hold, the size is bounded by {@link MAX_SCREEN_WIDTH} × {@link MAX_SCREEN_HEIGHT}. */
export function decodeMode(r: DisplayRegisters): ScreenMode {
  const dispi = (r.dispi[DispiIndex.enable]! & DispiEnable.enabled) !== 0;
  const programmed = dispi || (r.crtc[Crtc.modeControl]! & CrtcMode.syncEnable) !== 0;
  if (!programmed) return UNPROGRAMMED;
  const mode = dispi && r.dispi[DispiIndex.bitsPerPixel] !== 4 ? linearMode(r.dispi) : vgaMode(r);
  const off =
    r.general[General.videoEnable] === 0 || (!dispi && r.sequencer[Seq.clockingMode]! & ClockingMode.screenOff);
  return off ? { kind: 'blank', width: mode.width, height: mode.height } : mode;
}

function linearMode(dispi: Uint16Array): ScreenMode {
  const depth = dispi[DispiIndex.bitsPerPixel]!;
  const pitch = dispiPitch(dispi[DispiIndex.virtualWidth]!, depth);
  return {
    kind: 'linear',
    width: Math.min(dispi[DispiIndex.xResolution]!, MAX_SCREEN_WIDTH),
    height: Math.min(dispi[DispiIndex.yResolution]!, MAX_SCREEN_HEIGHT),
    depth: (LINEAR_DEPTHS.includes(depth) ? depth : 8) as LinearDepth,
    pitch,
    start: dispi[DispiIndex.yOffset]! * pitch + dispiPitch(dispi[DispiIndex.xOffset]!, depth),
  };
}

function vgaMode(r: DisplayRegisters): ScreenMode {
  const clocking = r.sequencer[Seq.clockingMode]!;
  const dots = clocking & ClockingMode.halfDotClock ? 2 : 1;
  const graphics = (r.graphics[Gfx.misc]! & GfxMisc.graphics) !== 0;
  const cellWidth = (graphics || clocking & ClockingMode.eightDots ? 8 : 9) * dots;
  const columns = Math.min(r.crtc[Crtc.horizontalDisplayEnd]! + 1, Math.floor(MAX_SCREEN_WIDTH / cellWidth));
  const size = { width: columns * cellWidth, height: vgaLines(r.crtc) };
  if (!graphics) return { kind: 'text', ...size, columns, cellWidth };
  const gfxMode = r.graphics[Gfx.mode]!;
  if (gfxMode & GfxMode.color256 || r.attribute[Attr.mode]! & AttrMode.color256)
    return { kind: 'planar', pixels: '256-colors', ...size, columns, dots: dots * 2 };
  return { kind: 'planar', pixels: gfxMode & GfxMode.interleave ? '4-colors' : '16-colors', ...size, columns, dots };
}

function vgaLines(crtc: Uint8Array): number {
  const lines = tenBits(crtc[Crtc.verticalDisplayEnd]!, crtc[Crtc.overflow]!, 1, 6) + 1;
  return Math.min(crtc[Crtc.modeControl]! & CrtcMode.halveVertical ? lines * 2 : lines, MAX_SCREEN_HEIGHT);
}
