import { bytes16, bytes32 } from './scsi.js';

export const PROFILE = { none: 0x0000, cdRom: 0x0008, dvdRom: 0x0010 } as const;
export type Profile = (typeof PROFILE)[keyof typeof PROFILE];

/** Blocks of the longest CD (99 minutes); anything larger is a DVD. */
const MAX_CD_BLOCKS = 99 * 60 * 75;

export function profileOf(blocks: number): Profile {
  return blocks > MAX_CD_BLOCKS ? PROFILE.dvdRom : PROFILE.cdRom;
}

interface Feature {
  readonly code: number;
  readonly version: number;
  readonly persistent: boolean;
  readonly current: boolean;
  readonly data: readonly number[];
}

/** Features of a read-only CD and DVD drive (MMC-5, 5.3). */
function features(profile: Profile): Feature[] {
  const always = (code: number, version: number, data: readonly number[]): Feature => {
    return { code, version, persistent: true, current: true, data };
  };
  const whileIn = (code: number, version: number, current: boolean, data: readonly number[]): Feature => {
    return { code, version, persistent: false, current, data };
  };
  const isCd = profile === PROFILE.cdRom;
  const isDvd = profile === PROFILE.dvdRom;
  const profiles = [PROFILE.dvdRom, PROFILE.cdRom].flatMap((p) => [...bytes16(p), p === profile ? 1 : 0, 0]);
  return [
    always(0x0000, 0, profiles),
    // Core: ATAPI, device busy events.
    always(0x0001, 2, [...bytes32(2), 1, 0, 0, 0]),
    // Morphing: operational change events, no asynchronous ones.
    always(0x0002, 1, [2, 0, 0, 0]),
    // Removable medium: tray, eject, lock.
    always(0x0003, 0, [0x29, 0, 0, 0]),
    // Random readable: 2048-byte blocks, one at a time.
    whileIn(0x0010, 0, isCd || isDvd, [...bytes32(2048), ...bytes16(1), 0, 0]),
    whileIn(0x001e, 2, isCd, [0, 0, 0, 0]),
    whileIn(0x001f, 1, isDvd, [0, 0, 0, 0]),
    // Power management; timeouts.
    always(0x0100, 0, []),
    always(0x0105, 1, [0, 0, 0, 0]),
  ];
}

/**
 * GET CONFIGURATION (MMC-5, 6.6).
 * @param requestType 0 all features, 1 the current ones, 2 only `first`
 */
export function configuration(profile: Profile, requestType: number, first: number): Uint8Array {
  const chosen = features(profile).filter(({ code, current }) => {
    if (requestType === 2) return code === first;
    return code >= first && (requestType === 0 || current);
  });
  const described = chosen.flatMap(({ code, version, persistent, current, data }) => [
    ...bytes16(code),
    (version << 2) | (persistent ? 2 : 0) | (current ? 1 : 0),
    data.length,
    ...data,
  ]);
  return Uint8Array.from([...bytes32(described.length + 4), 0, 0, ...bytes16(profile), ...described]);
}
