/** Intel 82077AA data sheet (290166-007): registers, commands and status bits. */

/** Offsets from port 3F0h. */
export const PORT = {
  statusA: 0,
  statusB: 1,
  digitalOutput: 2,
  tapeDrive: 3,
  /** Main status when read, data rate select when written. */
  mainStatus: 4,
  fifo: 5,
  /** Digital input when read, configuration control when written. */
  digitalInput: 7,
} as const;

export const DIGITAL_OUTPUT = { driveMask: 0x03, notReset: 0x04, dmaGate: 0x08 } as const;
export const DATA_RATE_RESET = 0x80;
export const DISK_CHANGED = 0x80;

export const MAIN_STATUS = { ready: 0x80, toHost: 0x40, nonDma: 0x20, commandBusy: 0x10 } as const;

export const ST0 = { abnormal: 0x40, invalid: 0x80, readyChanged: 0xc0, seekEnd: 0x20, equipmentCheck: 0x10 } as const;
export const ST1 = {
  endOfCylinder: 0x80,
  dataError: 0x20,
  noData: 0x04,
  notWritable: 0x02,
  missingAddress: 0x01,
} as const;
export const ST2 = { controlMark: 0x40, wrongCylinder: 0x10 } as const;
export const ST3 = { writeProtected: 0x40, ready: 0x20, track0: 0x10, twoSides: 0x08 } as const;

/** Command byte without its MT, MFM and SK bits where it has them. */
export const FDC_COMMAND = {
  readTrack: 0x02,
  specify: 0x03,
  senseDrive: 0x04,
  writeData: 0x05,
  readData: 0x06,
  recalibrate: 0x07,
  senseInterrupt: 0x08,
  writeDeleted: 0x09,
  readId: 0x0a,
  readDeleted: 0x0c,
  formatTrack: 0x0d,
  dumpRegisters: 0x0e,
  seek: 0x0f,
  version: 0x10,
  perpendicular: 0x12,
  configure: 0x13,
  lock: 0x14,
  verify: 0x16,
} as const;

export const FLAG = { multiTrack: 0x80, skip: 0x20 } as const;

const MT = 0x80;
const MFM = 0x40;
const SK = 0x20;

interface CommandShape {
  readonly code: number;
  /** Bits of the command byte that are options. */
  readonly options: number;
  /** Bytes that follow the command byte. */
  readonly parameters: number;
}

const C = FDC_COMMAND;
const SHAPES: readonly CommandShape[] = [
  { code: C.readTrack, options: MFM, parameters: 8 },
  { code: C.specify, options: 0, parameters: 2 },
  { code: C.senseDrive, options: 0, parameters: 1 },
  { code: C.writeData, options: MT | MFM, parameters: 8 },
  { code: C.readData, options: MT | MFM | SK, parameters: 8 },
  { code: C.recalibrate, options: 0, parameters: 1 },
  { code: C.senseInterrupt, options: 0, parameters: 0 },
  { code: C.writeDeleted, options: MT | MFM, parameters: 8 },
  { code: C.readId, options: MFM, parameters: 1 },
  { code: C.readDeleted, options: MT | MFM | SK, parameters: 8 },
  { code: C.formatTrack, options: MFM, parameters: 5 },
  { code: C.dumpRegisters, options: 0, parameters: 0 },
  // Bits 7 and 6 make it a relative seek and its direction.
  { code: C.seek, options: MT | MFM, parameters: 2 },
  { code: C.version, options: 0, parameters: 0 },
  { code: C.perpendicular, options: 0, parameters: 1 },
  { code: C.configure, options: 0, parameters: 3 },
  { code: C.lock, options: MT, parameters: 0 },
  { code: C.verify, options: MT | MFM | SK, parameters: 8 },
];

/** The command a byte starts; `undefined` for what the chip answers with "invalid command". */
export function commandShape(byte: number): CommandShape | undefined {
  return SHAPES.find(({ code, options }) => (byte & ~options) === code);
}
