import { bytes32 } from './scsi.js';

/** Bytes of user data in a block of a data CD or DVD. */
export const CD_BLOCK_BYTES = 2048;

const FRAMES_PER_SECOND = 75;
/** Two seconds before the first block (MMC-5, 4.2.3.7). */
const LEAD_IN_FRAMES = 150;

/** A block address as minute, second, frame. */
export function toMsf(block: number): [minute: number, second: number, frame: number] {
  const frames = block + LEAD_IN_FRAMES;
  const seconds = Math.floor(frames / FRAMES_PER_SECOND);
  return [Math.floor(seconds / 60) & 0xff, seconds % 60, frames % FRAMES_PER_SECOND];
}

export function fromMsf(minute: number, second: number, frame: number): number {
  return (minute * 60 + second) * FRAMES_PER_SECOND + frame - LEAD_IN_FRAMES;
}

/** The four address bytes of a table of contents. */
export function addressBytes(block: number, asMsf: boolean): number[] {
  return asMsf ? [0, ...toMsf(block)] : bytes32(block);
}
