import type { Decoded } from '../decode/decoded.js';
import { PageDecoder, type RegionMode } from '../decode/decode.js';
import { loweringOf } from '../lower/lowerings.js';

export const PAGE_BYTES = 4096;
/** Instructions of one region at most, and of one block, whose count has eight bits in an exit. */
const MAX_INSTRUCTIONS = 600;
const MAX_BLOCK = 128;

/** Where control goes behind a block's last instruction. Offsets beyond the page are other pages'. */
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
  /** Index of the block at a page offset. */
  readonly indices: ReadonlyMap<number, number>;
}

/** Code of a page that regions may be made of. */
export interface CodePage {
  readonly bytes: Uint8Array;
  readonly mode: RegionMode;
  /** Whether a region is entered at an offset already; others leave to it. */
  readonly entered: (offset: number) => boolean;
}

/** Finds the code of a page that is reached from the given offsets, as basic blocks. */
export function discoverRegion(page: CodePage, starts: readonly number[]): Region {
  const code = new Discovery(page);
  for (const start of starts) code.explore(start);
  return code.region(starts);
}

class Discovery {
  private readonly known = new Map<number, Decoded>();
  private readonly leaders = new Set<number>();
  /** Where others are likely to come in: functions, what calls come back to, and loops when the budget was used up. */
  private readonly doors = new Set<number>();
  private readonly decoder: PageDecoder;

  constructor(private readonly page: CodePage) {
    this.decoder = new PageDecoder(page.bytes, page.mode);
  }

  explore(start: number): void {
    const pending = [start];
    this.leaders.add(start);
    while (pending.length > 0) {
      for (const to of this.exploreLine(pending.pop()!)) {
        if (to < 0 || to >= PAGE_BYTES) continue;
        this.leaders.add(to);
        pending.push(to);
      }
    }
  }

  /** Decodes straight-line code; where control goes at its end. */
  private exploreLine(start: number): number[] {
    let at = start;
    while (!this.known.has(at) && this.known.size < MAX_INSTRUCTIONS) {
      const instruction = at < PAGE_BYTES && !this.page.entered(at) ? this.decoder.decode(at) : undefined;
      if (!instruction) return [];
      this.known.set(at, instruction);
      at += instruction.length;
      const end = controlEnd(instruction);
      if (!end) continue;
      const calls = end.kind === 'call' || isIndirectCall(instruction);
      const to = calls ? [...targets(end), at] : targets(end);
      for (const target of to) if (calls || target <= instruction.offset) this.doors.add(target);
      return to;
    }
    return [];
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
    return { mode: this.page.mode, blocks, entries, indices };
  }

  private block(start: number): Omit<Block, 'successors'> {
    const instructions: Decoded[] = [];
    let at = start;
    while (instructions.length < MAX_BLOCK) {
      const instruction = this.known.get(at);
      if (!instruction) return { start, instructions, end: { kind: 'next', to: at } };
      const end = controlEnd(instruction);
      if (end?.kind !== 'leave') instructions.push(instruction);
      if (end) return { start, instructions, end };
      at += instruction.length;
      if (this.leaders.has(at)) break;
    }
    return { start, instructions, end: { kind: 'next', to: at } };
  }
}

/** Offsets a block's end goes to. */
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

/** What an instruction does to the flow of control, if it ends a block. */
function controlEnd(instruction: Decoded): BlockEnd | undefined {
  const { row, offset, length, immediate } = instruction;
  if (row.family !== 'integer') return undefined;
  const next = offset + length;
  if (!loweringOf(instruction)) return row.form === 'end' ? { kind: 'leave', at: offset } : undefined;
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
