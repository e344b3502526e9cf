/** Commands of SPC-3 and MMC-5 this drive knows, by operation code. */
export const OPCODE = {
  testUnitReady: 0x00,
  rezeroUnit: 0x01,
  requestSense: 0x03,
  inquiry: 0x12,
  modeSense6: 0x1a,
  startStopUnit: 0x1b,
  preventAllowRemoval: 0x1e,
  readCapacity: 0x25,
  read10: 0x28,
  seek10: 0x2b,
  synchronizeCache: 0x35,
  readSubChannel: 0x42,
  readToc: 0x43,
  readHeader: 0x44,
  getConfiguration: 0x46,
  getEventStatus: 0x4a,
  stopPlayScan: 0x4e,
  readDiscInformation: 0x51,
  readTrackInformation: 0x52,
  modeSense10: 0x5a,
  read12: 0xa8,
  readDiscStructure: 0xad,
  readCdMsf: 0xb9,
  setCdSpeed: 0xbb,
  mechanismStatus: 0xbd,
  readCd: 0xbe,
} as const;

/** Sense key, additional sense code and its qualifier (SPC-3, 4.5). */
export interface Sense {
  readonly key: number;
  readonly code: number;
  readonly qualifier: number;
}

const sense = (key: number, code: number, qualifier = 0): Sense => ({ key, code, qualifier });

export const SENSE = {
  none: sense(0, 0),
  noMediumTrayClosed: sense(2, 0x3a, 1),
  noMediumTrayOpen: sense(2, 0x3a, 2),
  unrecoveredRead: sense(3, 0x11),
  invalidOpcode: sense(5, 0x20),
  blockOutOfRange: sense(5, 0x21),
  invalidField: sense(5, 0x24),
  savingNotSupported: sense(5, 0x39),
  removalPrevented: sense(5, 0x53, 2),
  mediumChanged: sense(6, 0x28),
} as const;

const FIXED_FORMAT_CURRENT = 0x70;

/** Fixed format sense data (SPC-3, 4.5.3). */
export function senseData({ key, code, qualifier }: Sense): Uint8Array {
  const bytes = new Uint8Array(18);
  bytes[0] = FIXED_FORMAT_CURRENT;
  bytes[2] = key;
  bytes[7] = bytes.length - 8;
  bytes[12] = code;
  bytes[13] = qualifier;
  return bytes;
}

export function be16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

export function be24(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 16) | be16(bytes, at + 1);
}

export function be32(bytes: Uint8Array, at: number): number {
  return bytes[at]! * 2 ** 24 + be24(bytes, at + 1);
}

export function bytes16(value: number): number[] {
  return [(value >>> 8) & 0xff, value & 0xff];
}

export function bytes32(value: number): number[] {
  return [...bytes16(value >>> 16), ...bytes16(value)];
}
