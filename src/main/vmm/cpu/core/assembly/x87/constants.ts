import { NEAREST, UP } from '../softfloat/rounding';
import { roundingMode } from './extended';
import { push, roomToPush, setC1 } from './stack';

/** FLD1 … FLDZ: constants kept with more bits than fit, rounded as rounding control says (SDM vol. 1, 8.3.8). */

/** `truncated` is rounded up in direction UP, and in NEAREST where what is cut off exceeds one half. */
function loadRounded(exponent: u32, truncated: u64, nearestUp: bool): void {
  if (!roomToPush()) return;
  setC1(false);
  const mode = roundingMode();
  push(exponent, truncated + u64(mode == UP || (mode == NEAREST && nearestUp)));
}

function loadExact(exponent: u32, significand: u64): void {
  if (!roomToPush()) return;
  setC1(false);
  push(exponent, significand);
}

export function loadOne(): void {
  loadExact(0x3fff, 0x8000_0000_0000_0000);
}

export function loadZero(): void {
  loadExact(0, 0);
}

/** log2 10. */
export function loadLog2Of10(): void {
  loadRounded(0x4000, 0xd49a_784b_cd1b_8afe, false);
}

/** log2 e. */
export function loadLog2OfE(): void {
  loadRounded(0x3fff, 0xb8aa_3b29_5c17_f0bb, true);
}

export function loadPi(): void {
  loadRounded(0x4000, 0xc90f_daa2_2168_c234, true);
}

/** log10 2. */
export function loadLog10Of2(): void {
  loadRounded(0x3ffd, 0x9a20_9a84_fbcf_f798, true);
}

/** ln 2. */
export function loadLnOf2(): void {
  loadRounded(0x3ffe, 0xb172_17f7_d1cf_79ab, true);
}
