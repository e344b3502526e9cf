import { expect, it } from 'vitest';
import type { CodePage, CodeSpace } from './code-space.js';
import type { Region } from './blocks.js';
import { discoverRegions } from './discovery.js';

const MOST = 100;

/** A page of code that ran, and nothing around it; regions are entered at some offsets already. */
function space(code: readonly number[], entered: readonly number[] = []): CodeSpace {
  const bytes = new Uint8Array(4096);
  bytes.set(code);
  const page: CodePage = {
    bytes,
    address: 0,
    decoded: (offset) => offset < code.length,
    lastTarget: () => undefined,
    heat: () => 0,
    entered: (offset) => entered.includes(offset),
  };
  return { mode: 'long', page: (number) => (number === 0 ? page : undefined), pointer: () => undefined };
}

function onlyRegion(code: CodeSpace, starts: readonly number[]): Region {
  const [region, ...others] = discoverRegions(code, starts, MOST);
  expect(others).toEqual([]);
  return region!;
}

/** xor eax, eax; l: addpd xmm0, xmm1; mulpd xmm2, xmm3; inc eax; cmp eax, edx; jne l; ret */
const LOOP = [0x31, 0xc0, 0x66, 0x0f, 0x58, 0xc1, 0x66, 0x0f, 0x59, 0xd3, 0xff, 0xc0, 0x39, 0xd0, 0x75, 0xf2, 0xc3];

it('takes a loop for one block, wherever in its body the main loop was found', () => {
  const { blocks, entries } = onlyRegion(space(LOOP), [6, 2, 10]);
  expect(blocks.map(({ start }) => start)).toEqual([2, 16]);
  expect(entries.map((entry) => blocks[entry]!.start)).toEqual([2]);
});

it('enters straight code at the first place where the main loop was found', () => {
  const { blocks, entries } = onlyRegion(space(LOOP), [10, 0]);
  expect(entries.map((entry) => blocks[entry]!.start)).toEqual([0, 2]);
});

it('enters a loop that is found from its middle at its head', () => {
  const { blocks, entries } = onlyRegion(space(LOOP), [6]);
  expect(blocks.map(({ start }) => start)).toEqual([2, 16]);
  expect(entries.map((entry) => blocks[entry]!.start)).toEqual([2]);
});

it('enters a loop also where its region keeps being left', () => {
  const { blocks, entries } = onlyRegion(space(LOOP, [2]), [6]);
  expect(blocks.map(({ start }) => start)).toEqual([2, 6, 16]);
  expect(entries.map((entry) => blocks[entry]!.start)).toEqual([6, 2]);
});

it('makes regions of their own of what does not hang together', () => {
  // Two functions of one page, the second calling what ran before it.
  const code = [0xff, 0xc0, 0xc3, 0x90, 0xff, 0xc1, 0xe8, 0x01, 0x00, 0x00, 0x00, 0xc3, 0xc3];
  const regions = discoverRegions(space(code), [0, 4], MOST);
  expect(regions.map(({ blocks }) => blocks.map(({ start }) => start))).toEqual([[0], [4, 11, 12]]);
});

it('keeps what a jump by a register may go to in its region', () => {
  // jmp rax; inc eax; ret
  const { entries } = onlyRegion(space([0xff, 0xe0, 0xff, 0xc0, 0xc3]), [0, 2]);
  expect(entries).toHaveLength(2);
});

it('takes the hottest code first, and no more of it than it may', () => {
  // l: inc eax; inc ecx; cmp eax, edx; jne l; ret
  const loop = space([0xff, 0xc0, 0xff, 0xc1, 0x39, 0xd0, 0x75, 0xf8, 0xc3]);
  const [whole] = discoverRegions(loop, [0], 5);
  const [part] = discoverRegions(loop, [0], 4);
  const starts = [whole, part].map((region) => region!.blocks.map(({ start }) => start));
  expect(starts).toEqual([[0, 8], [0]]);
});
