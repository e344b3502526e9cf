import { addressBytes, toMsf } from './cd-address.js';
import { bytes16 } from './scsi.js';

/** Q sub-channel: position information, data track, copying allowed not stated. */
const ADR_DATA_TRACK = 0x14;
const LEAD_OUT = 0xaa;

const withLength = (body: readonly number[]): Uint8Array => Uint8Array.from([...bytes16(body.length), ...body]);

/**
 * READ TOC, format 0: the one data track and the lead-out, from the track asked for (MMC-5, 6.26.2.2).
 * @returns `undefined` if there is no such track
 */
export function readToc(firstTrack: number, blocks: number, asMsf: boolean): Uint8Array | undefined {
  if (firstTrack > 1 && firstTrack !== LEAD_OUT) return undefined;
  const track = [0, ADR_DATA_TRACK, 1, 0, ...addressBytes(0, asMsf)];
  const leadOut = [0, ADR_DATA_TRACK, LEAD_OUT, 0, ...addressBytes(blocks, asMsf)];
  return withLength([1, 1, ...(firstTrack <= 1 ? track : []), ...leadOut]);
}

/** READ TOC, format 1: one session, whose first track is track 1. */
export function readSessionInfo(asMsf: boolean): Uint8Array {
  return withLength([1, 1, 0, ADR_DATA_TRACK, 1, 0, ...addressBytes(0, asMsf)]);
}

/** READ TOC, format 2: the entries of the lead-in, always in minutes, seconds and frames (MMC-5, 6.26.2.4). */
export function readFullToc(blocks: number): Uint8Array {
  const entry = (point: number, position: readonly number[]) => [1, ADR_DATA_TRACK, 0, point, 0, 0, 0, 0, ...position];
  const first = entry(0xa0, [1, 0, 0]);
  const last = entry(0xa1, [1, 0, 0]);
  return withLength([1, 1, ...first, ...last, ...entry(0xa2, toMsf(blocks)), ...entry(1, toMsf(0))]);
}
