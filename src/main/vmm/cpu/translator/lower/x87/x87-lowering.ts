import type { X87Op } from '../../../core/opcodes/x87-op.js';
import { X87_RESULT } from '../../../core/layout.js';
import type { ExtendedValue } from '../../code/x87-stack.js';
import type { RegionCode } from '../../code/region-code.js';
import type { Decoded } from '../../decode/decoded.js';
import { Wasm } from '../../wasm/wasm-op.js';
import type { FlagEffect } from '../../region/flag-use.js';
import { always, keeps, type Lowering } from '../lowering.js';

export type X87Lowerings = ReadonlyMap<X87Op, Lowering>;

/** An x87 instruction. Nothing may change before the last place where `emit` may leave from. */
export function x87(emit: Lowering['emit'], flags: (instruction: Decoded) => FlagEffect = keeps): Lowering {
  return {
    flags,
    leaves: always,
    emit(to, instruction) {
      to.x87.begin();
      emit(to, instruction);
      const { row } = instruction;
      if (row.family === 'x87' && row.pointers) to.x87.notePointers(instruction);
    },
  };
}

/** The i of ST(i). */
export const stackIndex = ({ modrm }: Decoded): number => modrm & 7;

/** Pushes an operand of the core's functions. */
export function pushValue({ code }: RegionCode, { significand, signExponent }: ExtendedValue): void {
  code.get(significand).get(signExponent);
}

/** Takes a result of the core's functions to ST(i): its significand is on the stack, the rest in memory. */
export function takeResult(to: RegionCode, i: number): void {
  const { significand, signExponent } = to.x87.write(i);
  to.code.set(significand);
  to.code.i32(0).memory(Wasm.i32Load, X87_RESULT).set(signExponent);
  to.x87.c1IsStored();
}

export function popTimes(to: RegionCode, times: number): void {
  for (let i = 0; i < times; i++) to.x87.pop();
}
