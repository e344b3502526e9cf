/**
 * Registers of the VGA by group and index, and the bits the model acts on.
 * Source: IBM PS/2 Hardware Interface Technical Reference, "Video Subsystem" (May 1988); names follow it.
 */
export const Port = {
  crtcIndexMono: 0x3b4,
  crtcDataMono: 0x3b5,
  status1Mono: 0x3ba,
  attribute: 0x3c0,
  attributeRead: 0x3c1,
  /** Write: miscellaneous output; read: input status 0. */
  miscWrite: 0x3c2,
  videoSubsystemEnable: 0x3c3,
  sequencerIndex: 0x3c4,
  sequencerData: 0x3c5,
  pelMask: 0x3c6,
  /** Write: index to read from; read: DAC state. */
  dacReadIndex: 0x3c7,
  dacWriteIndex: 0x3c8,
  dacData: 0x3c9,
  featureRead: 0x3ca,
  miscRead: 0x3cc,
  graphicsIndex: 0x3ce,
  graphicsData: 0x3cf,
  crtcIndex: 0x3d4,
  crtcData: 0x3d5,
  /** Read: input status 1; write: feature control. */
  status1: 0x3da,
} as const;

/** Range of ports the VGA answers. */
export const FIRST_PORT = 0x3b0;
export const PORT_COUNT = 0x30;

export const Misc = {
  /** CRTC at 3Dx, status 1 at 3DA; 0 moves them to 3Bx. */
  colorAddress: 0x01,
  enableRam: 0x02,
  clockSelect: 0x0c,
  /** Selects the upper 64 KiB page in odd/even modes when 0. */
  oddEvenPage: 0x20,
} as const;

export const Seq = { clockingMode: 1, mapMask: 2, characterMap: 3, memoryMode: 4 } as const;
export const ClockingMode = { eightDots: 0x01, halfDotClock: 0x08, screenOff: 0x20 } as const;
export const MemoryMode = { extended: 0x02, oddEvenOff: 0x04, chain4: 0x08 } as const;

export const Crtc = {
  horizontalTotal: 0x00,
  horizontalDisplayEnd: 0x01,
  verticalTotal: 0x06,
  overflow: 0x07,
  presetRowScan: 0x08,
  maxScanLine: 0x09,
  cursorStart: 0x0a,
  cursorEnd: 0x0b,
  startHigh: 0x0c,
  startLow: 0x0d,
  cursorHigh: 0x0e,
  cursorLow: 0x0f,
  verticalRetraceStart: 0x10,
  verticalRetraceEnd: 0x11,
  verticalDisplayEnd: 0x12,
  offset: 0x13,
  underline: 0x14,
  modeControl: 0x17,
  lineCompare: 0x18,
} as const;
export const CRTC_COUNT = 0x19;
/** Vertical retrace end, bit 7: registers 0–7 are read-only (but for line compare bit 8 in the overflow register). */
export const CRTC_PROTECT = 0x80;
export const OVERFLOW_LINE_COMPARE = 0x10;
export const MaxScanLine = { rows: 0x1f, lineCompareBit9: 0x40, doubleScan: 0x80 } as const;
export const Underline = { location: 0x1f, countBy4: 0x20, doubleWord: 0x40 } as const;
export const CrtcMode = {
  /** 0: row scan bit 0 replaces address bit 13 (CGA interleave). */
  keepBit13: 0x01,
  /** 0: row scan bit 1 replaces address bit 14 (Hercules interleave). */
  keepBit14: 0x02,
  halveVertical: 0x04,
  countBy2: 0x08,
  /** Word mode: bit shifted in is address bit 15 when set, 13 when clear. */
  wrapBit15: 0x20,
  byteMode: 0x40,
  syncEnable: 0x80,
} as const;

export const Gfx = {
  setReset: 0,
  enableSetReset: 1,
  colorCompare: 2,
  dataRotate: 3,
  readMap: 4,
  mode: 5,
  misc: 6,
  colorDontCare: 7,
  bitMask: 8,
} as const;
export const GfxMode = { writeMode: 0x03, readMode1: 0x08, oddEven: 0x10, interleave: 0x20, color256: 0x40 } as const;
export const GfxMisc = { graphics: 0x01, chainOddEven: 0x02, memoryMap: 0x0c } as const;

export const Attr = { mode: 0x10, overscan: 0x11, planeEnable: 0x12, panning: 0x13, colorSelect: 0x14 } as const;
export const AttrMode = {
  graphics: 0x01,
  mono: 0x02,
  /** Ninth dot of C0h–DFh repeats the eighth. */
  lineGraphics: 0x04,
  blink: 0x08,
  /** Panning does not apply below the line-compare split. */
  panTopOnly: 0x20,
  color256: 0x40,
  /** Palette bits 5:4 come from the colour-select register. */
  paletteBits54: 0x80,
} as const;

/** Bits that exist, by index; the rest read as 0. */
export const SEQUENCER_MASKS = [0x03, 0x3d, 0x0f, 0x3f, 0x0e] as const;
export const GRAPHICS_MASKS = [0x0f, 0x0f, 0x0f, 0x1f, 0x03, 0x7b, 0x0f, 0x0f, 0xff] as const;
export const ATTRIBUTE_MASKS = [...new Array<number>(16).fill(0x3f), 0xef, 0xff, 0x3f, 0x0f, 0x0f] as const;

export const Status1 = { displayDisabled: 0x01, verticalRetrace: 0x08 } as const;
/** Input status 0, bit 4: a monitor is sensed. */
export const STATUS0_SENSE = 0x10;
