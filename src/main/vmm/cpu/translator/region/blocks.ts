import type { Decoded } from '../decode/decoded.js';
import { PageDecoder, type RegionMode } from '../decode/decode.js';
import { loweringOf } from '../lower/lowerings.js';

export const PAGE_BYTES = 4096;
/** Instructions of one region at most, and of one block, whose count has eight bits in an exit. */
const MAX_INSTRUCTIONS = 300;
const MAX_BLOCK = 128;
/** Pages one region looks at. */
const MAX_PAGES = 16;

/**
 * Where control goes behind a block's last instruction. Places in a region are bytes from the start of the page it was
 * found in; beyond that page are its neighbours, by linear address.
 */
export type BlockEnd =
  /** To the next instruction. */
  | { readonly kind: 'next'; readonly to: number }
  | { readonly kind: 'jump'; readonly to: number }
  | { readonly kind: 'condition'; readonly taken: number; readonly next: number }
  /** To a callee; the return address is on the stack. */
  | { readonly kind: 'call'; readonly to: number }
  /** Wherever a register or memory says. */
  | { readonly kind: 'indirect' }
  /** To the interpreter, in front of an instruction that is its. */
  | { readonly kind: 'leave'; readonly at: number };

export interface Block {
  readonly start: number;
  /** Number of its page, from the one the region was found in. */
  readonly page: number;
  readonly instructions: readonly Decoded[];
  readonly end: BlockEnd;
  /** Indices of the blocks in this region it may go to, jumps first. */
  readonly successors: readonly number[];
}

export interface Region {
  readonly mode: RegionMode;
  readonly blocks: readonly Block[];
  /** Indices of the blocks that may be entered from outside, the hottest first. */
  readonly entries: readonly number[];
  /** Index of the block at a place. */
  readonly indices: ReadonlyMap<number, number>;
}

export const pageOf = (place: number): number => place >> 12;
export const offsetOf = (place: number): number => place & (PAGE_BYTES - 1);

/** A page of code that the core has decoded some of. */
export interface CodePage {
  readonly bytes: Uint8Array;
  /** Address of its code page in the core's cache. */
  readonly address: number;
  /** Whether the core has decoded the instruction at an offset: what never ran is not worth translating. */
  readonly decoded: (offset: number) => boolean;
}

/** Code around the page a region is found in. */
export interface CodeSpace {
  readonly mode: RegionMode;
  /** A page by its number from that page, if the core knows it. */
  readonly page: (number: number) => CodePage | undefined;
}

/** Finds the code that is reached from the given places, as basic blocks. */
export function discoverRegion(space: CodeSpace, starts: readonly number[]): Region {
  const code = new Discovery(space);
  for (const start of starts) code.explore(start);
  return code.region(starts);
}

class Discovery {
  private readonly known = new Map<number, Decoded>();
  private readonly leaders = new Set<number>();
  /** Where others are likely to come in: functions, what calls come back to, and loops when the budget was used up. */
  private readonly doors = new Set<number>();
  private readonly decoders = new Map<number, { readonly page: CodePage; readonly decoder: PageDecoder } | undefined>();

  constructor(private readonly space: CodeSpace) {}

  explore(start: number): void {
    const pending = [start];
    this.leaders.add(start);
    while (pending.length > 0) {
      for (const to of this.exploreLine(pending.pop()!)) {
        this.leaders.add(to);
        pending.push(to);
      }
    }
  }

  /** Decodes straight-line code; where control goes at its end. */
  private exploreLine(start: number): number[] {
    const source = this.source(pageOf(start));
    let at = start;
    if (!source?.page.decoded(offsetOf(at))) return [];
    while (!this.known.has(at) && this.known.size < MAX_INSTRUCTIONS && pageOf(at) === pageOf(start)) {
      const offset = offsetOf(at);
      const instruction = source.decoder.decode(offset);
      if (!instruction) return [];
      this.known.set(at, instruction);
      const end = controlEnd(instruction, at);
      const from = at;
      at += instruction.length;
      if (!end) continue;
      const calls = end.kind === 'call' || isIndirectCall(instruction);
      const to = calls ? [...targets(end), at] : targets(end);
      for (const target of to) if (calls || target <= from) this.doors.add(target);
      return to;
    }
    // Straight on into the next page.
    return pageOf(at) === pageOf(start) ? [] : [at];
  }

