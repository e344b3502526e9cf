import { Locals } from '../wasm/function-code.js';
import { I32, I64, type ValueType } from '../wasm/wasm-op.js';

/** Number of the block to go to from a place where several may be meant; first the entry's, as the parameter. */
export const SELECTOR = 0;
/** General registers, from here on. */
export const GENERAL = 1;
/** Instruction pointer of the page's first byte. */
export const PAGE_RIP_LOCAL = 17;
/** What the flags follow from (code/flags.ts), and their kind where it differs by path. */
export const FLAGS_A = 18;
export const FLAGS_B = 19;
/** Where a region that is left goes on. */
export const NEXT_RIP = 20;
/** What a region answers with. */
export const ANSWER = 21;
/** How a region was left: packed by code/exits.ts. */
export const PACKED = 22;
export const FLAGS_KIND = 23;
/** Rest of the slice, in bytes of ops. */
export const BUDGET = 24;
/** Host address of the TLB for reading; that for writing lies behind it. */
export const TLB_TABLE = 25;

const FIXED: readonly (readonly [type: ValueType, count: number])[] = [
  [I64, 20],
  [I32, 5],
];

/** The locals of a region's function: those above, then temporaries, which live for one instruction. */
export class RegionLocals {
  private readonly locals = new Locals(1);
  private readonly temporaries = new Map<ValueType, number[]>();
  private readonly used = new Map<ValueType, number>();

  constructor() {
    for (const [type, count] of FIXED) for (let i = 0; i < count; i++) this.locals.add(type);
  }

  /** A local nobody else uses in the current instruction. */
  temporary(type: ValueType): number {
    const pool = this.temporaries.get(type) ?? [];
    this.temporaries.set(type, pool);
    const next = this.used.get(type) ?? 0;
    this.used.set(type, next + 1);
    pool[next] ??= this.locals.add(type);
    return pool[next];
  }

  /** A local for good. */
  permanent(type: ValueType): number {
    return this.locals.add(type);
  }

  /** All temporaries are free again. */
  nextInstruction(): void {
    this.used.clear();
  }

  declaration(): Uint8Array {
    return this.locals.declaration();
  }
}
