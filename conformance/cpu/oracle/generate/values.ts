import type { Random } from '../../fp/random.js';
import { WRITABLE_PAGES, type CaseMemory } from '../case-memory.js';
import { PAGE } from '../layout.js';

const EDGES = [
  0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff,
]; // prettier-ignore

function half(random: Random): number {
  return random.below(3) === 0 ? random.u32() : EDGES[random.below(EDGES.length)]!;
}

/** A 64-bit integer as two words: edges of every width, small numbers, or anything. */
export function integerInto(random: Random, words: Uint32Array, at: number): void {
  switch (random.below(6)) {
    case 0: {
      const low = half(random);
      words[at] = low;
      words[at + 1] = random.below(2) === 0 ? 0 : -(low >>> 31) >>> 0;
      return;
    }
    case 1:
      words[at] = half(random);
      words[at + 1] = half(random);
      return;
    case 2:
      words[at] = random.below(260);
      words[at + 1] = 0;
      return;
    case 3:
      words[at] = -random.below(260) >>> 0;
      words[at + 1] = 0xffff_ffff;
      return;
    default:
      words[at] = random.u32();
      words[at + 1] = random.u32();
  }
}

const scratch = new BigUint64Array(1);
const scratchWords = new Uint32Array(scratch.buffer);

export function integer(random: Random): bigint {
  integerInto(random, scratchWords, 0);
  return scratch[0]!;
}

/** Fills what cases may write with anything. */
export function randomData(random: Random, { data }: CaseMemory): void {
  for (const page of WRITABLE_PAGES) {
    const words = new Uint32Array(data.buffer, data.byteOffset + page, PAGE / 4);
    for (let i = 0; i < words.length; i++) words[i] = random.u32();
  }
}
