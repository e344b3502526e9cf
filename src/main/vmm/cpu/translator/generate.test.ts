import { expect, it } from 'vitest';
import { generateRegion } from './generate.js';
import { discoverRegions } from './region/discovery.js';
import type { CodePage, CodeSpace } from './region/code-space.js';
import type { RegionPlace } from './region-body.js';

const PLACE: RegionPlace = { index: 1, mapOf: () => 0, opAt: () => 0, misses: () => false, targetSlot: () => 0 };

function space(code: readonly number[], entered: readonly number[]): CodeSpace {
  const bytes = new Uint8Array(4096);
  bytes.set(code);
  const page: CodePage = {
    bytes,
    address: 0,
    decoded: (offset) => offset < code.length,
    heat: () => 1,
    entered: (offset) => entered.includes(offset),
    lastTarget: () => undefined,
  };
  return { mode: 'long', page: (number) => (number === 0 ? page : undefined), pointer: () => undefined };
}

/** Offsets of a region's entries, the main loop having been found at some. */
function entriesOf(code: readonly number[], found: readonly number[], entered: readonly number[] = []): number[] {
  const [region] = discoverRegions(space(code, entered), found, code.length);
  const made = generateRegion(region!, PLACE);
  return made ? made.entries.map((entry) => region!.blocks[entry]!.start) : [];
}

/** jmp c; l: add eax, ecx; c: inc ecx; cmp ecx, edx; jne l; ret */
const ROTATED = [0xeb, 0x02, 0x01, 0xc8, 0xff, 0xc1, 0x39, 0xd1, 0x75, 0xf8, 0xc3];

it('enters a loop that is entered at its condition at its head only', () => {
  expect(entriesOf(ROTATED, [4, 2])).toEqual([2]);
});

it('enters it where it was found once its head leads to a region', () => {
  expect(entriesOf(ROTATED, [4], [2])).toEqual([4, 2]);
});

/** l: adc eax, ecx; lea ecx, [rcx+1]; dec edx; jne l; ret: its head reads CF. */
const CARRYING = [0x11, 0xc8, 0x8d, 0x49, 0x01, 0xff, 0xca, 0x75, 0xf7, 0xc3];

it('enters a loop whose head reads flags where it was found', () => {
  expect(entriesOf(CARRYING, [5])).toEqual([5]);
});