  private source(number: number): { readonly page: CodePage; readonly decoder: PageDecoder } | undefined {
    if (!this.decoders.has(number)) {
      const page = this.decoders.size < MAX_PAGES ? this.space.page(number) : undefined;
      this.decoders.set(number, page && { page, decoder: new PageDecoder(page.bytes, this.space.mode) });
    }
    return this.decoders.get(number);
  }

  region(starts: readonly number[]): Region {
    const drafts = [...this.leaders]
      .filter((start) => this.known.has(start))
      .sort((a, b) => a - b)
      .map((start) => this.block(start));
    const indices = new Map<number, number>();
    for (let i = 0; i < drafts.length; i++) {
      const draft = drafts[i]!;
      indices.set(draft.start, i);
      // A block cut short for its length goes on in one of its own.
      if (draft.end.kind === 'next' && this.known.has(draft.end.to) && !this.leaders.has(draft.end.to)) {
        this.leaders.add(draft.end.to);
        drafts.push(this.block(draft.end.to));
      }
    }
    const blocks = drafts.map((draft) => ({
      ...draft,
      successors: targets(draft.end).flatMap((to) => indices.get(to) ?? []),
    }));
    const entries = [...new Set([...starts, ...this.doors])]
      .flatMap((start) => indices.get(start) ?? [])
      .filter((index) => mayBeEntered(blocks[index]!));
    return { mode: this.space.mode, blocks, entries, indices };
  }

  private block(start: number): Omit<Block, 'successors'> {
    const instructions: Decoded[] = [];
    const page = pageOf(start);
    let at = start;
    while (instructions.length < MAX_BLOCK && pageOf(at) === page) {
      const instruction = this.known.get(at);
      if (!instruction) break;
      const end = controlEnd(instruction, at);
      if (end?.kind !== 'leave') instructions.push(instruction);
      if (end) return { start, page, instructions, end };
      at += instruction.length;
      if (this.leaders.has(at)) break;
    }
    return { start, page, instructions, end: { kind: 'next', to: at } };
  }
}

/** Places a block's end goes to. */
export function targets(end: BlockEnd): number[] {
  switch (end.kind) {
    case 'condition':
      return [end.taken, end.next];
    case 'jump':
    case 'next':
    case 'call':
      return [end.to];
    default:
      return [];
  }
}

/**
 * Whether the main loop may be led into the region at a block. Its op becomes the region's, so it must be an instruction
 * that the region does itself; and a conditional jump's op is read by the fused op in front of it.
 */
function mayBeEntered({ instructions }: Block): boolean {
  const first = instructions[0];
  if (!first || !loweringOf(first)) return false;
  return !(first.row.family === 'integer' && first.row.form === 'jcc');
}

function isIndirectCall({ row }: Decoded): boolean {
  return row.family === 'integer' && row.execute === 'callNear';
}

/** What the instruction at a place does to the flow of control, if it ends a block. */
function controlEnd(instruction: Decoded, at: number): BlockEnd | undefined {
  const { row, length, immediate } = instruction;
  if (row.family !== 'integer') return undefined;
  const next = at + length;
  if (!loweringOf(instruction)) return row.form === 'end' ? { kind: 'leave', at } : undefined;
  if (row.form === 'jcc') return { kind: 'condition', taken: next + immediate, next };
  switch (row.execute) {
    case 'jumpRelative':
      return { kind: 'jump', to: next + immediate };
    case 'callRelative':
      return { kind: 'call', to: next + immediate };
    case 'returnNear':
    case 'returnNearPop':
    case 'jumpNear':
    case 'callNear':
      return { kind: 'indirect' };
    default:
      return undefined;
  }
}
