import type { FunctionCode, Label } from '../wasm/function-code.js';
import { Wasm } from '../wasm/wasm-op.js';
import type { RegionFlags } from './flags.js';
import { ANSWER, NEXT_RIP, PAGE_RIP_LOCAL } from './region-locals.js';
import { KIND_SETTLED, KIND_STORED, REGION_FLAGS_KIND, REGION_LOOKUP, REGION_PAUSE } from '../../core/layout.js';

// How a region was left, in 32 bits: page offset, instructions of the block not executed, kind of the flags.
export const LEFT_OVER_SHIFT = 13;
export const LEFT_KIND_SHIFT = 21;
/** Set if what leaves is an access that the TLB lacks. */
export const LEFT_MISS_SHIFT = 30;

/** Instructions are counted in bytes of ops, 16 each. */
export const COUNT_SHIFT = 4;

export interface ExitLabels {
  /** Takes the packed exit; the instruction at its offset is to be executed on its own. */
  readonly step: Label;
  /** Takes the packed exit; answer and next RIP are set. */
  readonly leave: Label;
  /** Takes the packed exit; answer is set, registers and flags are in memory. */
  readonly gone: Label;
}

/** The ways out of a region. */
export class RegionExits {
  /** Instructions of the current block from the current one on. */
  remaining = 0;
  /** Page offset of the current instruction. */
  offset = 0;
  /** Writes code that brings memory up to date with what the region keeps otherwise, on a way out. */
  beforeLeaving: () => void = () => undefined;

  constructor(
    private readonly code: FunctionCode,
    private readonly flags: RegionFlags,
    private readonly labels: ExitLabels,
  ) {}

  /** Leaves the current instruction to the interpreter: nothing of it may have happened yet. */
  step(): void {
    this.beforeLeaving();
    this.code.i32(this.packed(this.remaining)).br(this.labels.step);
  }

  /** The same if the i32 on the stack is not 0, because the TLB lacks what the instruction accesses. */
  missIf(): void {
    this.code.openIf('unlikely');
    this.beforeLeaving();
    this.code.i32(this.packed(this.remaining) | (1 << LEFT_MISS_SHIFT)).br(this.labels.step);
    this.code.end();
  }

  /** Leaves every way that leads here to the interpreter. */
  stepAlways(): void {
    this.step();
    // What follows is never reached, and of no kind in particular.
    this.flags.kind = KIND_SETTLED;
  }

  /** The same if the i32 on the stack is not 0. */
  stepIf(): void {
    this.code.openIf('unlikely');
    this.step();
    this.code.end();
  }

  /** Goes on at an offset from the page's start; everything of the block is done. */
  leaveAt(offset: number): void {
    this.code.get(PAGE_RIP_LOCAL).i64(offset).op(Wasm.i64Add);
    this.leave();
  }

  /** The same, because the budget is used up. */
  pauseAt(offset: number): void {
    this.code.get(PAGE_RIP_LOCAL).i64(offset).op(Wasm.i64Add);
    this.leave(REGION_PAUSE);
  }

  /** Goes on behind the current instruction, which is done, when the main loop has seen to what is pending. */
  pauseBehind(offset: number): void {
    this.code.get(PAGE_RIP_LOCAL).i64(offset).op(Wasm.i64Add);
    this.leave(REGION_PAUSE, this.remaining - 1);
  }

  /** Goes on at the RIP on the stack. */
  leave(answer = REGION_LOOKUP, unexecuted = 0): void {
    this.code.set(NEXT_RIP);
    this.beforeLeaving();
    this.code.i32(answer).set(ANSWER);
    this.code.i32(this.packed(unexecuted)).br(this.labels.leave);
  }

  /** Goes on with an op of this page, by its address. */
  leaveToOp(op: number): void {
    this.beforeLeaving();
    this.code.i32(op).set(ANSWER).i32(this.packed(0)).br(this.labels.leave);
  }

  /** Leaves behind the current instruction, which the core executed: the answer is set. */
  gone(): void {
    this.code.i32(0).i32(KIND_STORED).memory(Wasm.i32Store, REGION_FLAGS_KIND);
    this.code.i32(this.packed(this.remaining - 1)).br(this.labels.gone);
  }

  private packed(unexecuted: number): number {
    return this.offset | (unexecuted << LEFT_OVER_SHIFT) | (this.flags.kind << LEFT_KIND_SHIFT);
  }
}
