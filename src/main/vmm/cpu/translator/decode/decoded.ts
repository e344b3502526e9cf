import type { Lowering } from '../lower/lowering.js';
import type { InstructionRow } from '../../disassembler/instruction-index.js';

export type OperandBytes = 1 | 2 | 4 | 8;

/** A memory operand: base + index × 2^scale + displacement in a segment. */
export interface MemoryOperand {
  readonly base: number | undefined;
  readonly index: number | undefined;
  readonly scale: number;
  readonly displacement: number;
  /** The displacement counts from the first byte of the page (RIP-relative). */
  readonly pageRelative: boolean;
  /** Segment register number, in encoding order. */
  readonly segment: number;
}

/** One instruction, with the row of the opcode table it was decoded by. */
export interface Decoded {
  /** 64-bit code. */
  readonly long: boolean;
  /** Within its page. */
  readonly offset: number;
  readonly length: number;
  /** Whether it reaches into the next page. */
  readonly crosses: boolean;
  readonly row: InstructionRow;
  /** Letters of the operands (SDM vol. 2, A.2), destination first. */
  readonly operands: readonly string[];
  readonly operandBytes: OperandBytes;
  readonly addressBytes: 2 | 4 | 8;
  readonly rex: number;
  readonly opcode: number;
  readonly modrm: number;
  readonly memory: MemoryOperand | undefined;
  readonly lock: boolean;
  /** F2, F3 or 0. */
  readonly repeat: number;
  /** Segment override, or DS. */
  readonly segment: number;
  /** Sign-extended. */
  readonly immediate: number;
  /** A 64-bit immediate or memory offset, whole. */
  readonly wideImmediate: bigint;
  /** How regions do it, `null` if the core has to; `undefined` until asked for (lower/lowerings.ts). */
  lowering: Lowering | null | undefined;
}
