import type { Decoded } from '../decode/decoded.js';
import type { RegionMode } from '../decode/decode.js';
import { loweringOf } from '../lower/lowerings.js';

export const PAGE_BYTES = 4096;

/**
 * Where control goes behind a block's last instruction. Places in a region are bytes from the start of the page it was
 * found in, by linear address.
 */
export type BlockEnd =
  /** To the next instruction. */
  | { readonly kind: 'next'; readonly to: number }
  | { readonly kind: 'jump'; readonly to: number }
  | { readonly kind: 'condition'; readonly taken: number; readonly next: number }
  /** To a callee; the return address is on the stack. */
  | { readonly kind: 'call'; readonly to: number; readonly back: number }
  | IndirectEnd
  /** To the interpreter, in front of an instruction that is its; behind it, unless that goes away for good. */
  | { readonly kind: 'leave'; readonly at: number; readonly back: number | undefined };

/** Wherever a register or memory says. */
export interface IndirectEnd {
  readonly kind: 'indirect';
  readonly transfer: 'jump' | 'call' | 'return';
  /** Where a call comes back to. */
  readonly back: number | undefined;
  /** Places it probably goes to, the likeliest first. */
  readonly guesses: readonly number[];
}

export interface Block {
  readonly start: number;
  /** Number of its page, from the one the region was found in. */
  readonly page: number;
  readonly instructions: readonly Decoded[];
  readonly end: BlockEnd;
  /** Samples that were found to lead here, or are thought to. */
  readonly heat: number;
  /** Indices of the blocks in this region it may go to, jumps first. */
  readonly successors: readonly number[];
}

export interface Region {
  readonly mode: RegionMode;
  readonly blocks: readonly Block[];
  /** Indices of the blocks that may be entered from outside, the hottest first. */
  readonly entries: readonly number[];
  /** Those that need not be, as long as others lead to them. */
  readonly spare: ReadonlySet<number>;
  /** Index of the block at a place. */
  readonly indices: ReadonlyMap<number, number>;
}

/** Numbers of the pages that a region has code of. */
export function pagesOf({ blocks }: Region): Set<number> {
  const pages = new Set<number>();
  for (const { page, instructions } of blocks) {
    pages.add(page);
    if (instructions.at(-1)?.crosses) pages.add(page + 1);
  }
  return pages;
}

export const pageOf = (place: number): number => Math.floor(place / PAGE_BYTES);
export const offsetOf = (place: number): number => place & (PAGE_BYTES - 1);

/** Places a block's end goes to. */
export function targets(end: BlockEnd): readonly number[] {
  switch (end.kind) {
    case 'condition':
      return [end.taken, end.next];
    case 'jump':
    case 'next':
    case 'call':
      return [end.to];
    case 'indirect':
      return end.guesses;
    case 'leave':
      return [];
  }
}

/**
 * Whether the main loop may be led into the region at a block. Its op becomes the region's, so it must be an instruction
 * that the region does itself; and a conditional jump's op is read by the fused op in front of it.
 */
export function mayBeEntered(instructions: readonly Decoded[]): boolean {
  const first = instructions[0];
  if (!first || !loweringOf(first)) return false;
  return !(first.row.family === 'integer' && first.row.form === 'jcc');
}

/** What is the interpreter's, and does not come back to the instruction behind it. */
const GOES_AWAY: ReadonlySet<string> = new Set([
  'jumpFar', 'jumpFarMemory', 'returnFar', 'interruptReturn', 'systemReturn', 'systemExit', 'undefined!',
]); // prettier-ignore

/** What is the core's and may change how code is found, but mostly goes on behind itself. */
const GOES_ON: ReadonlySet<string> = new Set([
  'writeControl!', 'writeMsr!', 'invalidatePageEntry!', 'invalidateContext!', 'loadSegmentRegister!', 'popEs', 'popDs', 'popFs',
  'popGs', 'inputImmediate', 'inputPort', 'outputImmediate', 'outputPort',
]); // prettier-ignore

/** Whether the core executes an instruction in the middle of a region and then looks up where the next one is. */
export function goesOnBehind({ row, offset, length }: Decoded): boolean {
  return row.family === 'integer' && GOES_ON.has(row.execute) && offset + length < PAGE_BYTES;
}

/**
 * What the instruction at a place does to the flow of control, if it ends a block.
 * @param guess where an indirect transfer goes, if something is known of it
 */
export function controlEnd(
  instruction: Decoded,
  at: number,
  guess: (instruction: Decoded) => readonly number[],
): BlockEnd | undefined {
  const { row, length, immediate } = instruction;
  if (row.family !== 'integer') return undefined;
  const next = at + length;
  if (!loweringOf(instruction)) {
    if (row.form !== 'end' || goesOnBehind(instruction)) return undefined;
    return { kind: 'leave', at, back: GOES_AWAY.has(row.execute) ? undefined : next };
  }
  if (row.form === 'jcc') return { kind: 'condition', taken: next + immediate, next };
  switch (row.execute) {
    case 'jumpRelative':
      return { kind: 'jump', to: next + immediate };
    case 'callRelative':
      return { kind: 'call', to: next + immediate, back: next };
    case 'returnNear':
    case 'returnNearPop':
      return { kind: 'indirect', transfer: 'return', back: undefined, guesses: guess(instruction) };
    case 'jumpNear':
    case 'callNear': {
      const calls = row.execute === 'callNear';
      const back = calls ? next : undefined;
      return { kind: 'indirect', transfer: calls ? 'call' : 'jump', back, guesses: guess(instruction) };
    }
    default:
      return undefined;
  }
}
