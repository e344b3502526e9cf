/** The BIOS data area at 40:0, as linear addresses (IBM PS/2 and PC BIOS Interface Technical Reference, 1991, section 3). */
export const BDA = {
  comPorts: 0x400,
  lptPorts: 0x408,
  ebdaSegment: 0x40e,
  equipment: 0x410,
  memoryKiB: 0x413,
  shiftFlags: 0x417,
  shiftFlags2: 0x418,
  altKeypad: 0x419,
  keyboardHead: 0x41a,
  keyboardTail: 0x41c,
  keyboardBuffer: 0x41e,
  floppyRecalibrate: 0x43e,
  floppyMotor: 0x43f,
  floppyMotorTimeout: 0x440,
  floppyStatus: 0x441,
  videoMode: 0x449,
  videoColumns: 0x44a,
  videoPageBytes: 0x44c,
  videoPageStart: 0x44e,
  cursorPositions: 0x450,
  cursorShape: 0x460,
  videoPage: 0x462,
  crtcPort: 0x463,
  videoModeControl: 0x465,
  videoPalette: 0x466,
  ticks: 0x46c,
  midnight: 0x470,
  breakFlag: 0x471,
  warmBoot: 0x472,
  diskStatus: 0x474,
  diskCount: 0x475,
  lptTimeouts: 0x478,
  comTimeouts: 0x47c,
  keyboardStart: 0x480,
  keyboardEnd: 0x482,
  videoRows: 0x484,
  characterHeight: 0x485,
  videoControl: 0x487,
  videoSwitches: 0x488,
  videoFlags: 0x489,
  displayCombination: 0x48a,
  diskInterrupt: 0x48e,
  keyboardMode: 0x496,
  keyboardLeds: 0x497,
  waitFlagPointer: 0x498,
  waitCount: 0x49c,
  waitActive: 0x4a0,
  videoSavePointer: 0x4a8,
} as const;

/** The extended BIOS data area: 1 KiB at the top of conventional memory. */
export const EBDA_SEGMENT = 0x9fc0;
export const EBDA_BASE = EBDA_SEGMENT << 4;
/** Conventional memory below it, in KiB: what INT 12h answers. */
export const BASE_MEMORY_KIB = EBDA_BASE >> 10;

export const EBDA = {
  sizeKiB: EBDA_BASE,
  /** PS/2 pointer services: far routine, flags, package bytes so far (IBM BIOS Interface reference, INT 15h C2h). */
  mouseRoutine: EBDA_BASE + 0x22,
  mouseFlags: EBDA_BASE + 0x26,
  mouseFlags2: EBDA_BASE + 0x27,
  mousePacket: EBDA_BASE + 0x28,
  /** Fixed disk parameter tables of drives 80h and 81h (vectors 41h and 46h). */
  diskParameters: EBDA_BASE + 0x3d,
  /** Extended disk parameters' device path table (EDD 3.0), when asked for through a null pointer. */
  videoSaveTable: EBDA_BASE + 0x80,
} as const;
