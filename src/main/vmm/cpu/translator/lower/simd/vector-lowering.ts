import type { SimdOp } from '../../../core/opcodes/simd-op.js';
import { xmmReg, xmmRm } from '../../code/guest-vectors.js';
import type { RegionCode } from '../../code/region-code.js';
import type { Decoded } from '../../decode/decoded.js';
import { Simd } from '../../wasm/simd-instruction.js';
import { V128 } from '../../wasm/wasm-op.js';
import { always, keeps, type Lowering } from '../lowering.js';

export type VectorLowerings = ReadonlyMap<SimdOp, Lowering>;
type MemoryBytes = 1 | 2 | 4 | 8 | 16;

/** An instruction on XMM registers; its MMX form shares the operation and stays with the core. */
export function vector(emit: Lowering['emit'], accepts: (instruction: Decoded) => boolean = always): Lowering {
  return {
    accepts: (instruction) => !instruction.operands.some((operand) => 'PQN'.includes(operand)) && accepts(instruction),
    flags: keeps,
    leaves: always,
    emit(to, instruction) {
      to.vectors.requireSse();
      emit(to, instruction);
    },
  };
}

/** Width of a memory operand. */
export function memoryBytes({ row }: Decoded): MemoryBytes {
  if (row.family !== 'simd' || !row.bytes) throw new Error(`${row.mnemonic} has no vector in memory`);
  return row.bytes;
}

/** Whether a memory operand must be aligned. */
export function mustBeAligned({ row }: Decoded): boolean {
  return row.family === 'simd' && row.aligned === true;
}

/** The immediate byte. */
export const byteOf = ({ immediate }: Decoded): number => immediate & 0xff;

/** Takes the vector on the stack to a new temporary. */
export function saveVector(to: RegionCode): number {
  const local = to.locals.temporary(V128);
  to.code.set(local);
  return local;
}

/** Pushes the source operand: ModR/M.rm as a register, or memory with zeros above. */
export function pushSource(to: RegionCode, instruction: Decoded): void {
  if (instruction.memory === undefined) return to.vectors.push(xmmRm(instruction));
  const bytes = memoryBytes(instruction);
  to.vectors.pushSource(instruction, bytes, mustBeAligned(instruction));
  switch (bytes) {
    case 16:
      to.code.simdMemory(Simd.load, 0);
      return;
    case 8:
      to.code.simdMemory(Simd.load64Zero, 0);
      return;
    case 4:
      to.code.simdMemory(Simd.load32Zero, 0);
      return;
    default:
      to.code.v128(0n).simdMemory(bytes === 2 ? Simd.load16Lane : Simd.load8Lane, 0);
      to.code.sink.byte(0);
  }
}

/** The source operand in a temporary. */
export function saveSource(to: RegionCode, instruction: Decoded): number {
  pushSource(to, instruction);
  return saveVector(to);
}

/** The destination register's value in a temporary. */
export function saveDestination(to: RegionCode, instruction: Decoded): number {
  to.vectors.push(xmmReg(instruction));
  return saveVector(to);
}

/** Takes the vector on the stack to the destination register. */
export function storeDestination(to: RegionCode, instruction: Decoded): void {
  to.vectors.take(xmmReg(instruction));
}

/** destination = combine(destination, source), both in temporaries; the result is left on the stack. */
export function binary(combine: (to: RegionCode, a: number, b: number, instruction: Decoded) => void): Lowering {
  return vector((to, instruction) => {
    const b = saveSource(to, instruction);
    const a = saveDestination(to, instruction);
    combine(to, a, b, instruction);
    storeDestination(to, instruction);
  });
}

/** destination = transform(source), which is on the stack. */
export function unary(transform: (to: RegionCode, instruction: Decoded) => void): Lowering {
  return vector((to, instruction) => {
    pushSource(to, instruction);
    transform(to, instruction);
    storeDestination(to, instruction);
  });
}

/** destination = destination op source by one WebAssembly instruction. */
export function direct(op: number): Lowering {
  return binary((to, a, b) => {
    to.code.get(a).get(b).simd(op);
  });
}
